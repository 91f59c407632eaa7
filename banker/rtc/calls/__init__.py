"""The calls of this process: one for each live session, with its conversation and its transport."""
