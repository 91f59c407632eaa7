"""The question that a conversation asks before a tool runs, and those that wait behind it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from banker.config.tenant import Tenant
from banker.conversation.calls.pending_call import PendingCall, other_calls
from banker.conversation.calls.step_up import StepUp
from banker.conversation.reply import Reply
from banker.conversation.transport import SessionRecords, Transport
from banker.errors import ApiError
from banker.tools.base import ProposedCall

CONFIRMATION_TIMEOUT_S = 60.0
"""A question that has not been answered by then is dropped."""
MAX_TIMES_ASKED = 2
"""How often the same question is spoken. It stays open after that, on the screen and for a yes."""
_ASKS = re.compile(r"\?(?:\s[^.!?]*[.!])?\s*$")
"""A question at the end of a reply, or a question followed by its choices."""


class ConfirmationQuestions:
    """One question is open at a time. Belongs to the media loop. `clock` returns Unix seconds."""

    def __init__(
        self,
        tenant: Tenant,
        transport: Transport,
        records: SessionRecords,
        step_up: StepUp,
        clock: Callable[[], float],
    ) -> None:
        self._tenant = tenant
        self._transport = transport
        self._records = records
        self._step_up = step_up
        self._clock = clock
        self._open: PendingCall | None = None
        self._times_asked = 0
        self._was_asked_last = False
        self._batch: list[PendingCall] = []
        """The calls after the first that the current reply asks about."""
        self._waiting: tuple[PendingCall, ...] = ()
        """The calls to ask about once the open question is answered."""

    async def load(self) -> None:
        """Read the question that an earlier connection left open. Raises `StoreUnavailable`."""
        stored = await self._records.pending()
        self._open = None if stored is None else PendingCall.from_record(stored)
        self._was_asked_last = self._open is not None
        await self._step_up.load()
        if self._step_up.waiting is not None:
            self._waiting = self._step_up.waiting.then

    @property
    def open(self) -> PendingCall | None:
        """The tool call that the user is being asked about, if any."""
        if self._open is not None and self.is_expired(self._open):
            self._open = None
        return self._open

    @property
    def proposed(self) -> ProposedCall | None:
        """The same call as agents see it."""
        call = self.open
        repeated = max(0, self._times_asked - 1)
        return None if call is None else ProposedCall(call.tool, call.arguments, call.summary, repeated=repeated)

    @property
    def answerable(self) -> PendingCall | None:
        """The open question, if nothing else was asked since. Otherwise a yes may mean something else."""
        return self.open if self._was_asked_last else None

    def is_expired(self, call: PendingCall) -> bool:
        """Return whether it is too late to answer a question."""
        return self._clock() - call.asked_at > CONFIRMATION_TIMEOUT_S

    def show(self) -> None:
        """Send the open question, if any, as `confirm.request`."""
        call = self.open
        if call is not None:
            what = {"call_id": call.call_id, "tool": call.tool, "summary": call.summary}
            self._transport.send({"type": "confirm.request", **what, **call.card})

    def ask(self, reply: Reply, call: PendingCall) -> None:
        """Ask about a call at the end of `reply`, or later if the reply already asks about another call."""
        if reply.asks:
            self._batch.append(call)
        else:
            self._ask(reply, call)

    def continue_asking(self, reply: Reply, said: str, *, again: bool = False) -> None:
        """End a reply with the question that is still open, or with the next one that waits.

        `said` is the reply so far. If it asks something itself, the open question is not repeated, and a yes does not
        answer it. `again`: repeat the question even after `MAX_TIMES_ASKED`.
        """
        if reply.asks or reply.interrupted:
            return
        call = self.open
        if _ASKS.search(said):
            self._was_asked_last = False
            self.show()
        elif call is None and self._waiting:
            if self._step_up.waiting is None:  # one after the other
                self._ask(reply, self._waiting[0])
        elif call is not None and (again or self._times_asked < MAX_TIMES_ASKED or not self._was_asked_last):
            self._ask(reply, call)
        else:
            self.show()

    async def close(self, call_id: str, run_by: str | None) -> PendingCall | None:
        """Close the question about a call, and return the call if the question was open in the store.

        Of several processes that try, one gets the call, and records it as running if it names itself in `run_by`.
        Raises `StoreUnavailable`; the question stays open then.
        """
        stored = await self._records.take_pending(call_id, run_by)
        self._open = None
        if stored is None:
            return None
        call = PendingCall.from_record(stored)
        if not self.is_expired(call):
            self._waiting = call.then
        return call

    async def drop(self) -> None:
        """Close the open question and those that wait, also for the bank's authentication.

        Raises `StoreUnavailable` if the authentication cannot be cancelled now.
        """
        call, self._open, self._waiting = self._open, None, ()
        if call is not None:
            await self._forget(call)
        await self._step_up.cancel()

    def _ask(self, reply: Reply, call: PendingCall) -> None:
        batch = self._batch = []
        question = self._tenant.texts.confirm.format(summary=call.summary)
        reply.ask(question, lambda: self._open_question(reply, call, batch))

    async def _open_question(self, reply: Reply, call: PendingCall, batch: Sequence[PendingCall]) -> None:
        """Let the question be answered, which is about to be spoken, unless `reply` was interrupted before.

        It replaces an open question about the same tool. A question about another tool is asked again later, as is
        `batch`.
        """
        before, self._open = self.open, None
        is_repeated = before is not None and before.call_id == call.call_id
        if before is not None and not await self._forget(before) and is_repeated:
            return  # it was answered in another process
        replaced = () if before is None else before.then if before.tool == call.tool else (before, *before.then)
        then = other_calls(call, [*call.then, *batch, *replaced, *self._waiting])
        call = replace(call, asked_at=self._clock(), then=then)
        waiting = self._step_up.waiting
        try:
            if waiting is not None and waiting.tool == call.tool:
                await self._step_up.cancel()  # the user has corrected it: no code for the old amount is of use now
            await self._records.set_pending(asdict(call))
        except ApiError:
            self._open = before  # as far as this process knows, it can still be answered
            if not is_repeated:
                raise
            self.show()
            return
        if reply.interrupted:
            await self._forget(call)
            return
        self._open, self._waiting, self._was_asked_last = call, (), True
        self._times_asked = self._times_asked + 1 if is_repeated else 1
        self.show()

    async def _forget(self, call: PendingCall) -> bool:
        """Remove a stored question and return whether it was still open. Without the store it expires by itself."""
        try:
            return await self._records.take_pending(call.call_id) is not None
        except ApiError:
            return True
