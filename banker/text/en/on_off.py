"""Reads whether something is to be switched on or off."""

import re
from collections.abc import Mapping
from typing import Any

_ON = re.compile(
    r"\b(?:(?:re)?(?:enabl|activat)\w*|start(?:ing)?|resume|restore"
    r"|(?:turn|switch|put)(?:ed|ing)?\b[^.,;!?]{0,60}?\bon|(?<!now )on(?=\s*(?:[.,;!?]|$|please\b|again\b|now\b)))\b",
    re.IGNORECASE,
)
_OFF = re.compile(
    r"\b(?:(?:disabl|deactivat)\w*|off|stop(?:ped|ping)?|cancel\w*|pause|quit|remove|no more|no longer|any ?more|"
    r"any longer|without|(?:do|does|did|wo|should)(?:n['\u2019]?t| not))\b",
    re.IGNORECASE,
)
_EITHER = re.compile(r"\b(?:on|enable|activate)\b(?: or |/)(?:\w+ )?(?:off|disable|deactivate)\b", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:(?:do|did|should)(?:n['\u2019]?t| not)|never)\s+(?:\w+\s+)?"
    r"(?:turn|switch|stop|start|(?:disabl|enabl|activat|deactivat)\w*)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\s*(?:is|are|does|do|was|has|have|how|what|which|why|when|where|who|should)\b", re.IGNORECASE)
_UNDECIDED = re.compile(r"\b(?:chang\w*|settings?|options?|whether|if)\b", re.IGNORECASE)


def find_switch(text: str) -> bool | None:
    """Return whether a text wants something on or off: "turn it off", "activate it"; None if it says neither."""
    if _EITHER.search(text) or _DENIED.search(text) or _QUESTION.match(text):
        return None
    if _OFF.search(text):
        return False
    return True if _ON.search(text) else None


def leaves_open(text: str) -> bool:
    """Return whether a text that names something to switch asks about it, or does not say in which direction."""
    return any((_EITHER.search(text), _DENIED.search(text), _QUESTION.match(text), _UNDECIDED.search(text)))


def switch_words(arguments: Mapping[str, Any]) -> str:
    """Return what a customer may call a yes or no among the arguments of a tool: "switch on", "disable"."""
    values = [value for value in arguments.values() if isinstance(value, bool)]
    words = {True: "switch on, turn on, enable, activate", False: "switch off, turn off, disable, deactivate, stop"}
    return words[values[0]] if len(values) == 1 else ""
