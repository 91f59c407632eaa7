"""The session record: what is known about one conversation between its creation and the day it is forgotten."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

State = Literal["created", "active", "ended"]
Reason = Literal["ended", "expired", "operator", "idle"]

_ID = re.compile(r"sess-[A-Za-z0-9_-]{24,64}")


def new_session_id() -> str:
    """`sess-` and 32 url-safe characters: 192 random bits, nothing to guess."""
    return "sess-" + secrets.token_urlsafe(24)


def is_session_id(text: str) -> bool:
    """Whether `text` can be the id of a session at all; anything else need not reach a store's keys."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True)
class Consent:
    """Which text the user agreed to, and when (Unix seconds)."""

    version: str
    at: float


@dataclass(frozen=True)
class Session:
    """One session, immutable: a store changes it by putting another record in its place. Times are Unix seconds."""

    session_id: str
    tenant_id: str
    user_id: str
    created_at: float
    expires_at: float
    token_id: str
    """The id of the one ephemeral token that is good now."""
    portal_context: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    """The verified claims of the assertion."""
    state: State = "created"
    reason: Reason | None = None
    consent: Consent | None = None
    pending: Mapping[str, Any] | None = None
    """A tool confirmation that the user has not answered yet."""

    def is_live(self, now: float) -> bool:
        """Neither ended nor past its time."""
        return self.state != "ended" and now < self.expires_at

    def to_json(self) -> str:
        """The record as compact JSON; what is None is left out."""
        record = {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}
        for name in ("portal_context", "claims", "pending"):
            if name in record:
                record[name] = dict(record[name])
        if self.consent is not None:
            record["consent"] = {"version": self.consent.version, "at": self.consent.at}
        return _WRITER.encode(record)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The record that `to_json` wrote; keys that a newer version added are ignored.

        Raises ValueError, KeyError or TypeError if it is no such record.
        """
        record = json.loads(text)
        known = {name: record[name] for name in _FIELDS if name in record}
        if "consent" in known:
            known["consent"] = Consent(version=known["consent"]["version"], at=known["consent"]["at"])
        return cls(**known)


_FIELDS = tuple(f.name for f in fields(Session))
_WRITER = json.JSONEncoder(separators=(",", ":"))
