"""Evaluating what the agent makes of a list of labelled utterances."""
