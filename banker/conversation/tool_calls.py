"""The tool calls of a conversation: each runs once, and one that changes something runs only after the user's yes."""

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from banker.config.tenant import Tenant
from banker.conversation.calls.call_runner import CallRunner
from banker.conversation.calls.pending_call import PendingCall, other_calls
from banker.conversation.calls.step_up import StepUp
from banker.conversation.reply import Reply
from banker.conversation.transcript import Transcript
from banker.conversation.transport import SessionRecords, Transport
from banker.errors import ApiError
from banker.server.metrics import Metrics
from banker.sessions.step_ups import step_up_hash
from banker.text.languages import package
from banker.text.redaction import redact_data
from banker.tools.base import Caller, Choice, ProposedCall, ToolResult
from banker.tools.toolbox import Toolbox

ONE_MOMENT_AFTER_S = 1.0
"""After this time a running tool is covered by the tenant's "one moment"."""
CONFIRMATION_TIMEOUT_S = 60.0
"""A question that has not been answered by then is dropped."""
_ASKS = re.compile(r"\?(?:\s[^.!?]*[.!])?\s*$")
"""A question, or one with the choices behind it, at the end of a reply."""
MAX_TIMES_ASKED = 2
"""How often the same question is said. It stays open after that, on the screen and for a yes."""


