"""Fakes around a conversation in virtual time: a slow voice, records in memory, two tools and a scripted agent."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any

from banker.agents.base import TurnContext
from banker.speech.tts.manner import USUAL
from banker.tools.base import Caller, ProposedCall, ToolResult, ToolSpec

LETTERS_PER_S = 15.0
"""How fast the agent and the user speak."""

Script = list[str | float]
"""What the agent yields; a number is a pause in seconds, `tool:<name>` a tool call."""


class _VirtualSelector(selectors.SelectSelector):
    """Never waits: when nothing is ready, the clock jumps to the next timer."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "every task waits forever"
            self.now += max(0.0, timeout)
        return ready


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self) -> None:
        self.selector = _VirtualSelector()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Run `func` at once, because a clock that jumps does not wait for a thread."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done


def run(story: Coroutine[Any, Any, Any]) -> None:
    """Run a story in virtual time."""
    with asyncio.Runner(loop_factory=VirtualEventLoop) as runner:
        runner.run(asyncio.wait_for(story, 3600))


def now() -> float:
    """The virtual time (s)."""
    return asyncio.get_running_loop().time()


class FakeTransport:
    """Implements `Transport`: speaks letter by letter, and records the events and what was heard."""

    reachable = True
    audible = True
    audio_expected = False
    can_speak = can_listen = True
    manner = USUAL

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.heard: list[tuple[float, str]] = []
        """Each letter that was heard, with its time."""
        self.paused = False
        self._stops = 0

    def send(self, event: Mapping[str, Any]) -> None:
        self.events.append(dict(event))

    def prepare(self, text: str) -> None:
        pass

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        stops, sent = self._stops, 0
        while sent < len(text):
            await asyncio.sleep(1 / LETTERS_PER_S)
            if stops != self._stops:
                break
            if not self.paused:
                self.heard.append((now(), text[sent]))
                sent += 1
            if sent % 3 == 0:
                progress(sent / len(text))
        return sent / len(text)

    def stop_speaking(self) -> None:
        self._stops += 1

    def pause_speaking(self) -> None:
        self.paused = True

    def resume_speaking(self) -> None:
        self.paused = False

    def is_speaking(self) -> bool:
        """Whether a letter was heard just now."""
        return bool(self.heard) and now() - self.heard[-1][0] < 1.5 / LETTERS_PER_S

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    def states(self) -> list[str]:
        return [event["state"] for event in self.of_type("state")]


class FakeRecords:
    """Implements `SessionRecords` in memory."""

    def __init__(self) -> None:
        self.stored: list[dict[str, Any]] = []
        self.consent_revoked = False
        self._pending: dict[str, Any] | None = None

    async def turns(self) -> list[dict[str, Any]]:
        return list(self.stored)

    async def append(self, turn: Mapping[str, Any]) -> None:
        await asyncio.sleep(0.002)
        self.stored.append(dict(turn))

    async def pending(self) -> dict[str, Any] | None:
        return self._pending

    async def set_pending(self, pending: Mapping[str, Any]) -> None:
        self._pending = dict(pending)

    async def take_pending(self, call_id: str, run_by: str | None = None) -> dict[str, Any] | None:
        taken, self._pending = self._pending, None
        return taken if taken is not None and taken["call_id"] == call_id else None

    async def step_up(self) -> dict[str, Any] | None:
        return None

    async def take_step_up(self, call_id: str, run_by: str) -> dict[str, Any] | None:
        return None

    async def drop_step_up(self, call_id: str) -> bool:
        return False

    async def running(self) -> dict[str, Any] | None:
        return None

    async def set_running_result(self, call_id: str, result: Mapping[str, Any] | None) -> None: ...

    async def audit(self, event: str, **details: Any) -> bool:
        return True

    async def grant_consent(self, version: str) -> bool:
        return True

    async def revoke_consent(self) -> None:
        self.consent_revoked = True


class FakeToolbox:
    """Stands for the toolbox: `open_ticket` needs a confirmation, `look_up` does not; each takes `seconds`."""

    def __init__(self, seconds: float = 0.1) -> None:
        self.seconds = seconds
        self.ran: list[str] = []

    def specs(self, allowed: Any) -> list[ToolSpec]:
        return []

    def check(self, name: str, arguments: Any, allowed: Any) -> Any:
        return arguments

    def page(self, name: str) -> str | None:
        return None

    def needs_confirmation(self, name: str) -> bool:
        return name == "open_ticket"

    async def propose(self, caller: Caller, name: str, arguments: Any, allowed: Any) -> ProposedCall:
        return ProposedCall(name, arguments, "open a ticket")

    async def run(self, caller: Caller, name: str, arguments: Any, allowed: Any, **options: Any) -> ToolResult:
        await asyncio.sleep(self.seconds)
        self.ran.append(name)
        return ToolResult("ok", {})


class FakeAgent:
    """Yields what the script has for the user's words, or the same sentence for everything else."""

    def __init__(self, script: Mapping[str, Script]) -> None:
        self.script = script
        self.asked: list[str] = []

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        self.asked.append(context.user_text)
        for piece in self.script.get(context.user_text, ["You said that."]):
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            elif piece.startswith("tool:"):
                await context.call_tool(piece.removeprefix("tool:"), {})
            else:
                yield piece + " "

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        yield f"The ticket is {outcome.status}."

    async def anticipate(self, context: TurnContext) -> bool:
        return False
