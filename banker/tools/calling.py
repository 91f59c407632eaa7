"""Calls the bank's functions, and turns whatever they raise into a result."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from marshmallow import ValidationError

from banker.tools.base import Caller, ToolResult
from banker.tools.confirmation_text import fields_of, generic_summary, one_line, shown_values, summarise
from banker.tools.declaration import Tool
from banker.tools.results import json_data, redacted_traceback

log = logging.getLogger(__name__)

MAX_REASON_CHARACTERS = 500
"""The longest text of a `ToolError`. It is spoken."""


class ToolError(Exception):
    """Raise this in a tool to tell the user what went wrong: `ToolError("This account is closed.")`."""


def call_function(
    tool: Tool, caller: Caller, arguments: Mapping[str, Any], context: AbstractContextManager[Any]
) -> ToolResult:
    """Call the tool's function with checked arguments, in the host's `context`. Runs in a tool thread."""
    name = tool.spec.name

    def call() -> ToolResult:
        with context:
            shown = chosen_names(tool, caller, arguments)
            if shown.status != "ok":
                return shown
            return ToolResult("ok", tool.function(caller, **tool.arguments.load(arguments)))

    result = guarded(name, caller, call)
    if result.status != "ok":
        return result
    try:
        return ToolResult("ok", json_data(result.value))
    except Exception as error:
        problem = str(error) if type(error) in (TypeError, ValueError) else type(error).__name__
        log.error("tool %s ran, but returned %s", name, problem, extra={"tenant_id": caller.tenant_id})
        return ToolResult("failed")


def guarded(name: str, caller: Caller, call: Callable[[], ToolResult]) -> ToolResult:
    """Call a function of the bank. If it raises, return the result `failed`."""
    try:
        return call()
    except ToolError as error:
        return ToolResult("failed", reason=one_line(str(error), MAX_REASON_CHARACTERS))
    except BaseException as error:
        log.error("tool %s failed: %s", name, redacted_traceback(error), extra={"tenant_id": caller.tenant_id})
        return ToolResult("failed")


def chosen_names(tool: Tool, caller: Caller, arguments: Mapping[str, Any]) -> ToolResult:
    """Return how the chosen values are shown, or `invalid` if one is not offered to this caller."""
    try:
        return ToolResult("ok", tool.arguments.chosen(caller, arguments))
    except ValidationError as error:
        return ToolResult("invalid", reason="; ".join(error.messages))


def summary_of(tool: Tool, arguments: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return what the user is asked to confirm, in the bank's words or, if they fail, in generic ones."""
    values = tool.arguments.loaded(arguments)
    try:
        return summarise(tool, values, names)
    except Exception as error:
        log.error("the summary of tool %s failed: %s", tool.spec.name, redacted_traceback(error))
        return generic_summary(tool, shown_values(tool, values, names))


def card_of(tool: Tool, arguments: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return how a client shows what the user is asked to confirm: a title and fields."""
    return {
        "title": tool.presentation.title,
        "fields": fields_of(tool, tool.arguments.loaded(arguments), names),
    }
