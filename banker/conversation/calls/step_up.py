"""Waits for the bank's own authentication of a call that the user has confirmed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from banker.conversation.calls.pending_call import PendingCall
from banker.conversation.mailbox import Mailbox, MailboxMessage
from banker.conversation.transport import SessionRecords, Transport
from banker.errors import ApiError
from banker.sessions.step_ups import STEP_UP_TIMEOUT_S

LOOK_INTERVAL_S = 0.5
"""How often the session is read while a call waits. The proof may reach another worker, which stores it there."""


@dataclass(frozen=True)
class StepUpEnded(MailboxMessage):
    """Act on the end of a step-up: the bank has authenticated the user, or has not in time."""

    call: PendingCall
    is_authenticated: bool


class StepUp:
    """The call of one conversation that waits, if any. Belongs to the media loop. `clock` returns Unix seconds."""

    def __init__(
        self, transport: Transport, records: SessionRecords, mailbox: Mailbox, clock: Callable[[], float]
    ) -> None:
        self._transport = transport
        self._records = records
        self._mailbox = mailbox
        self._clock = clock
        self._watching: asyncio.Task[None] | None = None
        self.waiting: PendingCall | None = None
        """The call that waits; None once it runs or is dropped."""

    async def load(self) -> None:
        """Go on with what an earlier connection left waiting. Raises `StoreUnavailable`."""
        stored = await self._records.step_up()
        if stored is not None:
            self._watch(replace(PendingCall.from_record(stored), asked_at=stored["started_at"]))

    def begin(self, call: PendingCall) -> None:
        """The user has said yes, and the session has the call: tell the client, and wait for the proof."""
        self._watch(replace(call, asked_at=self._clock()))
        self.show()

    def show(self) -> None:
        """Send the call that waits, if there is one, as `step_up.request`."""
        if self.waiting is not None:
            call = self.waiting
            self._transport.send(
                {
                    "type": "step_up.request",
                    "call_id": call.call_id,
                    "tool": call.tool,
                    "summary": call.summary,
                    "hash": call.hash,
                }
            )

    async def take(self, call_id: str, run_by: str) -> bool:
        """Record the call as running, and return whether this process runs it. Raises `StoreUnavailable`."""
        try:
            taken = await self._records.take_step_up(call_id, run_by)
        except ApiError:
            if self.waiting is not None:
                self._watch(self.waiting)
            raise
        self.close()
        self.waiting = None
        return taken is not None

    async def drop(self) -> bool:
        """Remove the call that waits. Return False if its proof has come before: then it runs.

        Raises `StoreUnavailable`; the call waits on then.
        """
        call = self.waiting
        if call is None:
            return False
        self._watch(call)
        try:
            if not await self._records.drop_step_up(call.call_id):
                return False
        except ApiError as error:
            if error.status != 404:  # the session is over
                raise
        self.close()
        self.waiting = None
        return True

    def close(self) -> None:
        """Look no more."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    def _watch(self, call: PendingCall) -> None:
        self.close()
        self.waiting = call
        self._watching = asyncio.ensure_future(self._look(call))

    async def _look(self, call: PendingCall) -> None:
        """Read the session until the proof is there, the time is over, or another process has taken the call."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            try:
                stored = await self._records.step_up()
            except ApiError as error:
                if error.status == 404:
                    return
                continue
            if stored is None or stored["call_id"] != call.call_id:
                self.waiting = None
                return
            is_over = self._clock() > call.asked_at + STEP_UP_TIMEOUT_S
            if "proof" in stored or is_over:
                self._mailbox.put(StepUpEnded(call, "proof" in stored))
                return
