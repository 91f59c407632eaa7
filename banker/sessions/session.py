"""The session record: everything about one conversation, from its creation until it is deleted."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

State = Literal["created", "active", "ended"]
Reason = Literal["ended", "expired", "operator", "idle"]
Rating = Literal["up", "down"]

_SESSION_ID = re.compile(r"sess-[A-Za-z0-9_-]{24,64}")


def new_session_id() -> str:
    """Return `sess-` and 32 URL-safe characters with 192 random bits, which nobody can guess."""
    return "sess-" + secrets.token_urlsafe(24)


def is_session_id(value: object) -> bool:
    """Return whether `value` has the form of a session id. Only such values become keys in a store."""
    return isinstance(value, str) and _SESSION_ID.fullmatch(value) is not None


@dataclass(frozen=True)
class Consent:
    """Which version of the consent text the user agreed to, and when (Unix seconds)."""

    version: str
    at: float


@dataclass(frozen=True)
class Session:
    """An immutable session record. A store replaces it to change it. Times are Unix seconds."""

    session_id: str
    tenant_id: str
    user_id: str
    created_at: float
    expires_at: float
    token_id: str
    """The id of the only ephemeral token that is valid now."""
    portal_context: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    """The verified claims of the assertion."""
    state: State = "created"
    reason: Reason | None = None
    consent: Consent | None = None
    pending: Mapping[str, Any] | None = None
    """The tool call that waits for the user's confirmation."""
    running: Mapping[str, Any] | None = None
    """The confirmed tool call whose outcome the user does not know yet, with its result once there is one."""
    worker: str | None = None
    """The last worker that had the call, as `host/process id`."""

    step_up: Mapping[str, Any] | None = None
    """The confirmed tool call that waits for the bank's own authentication, with its proof once there is one."""
    handover: Mapping[str, Any] | None = None
    """The hand-over to a colleague of the bank (`banker.handover.record`), once the customer asked for a person."""

    @property
    def ids(self) -> dict[str, str]:
        """Whose session this is, as `Audit.record` takes it."""
        return {"tenant_id": self.tenant_id, "user_id": self.user_id, "session_id": self.session_id}

    rating: Rating | None = None
    """Whether the talk has helped, as the customer says after it."""

    def is_live(self, now: float) -> bool:
        """Return whether the session has neither ended nor expired."""
        return self.state != "ended" and now < self.expires_at

    def as_record(self) -> dict[str, Any]:
        """Return the record as JSON data without the members that are None."""
        record = {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}
        for name in ("portal_context", "claims", "pending", "running", "step_up", "handover"):
            if name in record:
                record[name] = dict(record[name])
        if self.consent is not None:
            record["consent"] = {"version": self.consent.version, "at": self.consent.at}
        return record

    def to_json(self) -> str:
        """Return the record as compact JSON."""
        return _ENCODER.encode(self.as_record())

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the record that `to_json` wrote, ignoring the members that a newer version added.

        Raises ValueError, KeyError or TypeError for anything else.
        """
        record = json.loads(text)
        known = {name: record[name] for name in _FIELDS if name in record}
        if "consent" in known:
            known["consent"] = Consent(version=known["consent"]["version"], at=known["consent"]["at"])
        return cls(**known)


_FIELDS = tuple(f.name for f in fields(Session))
_ENCODER = json.JSONEncoder(separators=(",", ":"))
