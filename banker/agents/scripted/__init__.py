"""The brain that needs no model server: intents by example, answers from the tenant's own texts."""

from banker.agents.scripted.agent import LocalBrain
from banker.agents.scripted.intents import INTENTS, Recognised, tool_for
from banker.text.en.assent import answer

__all__ = ["INTENTS", "LocalBrain", "Recognised", "answer", "tool_for"]
