"""The dialect of one model server: the options that it accepts, learnt from its refusals.

OpenAI's newer models want `max_completion_tokens` and no `temperature`; older servers know only `max_tokens`; some
refuse `tool_choice`. Each says so in its own error format.
"""

import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

log = logging.getLogger(__name__)

MAX_REASON_CHARACTERS = 200
MAX_ADAPTATIONS = 4
"""How often a request is repeated without a refused option: three options, one of which has two names."""

_SUBSTITUTES = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "",
    "temperature": "",
    "tool_choice": "",
}
"""The substitute for a refused option; empty if it is omitted."""
_SAFE_TO_LOG = re.compile(r"max_\w*tokens|temperature|tools?\b|tool_choice|\bmodel\b|stream|--[a-z]", re.IGNORECASE)
"""Matches a sentence about an option or a server's flag. Others may quote the conversation."""


@dataclass(frozen=True)
class Refusal:
    """An HTTP error answer. `code` is the server's own name for the error, `option` the option that it complains of."""

    status: int
    code: str = ""
    option: str = ""
    message: str = ""

    @classmethod
    def parse(cls, status: int, body: str) -> "Refusal":
        """Read the formats of OpenAI, vLLM, llama.cpp, Ollama, Mistral and FastAPI; any other gives only the status."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            return cls(status)
        error = data.get("error", data) if isinstance(data, dict) else None
        if not isinstance(error, dict):
            return cls(status, message=error if isinstance(error, str) else "")
        codes = (error.get("code"), error.get("type"))
        code = next((code for code in codes if isinstance(code, str) and re.fullmatch(r"[\w.-]{1,60}", code)), "")
        return cls(status, code, str(error.get("param") or ""), _message(error.get("message") or error.get("detail")))

    @property
    def reason(self) -> str:
        """The loggable reason: the code, and the first sentence about an option or a flag of the server."""
        sentences = re.split(r"(?<=[.!?])\s+", self.message)
        about = next((sentence for sentence in sentences if _SAFE_TO_LOG.search(sentence)), "")
        return ": ".join(part for part in (self.code, about[:MAX_REASON_CHARACTERS]) if part)


class ServerDialect:
    """The names of options that one server accepts. They are learnt only from an accepted request."""

    def __init__(self) -> None:
        self._learnt: dict[str, str] = {}

    def adapted(self, body: Mapping[str, Any], refused: Mapping[str, str]) -> dict[str, Any]:
        """Return a request's body with the options that the server accepts, and without those just `refused`."""
        adapted = dict(body)
        for option, substitute in _SUBSTITUTES.items():
            if option in adapted and option in {**self._learnt, **refused}:
                value = adapted.pop(option)
                if substitute:
                    adapted[substitute] = value
        return adapted

    def refused_option(self, body: Mapping[str, Any], refusal: Refusal) -> str | None:
        """Return the option in `body` that the server refused; None if something else was wrong."""
        sent = [option for option in _SUBSTITUTES if option in body]
        if refusal.option in sent:
            return refusal.option
        return next((option for option in sent if re.search(option.replace("_", "[_ ]"), refusal.message)), None)

    def learn(self, refused: Mapping[str, str]) -> None:
        """Adopt what was just accepted. `refused` maps each option to the server's reason.

        A limit that was refused under both names was too large for one prompt, so it is sent again next time.
        """
        both = {"max_tokens", "max_completion_tokens"} & set(refused)
        for option in set(refused) - (both if len(both) == 2 else set()):
            self._learnt[option] = refused[option]
            instead = f"{_SUBSTITUTES[option]} is sent" if _SUBSTITUTES[option] else "it is not sent"
            log.warning("the model server refuses %s (%s); %s from now on", option, refused[option], instead)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` (RFC 9110 section 10.2.3, seconds or a date) asks to wait."""
    value = headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(value) if value[:1].isdigit() else parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _message(value: Any) -> str:
    """Return the text of a message. Validation errors list the place and the text of each, and the refused input."""
    if isinstance(value, dict):
        place = value.get("loc")
        name = f"{place[-1]}: " if isinstance(place, list) and place else ""
        return name + _message(value.get("msg") or value.get("message") or value.get("detail"))
    if isinstance(value, list):
        return ". ".join(_message(item) for item in value)
    return value if isinstance(value, str) else ""
