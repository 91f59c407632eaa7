"""Resumes what a dead process left open: a tool call without an outcome, or words without an answer."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from banker.config.tenant import Tenant
from banker.conversation.calls.call_runner import LateToolResult, without_secrets
from banker.conversation.calls.pending_call import PendingCall
from banker.conversation.mailbox import Announcement, Mailbox, UnansweredTurn
from banker.conversation.transcript import Transcript
from banker.conversation.transport import SessionRecords
from banker.errors import ApiError
from banker.tools.base import Caller, ToolResult
from banker.tools.toolbox import Toolbox

LOOK_INTERVAL_S = 1.0
"""How often the record of a running call is read. If its process is alive, it stores the result there."""
ANSWER_AFTER_S = 1.5
"""By then, a process that is still alive has recorded the rest of its last reply."""


class Recovery:
    """Resumes one conversation in a new process. Belongs to the media loop. `clock` returns Unix seconds."""

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        toolbox: Toolbox,
        records: SessionRecords,
        transcript: Transcript,
        mailbox: Mailbox,
        clock: Callable[[], float],
    ) -> None:
        self._tenant = tenant
        self._caller = caller
        self._toolbox = toolbox
        self._records = records
        self._transcript = transcript
        self._mailbox = mailbox
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look once for open work when a conversation continues here. Raises `StoreUnavailable`."""
        running = await self._records.running()
        if running is not None:
            self._begin(self._find_outcome(running))
        elif self._transcript.unanswered is not None:
            self._begin(self._answer(self._transcript.unanswered))

    def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.ensure_future(work)

    async def _answer(self, text: str) -> None:
        await asyncio.sleep(ANSWER_AFTER_S)
        if self._transcript.unanswered == text:
            self._mailbox.put(UnansweredTurn(text))

    async def _find_outcome(self, running: Mapping[str, Any]) -> None:
        """Report the outcome of a call that another process started, unless that process reports it."""
        call = PendingCall.from_record(running)
        deadline = running["started_at"] + self._toolbox.timeout(call.tool) + LOOK_INTERVAL_S
        has_told = has_result = False
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            try:
                record = await self._records.running()
            except ApiError as error:
                if error.status == 404:
                    return
                continue
            if record is None or record["call_id"] != call.call_id:
                return
            if has_result:
                result = ToolResult(**record["result"])
                break
            has_result = "result" in record
            if not has_result and self._clock() > deadline:
                result = await self._look_up(call)
                break
            if not has_result and not has_told:
                has_told = True
                self._mailbox.put(Announcement(self._tenant.texts.outcome_pending))
        self._transcript.learn(result.value if result.status == "ok" else result.reason)
        self._mailbox.put(LateToolResult(call, result))

    async def _look_up(self, call: PendingCall) -> ToolResult:
        """Ask the bank whether the call was carried out, if the tool has a look-up."""
        caller = replace(self._caller, call_id=call.call_id)
        found = await self._toolbox.look_up(caller, call.tool, self._tenant.config.allowed_tools)
        if found.status == "ok" and found.value is None:
            return ToolResult("failed", reason=self._tenant.texts.not_carried_out)
        return without_secrets(found)