class ToolCalls:
    """Runs the tools of one conversation. Belongs to the media loop. `clock` returns Unix seconds."""

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        toolbox: Toolbox,
        transcript: Transcript,
        transport: Transport,
        records: SessionRecords,
        metrics: Metrics,
        runner: CallRunner,
        step_up: StepUp,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tenant = tenant
        self._caller = caller
        self._toolbox = toolbox
        self._transcript = transcript
        self._transport = transport
        self._records = records
        self._metrics = metrics
        self._clock = clock
        self._name = secrets.token_hex(8)
        """Tells this conversation from those of other processes with the same session."""
        self._question: PendingCall | None = None
        self._times_asked = 0
        self._was_asked_last = False
        self._batch: list[PendingCall] = []
        """The calls after the first that the current reply asks about."""
        self._waiting: tuple[PendingCall, ...] = ()
        """The calls to ask about when the question before them has been answered."""
        self._runner = runner
        self.step_up = step_up
        """The call that the bank authenticates the user for, after their yes."""

    async def load(self) -> None:
        """Read the question that an earlier connection left open. It stays open and is never answered by itself."""
        stored = await self._records.pending()
        self._question = None if stored is None else PendingCall.from_record(stored)
        self._was_asked_last = self._question is not None
        await self.step_up.load()
        if self.step_up.waiting is not None:
            self._waiting = self.step_up.waiting.then

    @property
    def question(self) -> PendingCall | None:
        """The tool call that the user is being asked about, if any."""
        if self._question is not None and self._clock() - self._question.asked_at > CONFIRMATION_TIMEOUT_S:
            self._question = None
        return self._question

    @property
    def proposed(self) -> ProposedCall | None:
        """The same for an agent."""
        call = self.question
        repeated = max(0, self._times_asked - 1)
        return None if call is None else ProposedCall(call.tool, call.arguments, call.summary, repeated=repeated)

    @property
    def answerable(self) -> PendingCall | None:
        """The open question, if it is the last one that the user was asked: a yes can only mean that."""
        return self.question if self._was_asked_last else None

    @property
    def busy(self) -> bool:
        """Whether a tool runs, including one that was given up, or waits for the bank's authentication."""
        return self._runner.busy or self.step_up.waiting is not None

    def show_question(self) -> None:
        """Send the open question, if there is one, as `confirm.request`."""
        call = self.question
        if call is not None:
            what = {"call_id": call.call_id, "tool": call.tool, "summary": call.summary}
            self._transport.send({"type": "confirm.request", **what, **call.card})

    async def choices(self, tool: str, parameter: str) -> Sequence[Choice] | None:
        """Return what the bank offers this caller for an argument; nothing if any value will do, None if it fails."""
        choices = await self._toolbox.choices(self._caller, tool, parameter, self._tenant.config.allowed_tools)
        self._transcript.learn([[choice.value, *choice.names] for choice in choices or ()])
        return choices

    async def use(self, reply: Reply | None, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Run a tool for an agent, or ask the user first. Everything is checked here, whatever the agent believes.

        `reply` is the agent's current reply: without one, or after an interruption, the result is `dropped`.
        """
        if reply is None or reply.interrupted:
            return ToolResult("dropped")
        checked = self._toolbox.check(tool, redact_data(arguments), self._tenant.config.allowed_tools)
        if isinstance(checked, ToolResult):
            self._transcript.learn(checked.reason)  # the agent may say what the limit is
            return checked
        one_moment = asyncio.get_running_loop().call_later(ONE_MOMENT_AFTER_S, reply.say_one_moment)
        try:
            if self._toolbox.needs_confirmation(tool):
                return await self._propose(reply, tool, checked)
            return await self._runner.run(PendingCall(_new_call_id(), tool, checked))
        finally:
            one_moment.cancel()

    def continue_asking(self, reply: Reply, said: str, *, again: bool = False) -> None:
        """End a reply with the question that is still open, or with the next one that waits.

        `said` is the reply so far. If it asks something itself, the open question is not repeated, and a yes does not
        answer it. `again`: repeat the question even if it was said often enough.
        """
        if reply.asks or reply.interrupted:
            return
        call = self.question
        if _ASKS.search(said):
            self._was_asked_last = False
            self.show_question()
        elif call is None and self._waiting:
            if self.step_up.waiting is None:  # one after the other
                self._ask(reply, self._waiting[0])
        elif call is not None and (again or self._times_asked < MAX_TIMES_ASKED or not self._was_asked_last):
            self._ask(reply, call)
        else:
            self.show_question()

    async def settle(self, call_id: str, approved: bool) -> tuple[PendingCall, ToolResult] | None:
        """Run or decline the pending call. Returns None if it is no longer open, in this or another process.

        A call that needs a step-up waits: its result is `step_up`, and a no drops it. Raises `StoreUnavailable`; the
        question stays open then. Call `reported` once the user knows the outcome.
        """
        waiting = self.step_up.waiting
        if waiting is not None and waiting.call_id == call_id:
            if approved or not await self._drop_step_up():
                return None
            self._metrics.tool_called(waiting.tool, "declined")
            return waiting, ToolResult("declined")
        if approved and waiting is not None and self._question is not None and self._question.hash:
            await self._drop_step_up()  # one call waits at a time
        stored = await self._records.take_pending(call_id, self._name if approved else None)
        self._question = None
        if stored is None:
            return None
        call = PendingCall.from_record(stored)
        if self._clock() - call.asked_at > CONFIRMATION_TIMEOUT_S:
            await self._discard(call)
            return None
        self._waiting = call.then
        if not approved:
            self._metrics.tool_called(call.tool, "declined")
            return call, ToolResult("declined")
        if call.hash:
            self.step_up.begin(call)
            await self._records.audit("step_up.requested", tool=call.tool, call_id=call.call_id, hash=call.hash)
            return call, ToolResult("step_up")
        return call, await self._runner.run(call)

    async def run_authenticated(self, call: PendingCall) -> ToolResult | None:
        """Run a call that the bank has authenticated the user for. None if another process does.

        Raises `StoreUnavailable`; the call waits on then.
        """
        taken = await self.step_up.take(call.call_id, self._name)
        return await self._runner.run(call) if taken else None

    async def expire_step_up(self) -> bool:
        """Drop the call whose authentication has not come in time. Return whether it will not run."""
        return await self._drop_step_up("step_up.expired")

    async def reported(self, call: PendingCall) -> None:
        """The user knows the outcome of a confirmed call, or that it is unknown."""
        if call.summary:
            await self._records.set_running_result(call.call_id, None)

    async def drop_question(self) -> None:
        """Close the open question and those that wait, also for the bank's authentication.

        Raises `StoreUnavailable` if that cannot be taken back now.
        """
        call, self._question, self._waiting = self._question, None, ()
        if call is not None:
            await self._forget(call)
        await self._drop_step_up()

    async def finish(self) -> None:
        """Wait for the tools that run. Each has a time limit of its own."""
        await self._runner.finish()

    async def _propose(self, reply: Reply, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Ask the user about a call at the end of `reply`, after those that it asks about already."""
        proposed = await self._toolbox.propose(self._caller, tool, arguments, self._tenant.config.allowed_tools)
        if isinstance(proposed, ToolResult):
            return proposed
        if reply.interrupted or reply.ended:
            return ToolResult("dropped")
        summary = package(self._tenant.speech.language).verbatim(proposed.summary).shown
        self._transcript.learn(summary)
        call = PendingCall(_new_call_id(), tool, proposed.arguments, summary, proposed.card)
        if proposed.step_up is not None:
            call = self._bound(call, proposed.step_up)
        if reply.asks:
            self._batch.append(call)
        else:
            self._ask(reply, call)
        return ToolResult("asked")

    def _ask(self, reply: Reply, call: PendingCall) -> None:
        batch = self._batch = []
        question = self._tenant.texts.confirm.format(summary=call.summary)
        reply.ask(question, lambda: self._open_question(reply, call, batch))

    async def _open_question(self, reply: Reply, call: PendingCall, batch: Sequence[PendingCall]) -> None:
        """The question is about to be spoken: from now on it can be answered, unless `reply` was interrupted before.

        It replaces an open question about the same tool. One about another tool is asked again later, as is `batch`.
        """
        before, self._question = self.question, None
        is_repeated = before is not None and before.call_id == call.call_id
        if before is not None and not await self._forget(before) and is_repeated:
            return  # it was answered in another process
        replaced = () if before is None else before.then if before.tool == call.tool else (before, *before.then)
        then = other_calls(call, [*call.then, *batch, *replaced, *self._waiting])
        call = replace(call, asked_at=self._clock(), then=then)
        waiting = self.step_up.waiting
        try:
            if waiting is not None and waiting.tool == call.tool:
                await self._drop_step_up()  # the user has corrected it: no code for the old amount is of use now
            await self._records.set_pending(asdict(call))
        except ApiError:
            self._question = before  # as far as this process knows, it can still be answered
            if not is_repeated:
                raise
            self.show_question()
            return
        if reply.interrupted:
            await self._forget(call)
            return
        self._question, self._waiting, self._was_asked_last = call, (), True
        self._times_asked = self._times_asked + 1 if is_repeated else 1
        self.show_question()

    def _bound(self, call: PendingCall, exact: Mapping[str, Any]) -> PendingCall:
        """Return a call that needs a step-up, bound to what the function will get."""
        who = self._caller
        bound_to = step_up_hash(call.call_id, call.tool, exact, who.session_id, who.tenant_id, who.user_id)
        return replace(call, hash=bound_to, exact=exact)

    async def _drop_step_up(self, event: str = "step_up.cancelled") -> bool:
        """Drop the call that waits for the bank's authentication, unless that has come."""
        call = self.step_up.waiting
        if call is None or not await self.step_up.drop():
            return False
        self._transport.send({"type": "tool.finished", "call_id": call.call_id, "tool": call.tool, "ok": False})
        await self._records.audit(event, tool=call.tool, call_id=call.call_id)
        return True

    async def _discard(self, call: PendingCall) -> None:
        """Take back what a yes that came too late has recorded."""
        if call.hash:
            await self._records.drop_step_up(call.call_id)
        else:
            await self.reported(call)

    async def _forget(self, call: PendingCall) -> bool:
        """Remove a stored question. Return whether it was still open; if the store is away, it expires by itself."""
        try:
            return await self._records.take_pending(call.call_id) is not None
        except ApiError:
            return True


def _new_call_id() -> str:
    return "call-" + secrets.token_urlsafe(9)
