"""What a conversation needs of the outside to be handed over to a colleague."""

from collections.abc import Mapping
from typing import Protocol

from banker.handover.record import HandOverAnswer, HandOverView, Urgency


class HandOverLine(Protocol):
    """The hand-over of one session. No method blocks the loop; each raises `StoreUnavailable`, and `ApiError` 404."""

    @property
    def is_offered(self) -> bool:
        """Whether this service can get a person at all."""
        ...

    async def request(self, reason: str, urgency: Urgency) -> HandOverAnswer:
        """Put the customer in line, or say why not."""
        ...

    async def look(self, *, is_reachable: bool) -> HandOverView:
        """Return how it stands. It also says that this process has the customer, if they are `is_reachable`."""
        ...

    async def cancel(self, reason: str) -> bool:
        """Leave the line. Return False if a colleague has taken the talk."""
        ...

    async def joined(self) -> bool:
        """The customer knows that the colleague joins. Return False if the colleague is gone again."""
        ...

    async def lost(self) -> None:
        """The colleague's page is gone: the customer is in line again."""
        ...

    async def handled(self, message_id: str, proposal: Mapping[str, str] | None = None) -> None:
        """The colleague's message has reached the customer."""
        ...


class NoDesk:
    """A service without a desk."""

    is_offered = False

    async def request(self, reason: str, urgency: Urgency) -> HandOverAnswer:
        """There is nobody to wait for."""
        return HandOverAnswer("off")

    async def look(self, *, is_reachable: bool) -> HandOverView:
        """There is no hand-over."""
        return HandOverView(None)

    async def cancel(self, reason: str) -> bool:
        """There is no line."""
        return False

    async def joined(self) -> bool:
        """Nobody joins."""
        return False

    async def lost(self) -> None:
        """Nobody was there."""

    async def handled(self, message_id: str, proposal: Mapping[str, str] | None = None) -> None:
        """Nobody has sent anything."""
