"""Reads the arguments of a tool from what the customer says: several at once, corrections, unknown names."""

from banker.agents.scripted.slots.known import Known, Reading
from banker.agents.scripted.slots.reading import read_slots

__all__ = ["Known", "Reading", "read_slots"]
