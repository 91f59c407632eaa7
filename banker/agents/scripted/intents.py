"""The intents by name, what a recognition is, and which tool an intent leads to."""

from collections.abc import Collection
from typing import Protocol

ACCOUNT_TOOL = "get_account_status"
TICKET_TOOL = "create_ticket"

INTENTS = (
    "greeting",
    "smalltalk",
    "account_status",
    "lost_card",
    "open_ticket",
    "card_question",
    "opening_hours",
    "human",
    "thanks",
    "goodbye",
    "repeat",
    "cancel",
    "unknown",
)

_TOOLS = {
    "account_status": ACCOUNT_TOOL,
    "lost_card": TICKET_TOOL,
    "open_ticket": TICKET_TOOL,
    "human": TICKET_TOOL,
}

WISHES = ("account_status", "lost_card", "open_ticket", "card_question", "opening_hours", "human")
"""What is asked back about when it is doubtful; the other intents do no harm."""


class Recognised(Protocol):
    """What an utterance was taken for; `Recognition` of `banker.agents.understanding` is one."""

    @property
    def intent(self) -> str:
        """One of `INTENTS`."""

    @property
    def score(self) -> float:
        """How likely it is, 0 to 1."""

    @property
    def runner_up(self) -> str | None:
        """The next best intent but `unknown`."""

    @property
    def doubtful(self) -> bool:
        """True when it is better to ask than to act."""

    @property
    def denied(self) -> str | None:
        """The intent that the user said is not wanted."""


def tool_of(intent: str) -> str | None:
    """The tool that a wish comes down to, where there is one."""
    return _TOOLS.get(intent)


def tool_for(found: Recognised, allowed: Collection[str]) -> str | None:
    """The tool that a recognition leads to; a doubtful one leads to a question back and to no tool."""
    tool = tool_of(found.intent)
    return tool if tool in allowed and not found.doubtful else None
