"""What a conversation knows of the line to its user: words in, words out, no socket and no track."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Transport(Protocol):
    """The way to the user, implemented by the media room."""

    @property
    def reachable(self) -> bool:
        """Whether an event that is sent now arrives."""
        ...

    @property
    def audible(self) -> bool:
        """Whether the user can hear the banker now."""
        ...

    @property
    def audio_expected(self) -> bool:
        """Whether the line is about to become audible: an offer is being connected."""
        ...

    @property
    def can_speak(self) -> bool:
        """Whether this service has a voice at all."""
        ...

    @property
    def can_listen(self) -> bool:
        """Whether this service listens to what the user says, or has to be written to."""
        ...

    def send(self, event: Mapping[str, Any]) -> None:
        """Send an event; what cannot be sent is lost (the history of the next `session.ready` has the turns)."""
        ...

    def prepare(self, text: str) -> None:
        """Have the sound of `text` ready for when it is its turn; nothing happens where there is no voice."""
        ...

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        """Say `text` and return the fraction, 0 to 1, that was played out when the voice ended or was hushed.

        `progress` is called with the fraction about five times a second, on the playout clock. Raises
        `TransportError` when the voice failed.
        """
        ...

    def stop_speaking(self) -> None:
        """Fall silent at once."""
        ...

    def pause_speaking(self) -> None:
        """Fall silent at once where the voice is; it goes on, with whatever was to be said meanwhile, on `resume`."""
        ...

    def resume_speaking(self) -> None:
        """Go on where the voice was held."""
        ...


class TransportError(Exception):
    """The voice could not say a text; it can still be shown."""


class SessionRecords(Protocol):
    """What outlives a conversation: the session store and the audit trail. None of these block the loop or raise."""

    async def turns(self) -> list[dict[str, Any]]:
        """The turns so far, oldest first."""
        ...

    async def append(self, turn: Mapping[str, Any]) -> None:
        """Keep a finished turn."""
        ...

    async def pending(self) -> dict[str, Any] | None:
        """The tool that waits for the user's confirmation: `call_id`, `tool`, `arguments`, `summary`, `asked_at`."""
        ...

    async def set_pending(self, pending: Mapping[str, Any]) -> None:
        """Keep that a tool waits for the user's confirmation; an earlier one is forgotten."""
        ...

    async def take_pending(self, call_id: str) -> dict[str, Any] | None:
        """Take the pending tool out, if it is this one; of several that try at once, in any process, one gets it."""
        ...

    async def audit(self, event: str, **details: Any) -> bool:
        """Write to the audit trail; false when it is required to and cannot be written."""
        ...

    async def grant_consent(self, version: str) -> bool:
        """Keep that the user agreed to this version of the consent text; false when that cannot be audited but must."""
        ...

    async def revoke_consent(self) -> None:
        """Keep that the user took the consent back."""
        ...
