"""The agent that needs no model server: intents by example, answers from the tenant's own texts."""

from banker.agents.scripted.agent import ScriptedAgent
from banker.agents.scripted.intents import INTENTS, Recognised, tool_for
from banker.text.en.assent import answer

__all__ = ["INTENTS", "Recognised", "ScriptedAgent", "answer", "tool_for"]
