"""What the scripted agent remembers from one turn to the next, as JSON data in the talk's memo."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

Stage = Literal["subject", "details", "ready", "asked", "parked"]


@dataclass
class Ticket:
    """A ticket that is not open yet.

    Its stage: `subject` or `details` is asked for; all is `ready`; `asked`: the user is asked to confirm; `parked`: the
    talk has moved on.
    """

    kind: Literal["ticket", "lost_card", "call_back"] = "ticket"
    stage: Stage = "subject"
    subject: str = ""
    details: str = ""
    detours: int = 0


@dataclass
class Notes:
    """The notes of one talk; `asked` is the question that the last reply ended with, and lives for one turn."""

    misses: int = 0
    topic: str = ""
    account: str = ""
    accounts: list[list[str]] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    ticket: Ticket | None = None
    last: str = ""
    turns_of: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, memo: dict[str, Any]) -> "Notes":
        """The notes in a memo; anything that is not as this version writes it is forgotten."""
        kept = memo.get("local")
        if not isinstance(kept, dict):
            return cls()
        fresh = cls()
        known = {f.name: kept[f.name] for f in fields(cls) if f.name in kept and f.name != "ticket"}
        known = {name: value for name, value in known.items() if type(value) is type(getattr(fresh, name))}
        try:
            ticket = Ticket(**kept["ticket"]) if isinstance(kept.get("ticket"), dict) else None
        except TypeError:
            ticket = None
        return cls(**known, ticket=ticket)

    def write(self, memo: dict[str, Any]) -> None:
        """Leave the notes in a memo."""
        memo["local"] = asdict(self)
