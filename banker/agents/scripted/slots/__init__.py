"""Reads the arguments of a tool from what the customer says: several at once, corrections, unknown names."""

from banker.agents.scripted.slots.reading import Reading, read_slots

__all__ = ["Reading", "read_slots"]
