"""A tool call that waits: for the user's yes, for the bank's authentication, or for its result."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True)
class PendingCall:
    """A tool call with the exact arguments it will run with. `summary` is empty if it needs no confirmation."""

    call_id: str
    tool: str
    arguments: Mapping[str, Any]
    summary: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)
    """What a client shows with the question: `title` and `fields`."""
    asked_at: float = 0.0
    hash: str = ""
    """Binds the bank's authentication to this call (`step_up_hash`); empty if it needs none."""
    exact: Mapping[str, Any] = field(default_factory=dict)
    """The function's exact arguments as JSON data, if the call needs a step-up."""
    then: tuple["PendingCall", ...] = ()
    """The calls to ask the user about after this one."""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "PendingCall":
        """Read the output of `dataclasses.asdict`, ignoring additional members."""
        known = {field.name: record[field.name] for field in fields(cls) if field.name in record}
        return cls(**{**known, "then": tuple(cls.from_record(call) for call in record.get("then", ()))})


def other_calls(call: PendingCall, calls: Iterable[PendingCall]) -> tuple[PendingCall, ...]:
    """Return each of the calls that differs from `call` once, with its own `then` removed."""
    others = {each.call_id: replace(each, then=()) for each in calls}
    others.pop(call.call_id, None)
    return tuple(each for each in others.values() if (each.tool, each.arguments) != (call.tool, call.arguments))
