"""The interface through which a conversation is handed over to a colleague."""

from collections.abc import Mapping
from typing import Protocol

from banker.handover.record import HandOverAnswer, HandOverView, Urgency


class SessionHandOver(Protocol):
    """The hand-over of one session. No method blocks the loop; each raises `StoreUnavailable`, and `ApiError` 404."""

    @property
    def is_offered(self) -> bool:
        """Whether this service can get a person at all."""
        ...

    async def request(self, reason: str, urgency: Urgency) -> HandOverAnswer:
        """Put the customer in the queue, or say why not."""
        ...

    async def look(self, *, is_reachable: bool) -> HandOverView:
        """Return the current state. `is_reachable` reports that the customer is connected to this process."""
        ...

    async def cancel(self, reason: str) -> bool:
        """Leave the queue. Return False if a colleague has taken the talk."""
        ...

    async def joined(self) -> bool:
        """Let the announced colleague join. Return False if the colleague has left."""
        ...

    async def lost(self) -> None:
        """Put the customer back in the queue, because the colleague's page is gone."""
        ...

    async def handled(self, message_id: str, proposal: Mapping[str, str] | None = None) -> None:
        """Mark a colleague's message as delivered, with the outcome of a proposed tool."""
        ...


class NoDesk:
    """Implements `SessionHandOver` for a service without a desk."""

    is_offered = False

    async def request(self, reason: str, urgency: Urgency) -> HandOverAnswer:
        """Return `off`."""
        return HandOverAnswer("off")

    async def look(self, *, is_reachable: bool) -> HandOverView:
        """Return a view without a hand-over."""
        return HandOverView(None)

    async def cancel(self, reason: str) -> bool:
        """Return False: without a desk, nobody waits."""
        return False

    async def joined(self) -> bool:
        """Return False: nobody joins."""
        return False

    async def lost(self) -> None:
        """Do nothing."""

    async def handled(self, message_id: str, proposal: Mapping[str, str] | None = None) -> None:
        """Do nothing."""
