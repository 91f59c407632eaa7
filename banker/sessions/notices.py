"""Notices between workers about a session: it has ended, it has moved, or its hand-over has changed."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class SessionEnded:
    """The session has ended. Every worker stops its media."""

    session_id: str
    reason: str


@dataclass(frozen=True)
class SessionMoved:
    """The named worker runs the session's call from now on. Every other worker gives it up."""

    session_id: str
    worker: str


@dataclass(frozen=True)
class HandOverChanged:
    """The hand-over has changed, or the colleague has sent something. Positions in the queue may have changed."""

    session_id: str
    tenant_id: str


SessionNotice = SessionEnded | SessionMoved | HandOverChanged

_CLASSES: dict[str, type[SessionNotice]] = {
    "session.ended": SessionEnded,
    "session.moved": SessionMoved,
    "handover.changed": HandOverChanged,
}
_TYPES = {notice_class: name for name, notice_class in _CLASSES.items()}


def notice_to_json(notice: SessionNotice) -> str:
    """Return the notice as compact JSON, its kind in the member `type`."""
    return json.dumps({"type": _TYPES[type(notice)], **asdict(notice)}, separators=(",", ":"))


def notice_from_json(text: str | bytes) -> SessionNotice:
    """Return the notice that `notice_to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    members = json.loads(text)
    return _CLASSES[members.pop("type")](**members)
