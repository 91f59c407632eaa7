"""Runs the tools of one conversation to their end, records the results, and reports late ones."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from banker.config.tenant import Tenant
from banker.conversation.calls.pending_call import PendingCall
from banker.conversation.mailbox import Mailbox, MailboxMessage
from banker.conversation.transcript import Transcript
from banker.conversation.transport import SessionRecords, Transport
from banker.server.metrics import Metrics
from banker.text.redaction import redact, redact_data
from banker.tools.base import Caller, ToolResult
from banker.tools.toolbox import Observer, Toolbox

T = TypeVar("T")


@dataclass(frozen=True)
class LateToolResult(MailboxMessage):
    """Report the result of a confirmed tool call that exceeded its time limit."""

    call: PendingCall
    result: ToolResult


class CallRunner:
    """Runs tool calls that are confirmed or need no confirmation. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        toolbox: Toolbox,
        transcript: Transcript,
        mailbox: Mailbox,
        transport: Transport,
        records: SessionRecords,
        metrics: Metrics,
    ) -> None:
        self._tenant = tenant
        self._caller = caller
        self._toolbox = toolbox
        self._transcript = transcript
        self._mailbox = mailbox
        self._transport = transport
        self._records = records
        self._metrics = metrics
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def busy(self) -> bool:
        """Whether a tool runs, including one that was given up."""
        return bool(self._running)

    async def finish(self) -> None:
        """Wait for the tools that run. Each has a time limit of its own."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def run(self, call: PendingCall) -> ToolResult:
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
        """Return an observer that reports a late result. It is called once at the time limit, and again at the end."""
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
        if call.summary:  # the user confirmed it, and now believes that it failed
            self._mailbox.put(LateToolResult(call, result))

    async def _record(self, call: PendingCall, result: ToolResult) -> None:
        succeeded = result.status == "ok"
        self._metrics.tool_called(call.tool, result.status)
        if call.summary and result.status != "timeout":
            await self._records.set_running_result(call.call_id, asdict(result))
        self._transcript.learn(result.value if succeeded else result.reason)
        self._transcript.note_tool(call.tool, succeeded)
        finished = {"type": "tool.finished", "call_id": call.call_id, "tool": call.tool, "ok": succeeded}
        page = self._toolbox.page(call.tool) if succeeded else None
        self._transport.send(finished if page is None else {**finished, "url": page})
        await self._records.audit("tool.finished", tool=call.tool, call_id=call.call_id, outcome=result.status)


def without_secrets(result: ToolResult) -> ToolResult:
    """Return a tool's result without card numbers, PINs, passwords and codes."""
    return replace(result, value=redact_data(result.value), reason=redact(result.reason).text)
