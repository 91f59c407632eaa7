"""The hand-over of one session for its conversation: the blocking calls run in threads beside the media loop."""

from collections.abc import Mapping

from banker.handover.handovers import HandOvers
from banker.handover.record import HandOverAnswer, HandOverView, Urgency
from banker.sessions.conversation_records import RunInStore


class StoredHandOverLine:
    """Implements `conversation.handover.line.HandOverLine`. `is_offered`: whether there is a desk or a bank's rule."""

    def __init__(self, run: RunInStore, handovers: HandOvers, session_id: str) -> None:
        self._run = run
        self._handovers = handovers
        self._id = session_id

    @property
    def is_offered(self) -> bool:
        return self._handovers.is_offered

    async def request(self, reason: str, urgency: Urgency) -> HandOverAnswer:
        answer: HandOverAnswer = await self._run(lambda: self._handovers.request(self._id, reason, urgency))
        return answer

    async def look(self, *, is_reachable: bool) -> HandOverView:
        view: HandOverView = await self._run(lambda: self._handovers.look(self._id, is_reachable=is_reachable))
        return view

    async def cancel(self, reason: str) -> bool:
        is_out: bool = await self._run(lambda: self._handovers.cancel(self._id, reason))
        return is_out

    async def joined(self) -> bool:
        is_there: bool = await self._run(lambda: self._handovers.joined(self._id))
        return is_there

    async def lost(self) -> None:
        await self._run(lambda: self._handovers.lost(self._id))

    async def handled(self, message_id: str, proposal: Mapping[str, str] | None = None) -> None:
        await self._run(lambda: self._handovers.handled(self._id, message_id, proposal))
