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
"""How often the session is read while a call waits. Another worker may have stored the proof there."""


@dataclass(frozen=True)
class StepUpEnded(MailboxMessage):
    """Act on the end of a step-up: the bank authenticated the user, or the time is over."""

    call: PendingCall
    is_authenticated: bool


class StepUp:
    """The one call of a conversation that may wait. Belongs to the media loop. `clock` returns Unix seconds."""

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
        """Resume waiting for a call of an earlier connection. Raises `StoreUnavailable`."""
        stored = await self._records.step_up()
        if stored is not None:
            self._watch(replace(PendingCall.from_record(stored), asked_at=stored["started_at"]))

    def begin(self, call: PendingCall) -> None:
        """Show the client a call that the user has confirmed and the session has stored, and wait for its proof."""
        self._watch(replace(call, asked_at=self._clock()))
        self.show()

    def show(self) -> None:
        """Send the waiting call, if any, as `step_up.request`."""
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

    async def cancel(self, event: str = "step_up.cancelled") -> bool:
        """Drop the call that waits, unless its proof has come before: then it runs. Return whether it was dropped.

        `event` goes to the audit trail. Raises `StoreUnavailable`; the call waits on then.
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
        self._transport.send({"type": "tool.finished", "call_id": call.call_id, "tool": call.tool, "ok": False})
        await self._records.audit(event, tool=call.tool, call_id=call.call_id)
        return True

    def close(self) -> None:
        """Stop looking for the proof."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    def _watch(self, call: PendingCall) -> None:
        self.close()
        self.waiting = call
        self._watching = asyncio.ensure_future(self._look(call))

    async def _look(self, call: PendingCall) -> None:
        """Read the session until it has the proof, the time is over, or another process has taken the call."""
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
