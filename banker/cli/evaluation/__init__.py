"""Evaluates the agent on a list of labelled utterances."""
