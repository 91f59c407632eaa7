"""The tool with which a model calls a colleague of the bank, if there is a desk."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from banker.agents.base import TurnContext
from banker.text.redaction import redact
from banker.tools.base import ToolResult, ToolSpec

GET_COLLEAGUE = ToolSpec(
    name="get_colleague",
    description="Get a person of the bank's staff into this conversation. Use it when the user asks for a person, or "
    "when you cannot help. Then tell the user exactly what the result says.",
    parameters={
        "type": "object",
        "properties": {"reason": {"type": "string", "description": "Why, in a few words."}},
        "additionalProperties": False,
    },
    confirm=False,
)
MAX_REASON_CHARACTERS = 100


def with_colleague(context: TurnContext) -> TurnContext:
    """Return the context with the tool, if a colleague can be called."""
    if not context.has_person:
        return context

    async def call_tool(name: str, arguments: Mapping[str, Any]) -> ToolResult:
        if name != GET_COLLEAGUE.name:
            return await context.call_tool(name, arguments)
        reason = redact(str(arguments.get("reason") or "asked for")).text[:MAX_REASON_CHARACTERS]
        person = await context.hand_over(reason)
        if person is None:
            return ToolResult("failed", reason="No colleague can be got.")
        return ToolResult("ok", {"say": person.text})

    return replace(context, tools=[*context.tools, GET_COLLEAGUE], call_tool=call_tool)
