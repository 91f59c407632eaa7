"""Forms: their state, their questions, and the wording of results."""
