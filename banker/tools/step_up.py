"""Step-up: decides whether the bank authenticates the user again after their yes, and for which values."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from banker.tools.base import Caller
from banker.tools.declaration import Tool
from banker.tools.results import json_data, redacted_traceback

log = logging.getLogger(__name__)

StepUpRule = Callable[[Mapping[str, Any], Caller], bool]
"""Decides by the loaded arguments and the caller. It runs like a tool, so it may query the bank's systems."""


def needs_step_up(tool: Tool, caller: Caller, arguments: Mapping[str, Any]) -> bool:
    """Return whether this call needs a step-up. It does if the rule fails. Runs in a tool thread."""
    if not callable(tool.step_up):
        return tool.step_up
    try:
        return bool(tool.step_up(exact_values(tool, arguments), caller))
    except Exception as error:
        log.error("the step-up rule of tool %s failed: %s", tool.spec.name, redacted_traceback(error))
        return True


def exact_values(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that the function gets, including defaults, by the keys of the schema."""
    return {**tool.defaults, **tool.arguments.loaded(arguments)}


def exact_arguments(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return these values as JSON data. Raises `TypeError` or `ValueError` for values that have no JSON form."""
    data: dict[str, Any] = json_data(exact_values(tool, arguments))
    return data
