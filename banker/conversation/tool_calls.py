"""What the banker does for its user: each tool once, and a question before those that change something."""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from banker.config.tenant import Tenant
from banker.conversation.reply import Reply
from banker.conversation.transport import SessionRecords, Transport
from banker.tools.base import Caller, ToolResult
from banker.tools.confirmation_text import spoken_question
from banker.tools.toolbox import Observer, Toolbox

T = TypeVar("T")

EXCUSE_SECONDS = 1.0
"""A tool that takes longer is excused with the tenant's "one moment"."""
CONFIRM_SECONDS = 60.0
"""A question that is not answered by then is dropped."""


@dataclass(frozen=True)
class Question:
    """A call that waits for the user's yes: it runs with exactly these arguments, or not at all.

    A call that needs no yes has no `summary`.
    """

    call_id: str
    tool: str
    arguments: Mapping[str, Any]
    summary: str = ""
    asked_at: float = 0.0


class ToolCalls:
    """The tools of one conversation. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        toolbox: Toolbox,
        learn: Callable[[Any], None],
        tell_late: Callable[[Question, ToolResult], None],
        transport: Transport,
        records: SessionRecords,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tenant = tenant
        self._caller = caller
        self._toolbox = toolbox
        self._learn = learn
        self._tell_late = tell_late
        self._transport = transport
        self._records = records
        self._clock = clock
        self._question: Question | None = None
        self._running: set[asyncio.Task[Any]] = set()

    async def load(self) -> None:
        """Read the question that an earlier connection left open: it is asked on, and never answered by itself."""
        kept = await self._records.pending()
        self._question = None if kept is None else Question(**kept)

    @property
    def question(self) -> Question | None:
        """What the user is being asked; None when nothing is, or not any more."""
        if self._question is not None and self._clock() - self._question.asked_at > CONFIRM_SECONDS:
            self._question = None
        return self._question

    @property
    def busy(self) -> bool:
        """Whether a tool runs, even one that nobody waits for any more."""
        return bool(self._running)

    def show_question(self) -> None:
        """Send the open question, if there is one, as `confirm.request`."""
        asked = self.question
        if asked is not None:
            self._transport.send(
                {"type": "confirm.request", "call_id": asked.call_id, "tool": asked.tool, "summary": asked.summary}
            )

    async def use(self, reply: Reply | None, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """What an agent's `talk.use` comes to: checked here whatever it believes, and for a standing turn only."""
        if reply is None or reply.interrupted:
            return ToolResult("dropped")
        checked = self._toolbox.check(tool, arguments, self._tenant.config.allowed_tools)
        if isinstance(checked, ToolResult):
            return checked
        call_id = "call-" + secrets.token_urlsafe(9)
        if self._toolbox.needs_confirmation(tool):
            summary = self._toolbox.summary_of(tool, checked)
            self._learn(summary)
            question = Question(call_id, tool, checked, summary, self._clock())
            asked = self._tenant.texts.confirm.format(summary=summary)
            reply.ask(asked, lambda: self._pose(question, reply), spoken_question(asked))
            return ToolResult("asked")
        excuse = asyncio.get_running_loop().call_later(EXCUSE_SECONDS, reply.excuse)
        try:
            return await self._run(Question(call_id, tool, checked))
        finally:
            excuse.cancel()

    async def settle(self, call_id: str, approved: bool) -> tuple[Question, ToolResult] | None:
        """The user answered: run what was asked, or drop it. None when it is open no more, here or elsewhere."""
        self._question = None
        kept = await self._records.take_pending(call_id)
        if kept is None:
            return None
        asked = Question(**kept)
        if self._clock() - asked.asked_at > CONFIRM_SECONDS:
            return None
        if not approved:
            return asked, ToolResult("declined")
        return asked, await self._run(asked)

    async def drop(self) -> None:
        """The user spoke of something else: the open question is gone."""
        asked, self._question = self._question, None
        if asked is not None:
            await self._records.take_pending(asked.call_id)

    async def finish(self) -> None:
        """Wait for the tools that run; each has a time limit of its own."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _pose(self, question: Question, reply: Reply) -> None:
        """The question is about to be said: from now on it can be answered, unless the turn was cut off before it."""
        await self.drop()
        question = replace(question, asked_at=self._clock())
        await self._records.set_pending(vars(question))
        if reply.interrupted:
            await self._records.take_pending(question.call_id)
            return
        self._question = question
        self.show_question()

    async def _run(self, call: Question) -> ToolResult:
        """What has started is finished, told and kept, whoever stops waiting for it."""
        return await asyncio.shield(self._start(self._run_to_the_end(call)))

    def _start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _run_to_the_end(self, call: Question) -> ToolResult:
        self._transport.send({"type": "tool.called", "call_id": call.call_id, "tool": call.tool})
        outcome = ToolResult("failed")
        if await self._records.audit(
            "tool.called", tool=call.tool, call_id=call.call_id, arguments=dict(call.arguments)
        ):
            allowed, ended = self._tenant.config.allowed_tools, self._watch(call)
            outcome = await self._toolbox.run(self._caller, call.tool, call.arguments, allowed, on_finished=ended)
        await self._keep(call, outcome)
        return outcome

    def _watch(self, call: Question) -> Observer:
        """Notices when a tool that was given up ends after all: the user is told if it had been confirmed."""
        given_up = False
        loop = asyncio.get_running_loop()

        def ended(caller: Caller, tool: str, arguments: Mapping[str, Any], outcome: ToolResult) -> None:
            nonlocal given_up
            if given_up:
                loop.call_soon_threadsafe(lambda: self._start(self._end_late(call, outcome)))
            given_up = outcome.status == "timeout"

        return ended

    async def _end_late(self, call: Question, outcome: ToolResult) -> None:
        await self._keep(call, outcome)
        if call.summary:
            self._tell_late(call, outcome)

    async def _keep(self, call: Question, outcome: ToolResult) -> None:
        self._learn(outcome.value if outcome.status == "ok" else outcome.reason)
        succeeded = outcome.status == "ok"
        self._transport.send({"type": "tool.finished", "call_id": call.call_id, "tool": call.tool, "ok": succeeded})
        await self._records.audit("tool.finished", tool=call.tool, call_id=call.call_id, outcome=outcome.status)
