"""The brain that needs no model server: intents by example, answers from the tenant's own texts."""

from banker.dialogue.local.brain import LocalBrain
from banker.dialogue.local.intents import INTENTS, Recognised, tool_for
from banker.text.en.assent import answer

__all__ = ["INTENTS", "LocalBrain", "Recognised", "answer", "tool_for"]
