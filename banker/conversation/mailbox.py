"""The mailbox of a conversation: messages that one task handles in the order in which they arrived."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from banker.text.redaction import Redacted


class MailboxMessage:
    """Work for a conversation, done after all earlier messages."""


@dataclass(frozen=True)
class Announcement(MailboxMessage):
    """Say a text of the tenant's configuration."""

    text: str


@dataclass(frozen=True)
class UserTurn(MailboxMessage):
    """Answer the user's words."""

    words: Redacted
    """What the user said, without secrets."""
    turn: int | None
    """The turn number under which interim transcripts were shown, if any."""
    question_id: str | None
    """The `call_id` of the question that was open when the user spoke: the only one that the words can answer."""
    cancellations: int
    """How often speech had been cancelled before. If it is cancelled again, the turn is not answered."""
    confirms_presence: bool
    """Whether the words only answer "Are you still there?"."""
    message_id: str | None = None
    """The id that the client gave a typed message."""


@dataclass(frozen=True)
class UnansweredTurn(MailboxMessage):
    """Answer words, without secrets, that an earlier process has recorded but not answered."""

    text: str


@dataclass(frozen=True)
class StopRequest(MailboxMessage):
    """Record words that asked the agent to stop or to wait. They need no answer."""

    text: str
    turn: int | None


@dataclass(frozen=True)
class Confirmation(MailboxMessage):
    """Act on the user's answer to a question, given by button."""

    call_id: str
    approved: bool


@dataclass(frozen=True)
class AdoptedTurn(MailboxMessage):
    """Take over a turn that the session's previous process recorded late."""

    record: Mapping[str, Any]


@dataclass(frozen=True)
class IdleGoodbye(MailboxMessage):
    """Say goodbye to a user who does not respond, and end the session."""


class MessageHandler(Protocol):
    """Handles the messages of a mailbox."""

    async def handle(self, message: MailboxMessage) -> None:
        """Do what `message` says."""
        ...

    def handling_failed(self, error: Exception) -> None:
        """`handle` raised `error`."""
        ...

    def mailbox_empty(self) -> None:
        """All messages are handled."""
        ...


class Mailbox:
    """A queue of messages and the task that handles them. Belongs to the media loop."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[MailboxMessage | None] = asyncio.Queue()
        self._handling = False
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a message is being handled or waits."""
        return self._handling or not self._queue.empty()

    def start(self, handler: MessageHandler) -> None:
        """Begin to handle messages, including earlier ones."""
        self._task = asyncio.ensure_future(self._run(handler))

    def put(self, message: MailboxMessage) -> None:
        """Handle `message` after all earlier ones."""
        self._queue.put_nowait(message)

    async def close(self) -> None:
        """Wait until all messages are handled."""
        self._queue.put_nowait(None)
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, handler: MessageHandler) -> None:
        while (message := await self._queue.get()) is not None:
            self._handling = True
            try:
                await handler.handle(message)
            except Exception as error:
                handler.handling_failed(error)
            self._handling = False
            if self._queue.empty():
                handler.mailbox_empty()
