"""The tool calls of a conversation: each runs once, and one that changes something runs only after the user's yes."""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from banker.config.tenant import Tenant
from banker.conversation.mailbox import Mailbox, MailboxMessage
from banker.conversation.reply import Reply
from banker.conversation.transcript import Transcript
from banker.conversation.transport import SessionRecords, Transport
from banker.text.redaction import redact, redact_data
from banker.tools.base import Caller, Choice, ToolResult
from banker.tools.confirmation_text import spoken_question
from banker.tools.toolbox import Observer, Toolbox

T = TypeVar("T")

ONE_MOMENT_AFTER_S = 1.0
"""After this time a running tool is covered by the tenant's "one moment"."""
CONFIRMATION_TIMEOUT_S = 60.0
"""A question that has not been answered by then is dropped."""


@dataclass(frozen=True)
class PendingCall:
    """A tool call with the exact arguments it will run with. `summary` is empty if it needs no confirmation."""

    call_id: str
    tool: str
    arguments: Mapping[str, Any]
    summary: str = ""
    asked_at: float = 0.0


@dataclass(frozen=True)
class LateToolResult(MailboxMessage):
    """Report a confirmed tool call that ended after its time limit."""

    call: PendingCall
    result: ToolResult


class ToolCalls:
    """Runs the tools of one conversation. Belongs to the media loop. `clock` returns Unix seconds."""

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        toolbox: Toolbox,
        transcript: Transcript,
        mailbox: Mailbox,
        transport: Transport,
        records: SessionRecords,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tenant = tenant
        self._caller = caller
        self._toolbox = toolbox
        self._transcript = transcript
        self._mailbox = mailbox
        self._transport = transport
        self._records = records
        self._clock = clock
        self._question: PendingCall | None = None
        self._running: set[asyncio.Task[Any]] = set()

    async def load(self) -> None:
        """Read the question that an earlier connection left open. It stays open and is never answered by itself."""
        stored = await self._records.pending()
        self._question = None if stored is None else PendingCall(**stored)

    @property
    def question(self) -> PendingCall | None:
        """The tool call that the user is being asked about, if any."""
        if self._question is not None and self._clock() - self._question.asked_at > CONFIRMATION_TIMEOUT_S:
            self._question = None
        return self._question

    @property
    def busy(self) -> bool:
        """Whether a tool runs, including one that was given up."""
        return bool(self._running)

    def show_question(self) -> None:
        """Send the open question, if there is one, as `confirm.request`."""
        call = self.question
        if call is not None:
            self._transport.send(
                {"type": "confirm.request", "call_id": call.call_id, "tool": call.tool, "summary": call.summary}
            )

    async def choices(self, tool: str, parameter: str) -> Sequence[Choice]:
        """Return what the bank offers this caller for an argument; nothing if any value will do or it cannot say."""
        return await self._toolbox.choices(self._caller, tool, parameter, self._tenant.config.allowed_tools)

    async def use(self, reply: Reply | None, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Run a tool for an agent, or ask the user first. Everything is checked here, whatever the agent believes.

        `reply` is the agent's current reply: without one, or after an interruption, the result is `dropped`.
        """
        if reply is None or reply.interrupted:
            return ToolResult("dropped")
        checked = self._toolbox.check(tool, redact_data(arguments), self._tenant.config.allowed_tools)
        if isinstance(checked, ToolResult):
            return checked
        call_id = "call-" + secrets.token_urlsafe(9)
        if self._toolbox.needs_confirmation(tool):
            summary = self._toolbox.summary_of(tool, checked)
            self._transcript.learn(summary)
            call = PendingCall(call_id, tool, checked, summary, self._clock())
            question = self._tenant.texts.confirm.format(summary=summary)
            reply.ask(question, lambda: self._open_question(call, reply), spoken_question(question))
            return ToolResult("asked")
        one_moment = asyncio.get_running_loop().call_later(ONE_MOMENT_AFTER_S, reply.say_one_moment)
        try:
            return await self._run(PendingCall(call_id, tool, checked))
        finally:
            one_moment.cancel()

    async def settle(self, call_id: str, approved: bool) -> tuple[PendingCall, ToolResult] | None:
        """Run or decline the pending call. Returns None if it is no longer open, in this or another process."""
        self._question = None
        stored = await self._records.take_pending(call_id)
        if stored is None:
            return None
        call = PendingCall(**stored)
        if self._clock() - call.asked_at > CONFIRMATION_TIMEOUT_S:
            return None
        if not approved:
            return call, ToolResult("declined")
        return call, await self._run(call)

    async def drop_question(self) -> None:
        """The user spoke of something else: the open question is void."""
        call, self._question = self._question, None
        if call is not None:
            await self._records.take_pending(call.call_id)

    async def finish(self) -> None:
        """Wait for the tools that run. Each has a time limit of its own."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _open_question(self, call: PendingCall, reply: Reply) -> None:
        """The question is about to be spoken: from now on it can be answered, unless `reply` was interrupted before."""
        await self.drop_question()
        call = replace(call, asked_at=self._clock())
        await self._records.set_pending(vars(call))
        if reply.interrupted:
            await self._records.take_pending(call.call_id)
            return
        self._question = call
        self.show_question()

    async def _run(self, call: PendingCall) -> ToolResult:
        """Run a tool to its end and record the result, even if the caller is cancelled."""
        return await asyncio.shield(self._start(self._run_to_the_end(call)))

    def _start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _run_to_the_end(self, call: PendingCall) -> ToolResult:
        self._transport.send({"type": "tool.called", "call_id": call.call_id, "tool": call.tool})
        result = ToolResult("failed")
        if await self._records.audit(
            "tool.called", tool=call.tool, call_id=call.call_id, arguments=dict(call.arguments)
        ):
            caller = replace(self._caller, call_id=call.call_id)
            allowed, observer = self._tenant.config.allowed_tools, self._late_result_observer(call)
            result = await self._toolbox.run(caller, call.tool, call.arguments, allowed, on_finished=observer)
            result = without_secrets(result)
        await self._record(call, result)
        return result

    def _late_result_observer(self, call: PendingCall) -> Observer:
        """Notices when a tool ends after its time limit. It is called once at the limit, and again at the end."""
        timed_out = False
        loop = asyncio.get_running_loop()

        def finished(caller: Caller, tool: str, arguments: Mapping[str, Any], result: ToolResult) -> None:
            nonlocal timed_out
            if timed_out:
                loop.call_soon_threadsafe(lambda: self._start(self._end_late(call, without_secrets(result))))
            timed_out = result.status == "timeout"

        return finished

    async def _end_late(self, call: PendingCall, result: ToolResult) -> None:
        await self._record(call, result)
        if call.summary:  # the user confirmed it, and believes by now that it failed
            self._mailbox.put(LateToolResult(call, result))

    async def _record(self, call: PendingCall, result: ToolResult) -> None:
        succeeded = result.status == "ok"
        self._transcript.learn(result.value if succeeded else result.reason)
        self._transport.send({"type": "tool.finished", "call_id": call.call_id, "tool": call.tool, "ok": succeeded})
        await self._records.audit("tool.finished", tool=call.tool, call_id=call.call_id, outcome=result.status)


def without_secrets(result: ToolResult) -> ToolResult:
    """Return a tool's result without card numbers, PINs, passwords and codes."""
    return replace(result, value=redact_data(result.value), reason=redact(result.reason).text)
