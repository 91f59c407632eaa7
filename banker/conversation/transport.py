"""The interfaces that a conversation needs: a transport to its user, and records that outlive it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from banker.speech.tts.manner import Manner


class Transport(Protocol):
    """The connection to one user: words in, words out, with no socket and no track."""

    manner: Manner
    """How the voice speaks from the next sentence on. The conversation sets it."""

    @property
    def reachable(self) -> bool:
        """Whether an event that is sent now arrives."""
        ...

    @property
    def audible(self) -> bool:
        """Whether the user can hear the agent now."""
        ...

    @property
    def audio_expected(self) -> bool:
        """Whether the user will probably hear the agent soon: an offer is being connected."""
        ...

    @property
    def can_speak(self) -> bool:
        """Whether this service has a voice at all."""
        ...

    @property
    def can_listen(self) -> bool:
        """Whether this service has a speech recogniser, or the user has to type."""
        ...

    def send(self, event: Mapping[str, Any]) -> None:
        """Send an event, or drop it if that fails. The history of the next `session.ready` has every turn."""
        ...

    def prepare(self, text: str) -> None:
        """Start to synthesise `text`, which will be spoken soon. Do nothing without a voice."""
        ...

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        """Speak `text`. Return the fraction (0 to 1) that had been played when speech ended or was stopped.

        `progress` is called with the fraction about five times a second, on the playout clock. Raises
        `TransportError` if the voice fails.
        """
        ...

    def stop_speaking(self) -> None:
        """Stop at once. The rest of the sentence is dropped."""
        ...

    def pause_speaking(self) -> None:
        """Pause at once. Further speech waits until `resume_speaking`."""
        ...

    def resume_speaking(self) -> None:
        """Continue where speech was paused."""
        ...


class TransportError(Exception):
    """A text could not be spoken. It can still be shown."""


class SessionRecords(Protocol):
    """The session store and the audit trail. No method blocks the loop.

    A method raises `StoreUnavailable` only if it says so. All others queue what cannot be written now, and write it
    later, in order.
    """

    async def turns(self) -> list[dict[str, Any]]:
        """The turns so far, oldest first. Raises `StoreUnavailable`."""
        ...

    async def append(self, turn: Mapping[str, Any]) -> None:
        """Store a finished turn."""
        ...

    async def pending(self) -> dict[str, Any] | None:
        """The tool call that waits for confirmation: `call_id`, `tool`, `arguments`, `summary`, `asked_at`.

        Raises `StoreUnavailable`, and `ApiError` 404 if the session is over.
        """
        ...

    async def set_pending(self, pending: Mapping[str, Any]) -> None:
        """Store a tool call that waits for confirmation, in place of any earlier one. Raises as `pending` does."""
        ...

    async def take_pending(self, call_id: str, run_by: str | None = None) -> dict[str, Any] | None:
        """Remove and return the pending tool call if it is `call_id`. Of several processes that try, one gets it.

        With `run_by`, a name of this conversation in this process, the same step records the call as running. Raises as
        `pending` does; the call can be taken again then.
        """
        ...

    async def step_up(self) -> dict[str, Any] | None:
        """The call that waits for the bank's code: as `pending`, `started_at`, `proof` once there. Raises as above."""
        ...

    async def take_step_up(self, call_id: str, run_by: str) -> dict[str, Any] | None:
        """Record an authenticated call as running and return it. Of several processes, one gets it. Raises as above."""
        ...

    async def drop_step_up(self, call_id: str) -> bool:
        """Remove a call that waits, unless it is authenticated. Return whether it is gone. Raises as above."""
        ...

    async def running(self) -> dict[str, Any] | None:
        """The confirmed tool call whose outcome the user does not know yet: as `pending`, `started_at`, `result`.

        Raises as `pending` does.
        """
        ...

    async def set_running_result(self, call_id: str, result: Mapping[str, Any] | None) -> None:
        """Store the result of the running tool call; None once the user knows it."""
        ...

    async def set_portal_context(self, context: Mapping[str, str]) -> None:
        """Store where in the portal the user is. Raises as `pending` does."""
        ...

    async def audit(self, event: str, **details: Any) -> bool:
        """Write to the audit trail. Returns False if the trail is required and cannot be written."""
        ...

    async def grant_consent(self, version: str) -> bool:
        """Record that the user consented to this version. Returns False if the audit trail is required and fails."""
        ...

    async def revoke_consent(self) -> None:
        """Record that the user took the consent back."""
        ...
