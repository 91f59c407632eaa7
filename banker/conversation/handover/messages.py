"""The mailbox messages of a hand-over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from banker.agents.base import PersonAnswer
from banker.conversation.mailbox import MailboxMessage


@dataclass(frozen=True)
class PersonWanted(MailboxMessage):
    """Call a colleague: the customer has asked by button, or the bank's own rule has."""

    reason: str


@dataclass(frozen=True)
class PersonQueued(MailboxMessage):
    """Say that the bank's back end has put the customer in the queue."""

    answer: PersonAnswer


@dataclass(frozen=True)
class PersonJoining(MailboxMessage):
    """Say that a colleague joins, and let them hear and see the customer after that."""

    name: str


@dataclass(frozen=True)
class PersonHolds(MailboxMessage):
    """Say that the colleague has put the customer on hold, or is back."""

    held: bool


@dataclass(frozen=True)
class PersonSends(MailboxMessage):
    """Act on a message of the colleague: words, or a tool that they propose."""

    message_id: str
    message: Mapping[str, Any]


@dataclass(frozen=True)
class PersonSays(MailboxMessage):
    """Show the recognised words of the colleague."""

    text: str


@dataclass(frozen=True)
class PersonLeaves(MailboxMessage):
    """The colleague leaves: `returned` (to the banker), `lost` (the customer is back in the queue) or `ending`."""

    how: str
