"""Forms: their state, what is asked for, and how a result is said."""
