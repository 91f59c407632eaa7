"""One turn of the scripted agent: the talk, the notes, and the sentences in which the tenant wants things said."""

from collections.abc import Mapping
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.scripted.dialogue_state import Notes
from banker.agents.scripted.formats import listed
from banker.agents.scripted.intents import ACCOUNT_TOOL, TICKET_TOOL
from banker.tools.base import ToolResult, ToolSpec

_MOST_REASON = 300


def reason_of(outcome: ToolResult) -> str:
    """The sentence that a bank's tool gave for the user when it failed; empty if it gave none."""
    reason = outcome.reason.strip()
    return reason if reason.endswith((".", "!", "?")) and len(reason) <= _MOST_REASON else ""


class ScriptedTurn:
    """What the handlers of a reply share. Notes are kept at once: a reply may be cut off anywhere."""

    def __init__(self, context: TurnContext) -> None:
        self.context = context
        self.notes = Notes.read(context.dialogue_state)
        self.said = context.user_text
        """The words that are answered: the user's, or earlier ones that a "yes" refers to."""
        self.on_ticket = False
        """Whether this reply is about the ticket: then it need not come back to it."""
        self._specs = {spec.name: spec for spec in context.tools}

    def keep(self) -> None:
        """Write the notes into the memo."""
        self.notes.write(self.context.dialogue_state)

    def ask(self, kind: str, **more: str) -> None:
        """Note the question that this reply ends with."""
        self.notes.asked = {"kind": kind, **more}
        self.keep()

    def spec(self, tool: str) -> ToolSpec | None:
        """The tool, if this tenant allows it."""
        return self._specs.get(tool)

    async def use(self, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Use a tool with those of `arguments` that it takes."""
        self.keep()
        spec = self.spec(tool)
        if spec is None:
            return ToolResult("denied")
        takes = spec.parameters.get("properties")
        if isinstance(takes, Mapping):
            arguments = {name: value for name, value in arguments.items() if name in takes}
        return await self.context.call_tool(tool, arguments)

    def text(self, name: str, **values: str) -> str:
        """The tenant's sentence `name`; variants take turns."""
        text: str | tuple[str, ...] = getattr(self.context.tenant.texts, name)
        if not isinstance(text, str):
            turn = self.notes.turns_of.get(name, 0)
            self.notes.turns_of[name] = turn + 1
            text = text[turn % len(text)]
        return text.format(**values, **({"abilities": self.abilities()} if "{abilities}" in text else {}))

    def abilities(self) -> str:
        """What this tenant's banker can do, as a list in words."""
        names = ["account_status"] if self.spec(ACCOUNT_TOOL) else []
        names += ["lost_card", "ticket"] if self.spec(TICKET_TOOL) else []
        texts = self.context.tenant.texts
        return listed([getattr(texts, f"can_{name}") for name in (*names, "card_question", "opening_hours")])
