"""What the workers tell one another about a session: that it has ended, or that it moved to another worker."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class SessionEnded:
    """The session is over; every worker stops its media."""

    session_id: str
    reason: str


@dataclass(frozen=True)
class SessionMoved:
    """The worker of this name runs the session's call from now on; every other worker gives it up."""

    session_id: str
    worker: str


SessionNotice = SessionEnded | SessionMoved

_CLASSES: dict[str, type[SessionNotice]] = {"session.ended": SessionEnded, "session.moved": SessionMoved}
_TYPES = {notice_class: name for name, notice_class in _CLASSES.items()}


def notice_to_json(notice: SessionNotice) -> str:
    """Return the notice as compact JSON, its kind in the member `type`."""
    return json.dumps({"type": _TYPES[type(notice)], **asdict(notice)}, separators=(",", ":"))


def notice_from_json(text: str | bytes) -> SessionNotice:
    """Return the notice that `notice_to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    members = json.loads(text)
    return _CLASSES[members.pop("type")](**members)
