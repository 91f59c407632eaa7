"""Runs the tool calls of one reply, each at most once, and says to the model how they went."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from banker import strict_json as strict_json
from banker.agents.base import TurnContext
from banker.agents.llm.completion_stream import ToolCall
from banker.tools.base import ToolResult

CALLS_AT_ONCE = 8
LONGEST_RESULT = 8000
"""Characters of a result that the model is shown."""

_ADVICE = {
    "denied": "There is no such tool here. Do not call it again; tell the user what you can do instead.",
    "invalid": "Nothing was done. Mend the arguments, or ask the user for what is missing.",
    "failed": "It did not work. Tell the user so; do not call it again.",
    "timeout": "It did not answer in time and may still finish. Tell the user so; do not call it again.",
    "declined": "The user said no. Nothing was done.",
}


class ToolCallExecutor:
    """The tools of one reply. What was called stays called: the same call gets the same outcome and does not run again,
    and after a time-out the tool rests, whoever asks."""

    def __init__(self, context: TurnContext) -> None:
        self._use = context.use
        self._outcomes: dict[tuple[str, str], ToolResult] = {}
        self._hanging: dict[str, ToolResult] = {}
        self.used = False
        self.over = False
        """The reply ends here: the user is asked, or the turn stands no more."""
        self.mistakes = 0
        """How many messages of the model held a call that could not be made."""

    async def use(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """As `TurnContext.use`."""
        call = (name, json.dumps(arguments, sort_keys=True, default=str))
        known = self._hanging.get(name) or self._outcomes.get(call)
        if known is not None:
            return known
        self.used = True
        outcome = self._outcomes[call] = await self._use(name, arguments)
        if outcome.status == "timeout":
            self._hanging[name] = outcome
        return outcome

    async def run(self, calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
        """Make the calls of one message in order; the messages that answer them, none when the reply is over."""
        answers = []
        wrong = False
        for number, call in enumerate(calls):
            outcome = (
                await self._make(call) if number < CALLS_AT_ONCE else ToolResult("invalid", reason="too many calls")
            )
            if outcome.status in ("asked", "dropped"):
                self.over = True
                return []
            wrong = wrong or outcome.status in ("invalid", "denied")
            answers.append({"role": "tool", "tool_call_id": call.id, "content": result(outcome)})
        self.mistakes += wrong
        return answers

    async def _make(self, call: ToolCall) -> ToolResult:
        arguments = parsed(call)
        if not call.name or arguments is None:
            return ToolResult("invalid", reason="The arguments are not one JSON object.")
        return await self.use(call.name, arguments)


def parsed(call: ToolCall) -> dict[str, Any] | None:
    """The arguments of a call; None if they are no JSON object."""
    try:
        arguments = strict_json.loads(call.arguments) if call.arguments.strip() else {}
    except ValueError:
        return None
    return arguments if isinstance(arguments, dict) else None


def result(outcome: ToolResult) -> str:
    """An outcome as the model reads it: one JSON object, so that nothing in it can pass for words of ours."""
    told: dict[str, Any] = {"status": outcome.status}
    if outcome.status == "ok":
        told["result"] = outcome.value
    elif outcome.reason:
        told["reason"] = outcome.reason
    if advice := _ADVICE.get(outcome.status):
        told["advice"] = advice
    text = json.dumps(told, ensure_ascii=False, default=str)
    if len(text) > LONGEST_RESULT:
        text = json.dumps({"status": outcome.status, "beginning_of_result": text[:LONGEST_RESULT]}, ensure_ascii=False)
    return text
