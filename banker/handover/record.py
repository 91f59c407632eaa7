"""The hand-over in a session record, and how its two sides see it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

HandOverState = Literal["waiting", "taken", "joined", "returned", "ending", "cancelled"]
"""`taken`: a colleague has taken the talk and is being announced. `joined`: the colleague hears and sees the customer.
`returned`: the banker has the talk again. `ending`: the customer hears that the colleague ends the session."""
Urgency = Literal["normal", "urgent"]
OPEN_STATES = ("waiting", "taken", "joined", "ending")
"""In these states the talk is in the queue or in the hands of a colleague."""


@dataclass(frozen=True)
class Colleague:
    """A member of the bank's staff who may use the desk of one tenant. `name` is what customers hear and read."""

    id: str
    name: str
    tenant_id: str


@dataclass(frozen=True)
class HandOver:
    """A hand-over; times are Unix seconds."""

    state: HandOverState
    reason: str
    urgency: Urgency
    since: float
    place: int = 1
    """The initial position in the queue."""
    colleague_id: str = ""
    colleague: str = ""
    """The colleague's name."""
    taken_at: float | None = None
    joined_at: float | None = None
    held: bool = False
    read: str = ""
    """The id of the colleague's last delivered message."""
    proposal: Mapping[str, str] = field(default_factory=dict)
    """The outcome of the colleague's last proposed tool: `tool`, `status`, `reason`."""
    outcome: str = ""
    note: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the talk is in the queue or in the hands of a colleague."""
        return self.state in OPEN_STATES

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> Self | None:
        """Read what `as_record` has written, ignoring what a newer version added."""
        if record is None:
            return None
        return cls(**{each.name: record[each.name] for each in fields(cls) if each.name in record})

    def as_record(self) -> dict[str, Any]:
        """Return JSON data."""
        return {**asdict(self), "proposal": dict(self.proposal)}


@dataclass(frozen=True)
class HandOverAnswer:
    """What became of the wish for a person.

    `waiting`: in line, at `position`, for about `seconds` (None: nobody knows yet). `closed` and `nobody`: outside the
    hours, or no colleague is at the desk. `elsewhere`: the bank's own contact centre, at the telephone number `text` or
    at `link`. `off`: this service has no desk.
    """

    state: Literal["waiting", "closed", "nobody", "elsewhere", "off"]
    position: int = 0
    seconds: int | None = None
    text: str = ""
    link: str = ""


@dataclass(frozen=True)
class HandOverView:
    """A hand-over as the customer's side needs it."""

    handover: HandOver | None
    position: int = 0
    seconds: int | None = None
    is_colleague_there: bool = True
    """Whether the colleague's page was heard of lately."""
    messages: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """What the colleague has sent since `HandOver.read`, each with its id."""
