"""The tool calls of a conversation: each runs once, and one that changes something runs only after the user's yes."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from banker.config.tenant import Tenant
from banker.conversation.calls.call_runner import CallRunner
from banker.conversation.calls.pending_call import PendingCall
from banker.conversation.calls.questions import ConfirmationQuestions
from banker.conversation.calls.step_up import StepUp
from banker.conversation.reply import Reply
from banker.conversation.transcript import Transcript
from banker.conversation.transport import SessionRecords
from banker.server.metrics import Metrics
from banker.sessions.step_ups import step_up_hash
from banker.text.redaction import redact_data
from banker.tools.base import Caller, Choice, ToolResult
from banker.tools.toolbox import Toolbox

ONE_MOMENT_AFTER_S = 1.0
"""After this time the tenant's "one moment" bridges the wait for a tool."""


class ToolCalls:
    """Runs the tools of one conversation. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        toolbox: Toolbox,
        transcript: Transcript,
        records: SessionRecords,
        metrics: Metrics,
        runner: CallRunner,
        questions: ConfirmationQuestions,
        step_up: StepUp,
    ) -> None:
        self.questions = questions
        self.step_up = step_up
        """The confirmed call that waits for the bank's authentication, if any."""
        self._tenant = tenant
        self._caller = caller
        self._toolbox = toolbox
        self._transcript = transcript
        self._records = records
        self._metrics = metrics
        self._runner = runner
        self._name = secrets.token_hex(8)
        """Distinguishes this conversation from those of other processes with the same session."""

    @property
    def busy(self) -> bool:
        """Whether a tool is running, even past its time limit, or waits for the bank's authentication."""
        return self._runner.busy or self.step_up.waiting is not None

    async def choices(self, tool: str, parameter: str) -> Sequence[Choice] | None:
        """Return what the bank offers this caller for an argument: nothing if any value will do, None on failure."""
        choices = await self._toolbox.choices(self._caller, tool, parameter, self._tenant.config.allowed_tools)
        self._transcript.learn([[choice.value, *choice.names] for choice in choices or ()])
        return choices

    async def use(self, reply: Reply | None, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Run a tool for an agent, or ask the user first. All checks are made here, whatever the agent has checked.

        `reply` is the agent's current reply. Without one, or after an interruption, the result is `dropped`.
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

    async def settle(self, call_id: str, approved: bool) -> tuple[PendingCall, ToolResult] | None:
        """Run or decline the pending call. Returns None if it is no longer open, in this or another process.

        A call that needs a step-up waits: its result is `step_up`, and a no drops it. Raises `StoreUnavailable`; the
        question stays open then. Call `reported` once the user knows the outcome.
        """
        waiting = self.step_up.waiting
        if waiting is not None and waiting.call_id == call_id:
            if approved or not await self.step_up.cancel():
                return None
            self._metrics.tool_called(waiting.tool, "declined")
            return waiting, ToolResult("declined")
        question = self.questions.open
        if approved and waiting is not None and question is not None and question.hash:
            await self.step_up.cancel()  # one call waits at a time
        call = await self.questions.close(call_id, self._name if approved else None)
        if call is None:
            return None
        if self.questions.is_expired(call):
            await self._discard(call)
            return None
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

    async def reported(self, call: PendingCall) -> None:
        """Forget a confirmed call whose outcome the user now knows, or knows to be unknown."""
        if call.summary:
            await self._records.set_running_result(call.call_id, None)

    async def finish(self) -> None:
        """Wait for the tools that run. Each has a time limit of its own."""
        await self._runner.finish()

    async def _propose(self, reply: Reply, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Ask the user about a call at the end of `reply`, after those that it already asks about."""
        proposed = await self._toolbox.propose(self._caller, tool, arguments, self._tenant.config.allowed_tools)
        if isinstance(proposed, ToolResult):
            return proposed
        if reply.interrupted or reply.ended:
            return ToolResult("dropped")
        summary = self._tenant.speech.normalisation.verbatim(proposed.summary).shown
        self._transcript.learn(summary)
        call = PendingCall(_new_call_id(), tool, proposed.arguments, summary, proposed.card)
        if proposed.step_up is not None:
            call = self._bind(call, proposed.step_up)
        self.questions.ask(reply, call)
        return ToolResult("asked")

    def _bind(self, call: PendingCall, exact: Mapping[str, Any]) -> PendingCall:
        """Return a call that needs a step-up, bound to what the function will get."""
        who = self._caller
        bound_to = step_up_hash(call.call_id, call.tool, exact, who.session_id, who.tenant_id, who.user_id)
        return replace(call, hash=bound_to, exact=exact)

    async def _discard(self, call: PendingCall) -> None:
        """Undo what a late yes has recorded."""
        if call.hash:
            await self._records.drop_step_up(call.call_id)
        else:
            await self.reported(call)


def _new_call_id() -> str:
    return "call-" + secrets.token_urlsafe(9)
