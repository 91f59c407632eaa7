"""Executes the tool calls of one reply, each at most once, and formats their results for the model."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from banker import strict_json
from banker.agents.base import TurnContext
from banker.agents.llm.completion_stream import ToolCall
from banker.agents.llm.guardrails import Guardrails
from banker.tools.base import ToolResult

MAX_PARALLEL_CALLS = 8
"""The most calls executed per message."""
MAX_RESULT_CHARACTERS = 8000
"""The longest result in the prompt. Longer ones are truncated."""

_ADVICE = {
    "denied": "This tool does not exist here. Do not call it again; tell the user what you can do instead.",
    "invalid": "Nothing was done. Correct the arguments, or ask the user for what is missing.",
    "failed": "It did not work. Tell the user so; do not call it again.",
    "timeout": "It did not answer in time and may still finish. Tell the user so; do not call it again.",
    "declined": "The user said no. Nothing was done.",
}


class ToolCallExecutor:
    """Executes the tool calls of one reply, of the model and of the fallback agent.

    A repeated call gets the earlier result instead of running again. A tool that timed out is not called again at all.
    """

    def __init__(self, context: TurnContext, guardrails: Guardrails) -> None:
        self.guardrails = guardrails
        self._call_tool = context.call_tool
        self._confirmed = {tool.name for tool in context.tools if tool.confirm}
        self._results: dict[tuple[str, str], ToolResult] = {}
        self._timeouts: dict[str, ToolResult] = {}
        self.has_called = False
        self.has_answered = False
        """Whether the model has said a sentence since the last tool call."""
        self.reply_ended = False
        """Whether the reply ends, because the user is asked to confirm or has interrupted the turn."""
        self.invalid_messages = 0
        """The number of model messages with a call that was invalid or denied."""

    async def call_tool(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Call a tool, as `TurnContext.call_tool` does."""
        call = (name, json.dumps(arguments, sort_keys=True, default=str))
        known = self._timeouts.get(name) or self._results.get(call)
        if known is not None:
            return known
        self.has_called = True
        result = self._results[call] = await self._call_tool(name, arguments)
        self.guardrails.learn_result(name, arguments, result, confirmed=False)
        if result.status == "timeout":
            self._timeouts[name] = result
        return result

    async def run(self, calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
        """Execute the calls of one message in order and return their result messages; none if the reply has ended.

        After a call that needs a confirmation, only further such calls are made. The user is asked about them one by
        one.
        """
        messages = []
        has_invalid_call = False
        for number, call in enumerate(calls):
            if self.reply_ended and call.name not in self._confirmed:
                continue
            result = (
                await self._execute(call)
                if number < MAX_PARALLEL_CALLS
                else ToolResult("invalid", reason="too many calls")
            )
            if result.status in ("asked", "dropped"):
                self.reply_ended = True
                continue
            has_invalid_call = has_invalid_call or result.status in ("invalid", "denied")
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result_content(result)})
        self.invalid_messages += has_invalid_call
        return [] if self.reply_ended else messages

    async def _execute(self, call: ToolCall) -> ToolResult:
        arguments = parse_arguments(call)
        if not call.name or arguments is None:
            return ToolResult("invalid", reason="The arguments are not one JSON object.")
        return await self.call_tool(call.name, arguments)


def parse_arguments(call: ToolCall) -> dict[str, Any] | None:
    """Return the arguments of a call, or None if they are not a JSON object."""
    try:
        arguments = strict_json.loads(call.arguments) if call.arguments.strip() else {}
    except ValueError:
        return None
    return arguments if isinstance(arguments, dict) else None


def result_content(result: ToolResult) -> str:
    """Format a result for the model as one JSON object, so that it cannot pass for instructions."""
    content: dict[str, Any] = {"status": result.status}
    if result.status == "ok":
        content["result"] = result.value
    elif result.reason:
        content["reason"] = result.reason
    if advice := _ADVICE.get(result.status):
        content["advice"] = advice
    text = json.dumps(content, ensure_ascii=False, default=str)
    if len(text) > MAX_RESULT_CHARACTERS:
        content = {"status": result.status, "beginning_of_result": text[:MAX_RESULT_CHARACTERS]}
        text = json.dumps(content, ensure_ascii=False)
    return text
