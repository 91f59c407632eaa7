"""A conversation in the test's own loop: a line that speaks fast, a real store, real tools, a scripted agent."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import RAISE

from banker.agents.base import TurnContext
from banker.agents.registry import TenantAgent
from banker.audit import Audit
from banker.audit.chain import Fields
from banker.config.dataclass_schema import parse
from banker.config.tenant import Tenant
from banker.conversation.conversation import Conversation
from banker.conversation.events import BANKER_EVENTS, read_event
from banker.conversation.transport import TransportError
from banker.errors import ApiError
from banker.identity import EphemeralTokens
from banker.server.metrics import Metrics
from banker.sessions import MemoryStore, Sessions
from banker.sessions.records import StoredSessionRecords
from banker.tools.base import Caller, ToolResult
from banker.tools.toolbox import Toolbox
from tests.servers import SECRET_KEY

SECONDS_A_LETTER = 0.0025
Step = str | float | Exception | tuple[str, dict[str, Any]]
"""Words, a pause in seconds, a failure, or the use of a tool (whose outcome is said)."""


async def until(condition: Callable[[], object], limit: float = 5.0, what: str = "the condition") -> None:
    """Wait until `condition()` is true; fail the test after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"{what} was not met within {limit} s"
        await asyncio.sleep(0.002)


class Script:
    """An agent that answers each text by its steps, and everything else by an echo; `talks` are those it was given."""

    def __init__(self, **answers: Sequence[Step]) -> None:
        self.answers = answers
        self.talks: list[TurnContext] = []
        self.reported: list[tuple[str, Mapping[str, Any], ToolResult]] = []

    async def reply(self, talk: TurnContext) -> AsyncIterator[str]:
        self.talks.append(talk)
        talk.dialogue_state["replies"] = talk.dialogue_state.get("replies", 0) + 1
        for step in self.answers.get(talk.user_text, [f"You said {talk.user_text}."]):
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif isinstance(step, Exception):
                raise step
            elif isinstance(step, tuple):
                outcome = await talk.call_tool(*step)
                if outcome.status in ("asked", "dropped"):
                    return
                yield f"It went {outcome.status}. {outcome.value or ''}"
            else:
                yield step

    async def report(
        self, talk: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        self.reported.append((tool, arguments, outcome))
        yield f"The ticket is {outcome.status}."


class FakeLine:
    """Implements `Transport`: keeps events, and fails on one that does not fit its schema. `voice`: it is audible."""

    audio_expected = False

    def __init__(self, voice: bool = False) -> None:
        self.can_speak = self.audible = self.can_listen = voice
        self.reachable = True
        self.broken = False
        """The voice fails."""
        self.events: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.spoken: list[str] = []
        self._hushed = asyncio.Event()

    def send(self, event: Mapping[str, Any]) -> None:
        event = json.loads(json.dumps(event))
        BANKER_EVENTS[event["type"]]().load(event, unknown=RAISE)
        self.events.append(event)
        self.times.append(time.monotonic())

    def prepare(self, text: str) -> None:
        pass

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        if self.broken:
            raise TransportError("the voice is broken")
        self.spoken.append(text)
        self._hushed.clear()
        began, seconds = time.monotonic(), len(text) * SECONDS_A_LETTER
        while (fraction := (time.monotonic() - began) / seconds) < 1:
            progress(fraction)
            try:
                await asyncio.wait_for(self._hushed.wait(), 0.01)
            except TimeoutError:
                continue
            return (time.monotonic() - began) / seconds
        return 1.0

    def stop_speaking(self) -> None:
        self._hushed.set()

    def of_type(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind and fields.items() <= event.items()]

    @property
    def said(self) -> list[str]:
        """The banker's finished turns."""
        return [event["text"] for event in self.of_type("transcript", role="banker", final=True)]

    @property
    def partial(self) -> str:
        """What the caption shows of the banker's turn under way."""
        return str((self.of_type("transcript", role="banker", final=False) or [{"text": ""}])[-1]["text"])

    @property
    def state(self) -> str:
        return str((self.of_type("state") or [{"state": "listening"}])[-1]["state"])


@dataclass
class Desk:
    """The bank's tools: `tickets` are those opened, `seconds` how long one takes, `error` what it raises."""

    tickets: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    error: Exception | None = None
    started: threading.Event = field(default_factory=threading.Event)

    def toolbox(self, timeout: float = 5.0) -> Toolbox:
        toolbox = Toolbox()

        @toolbox.tool(confirm=True, timeout=timeout, summary="open a ticket with the subject “{subject}”")
        def create_ticket(caller: Caller, subject: str) -> dict[str, str]:
            self.started.set()
            time.sleep(self.seconds)
            self.tickets.append((caller.user_id, subject))
            return {"ticket_id": f"T-{len(self.tickets)}"}

        @toolbox.tool(timeout=timeout)
        def get_account_status(caller: Caller) -> dict[str, str]:
            time.sleep(self.seconds)
            if self.error is not None:
                raise self.error
            return {"balance": "1234.56"}

        return toolbox


class World:
    """A session and whatever conversations are held over it, one after the other or at once."""

    def __init__(
        self,
        agent: Any,
        *,
        allowed: Sequence[str] = ("create_ticket", "get_account_status"),
        consent: bool = False,
        timeout: float = 5.0,
        audit: Any = None,
    ) -> None:
        self.agent = agent
        self.desk = Desk()
        self.now = time.time()
        policy = {"require_consent": consent, "max_session_duration_minutes": 30, "rate_limit_per_minute": 10}
        identity = {"issuer": "https://bank.example", "algorithms": ["HS256"]}
        config = {"greeting": "Welcome.", "allowed_tools": list(allowed), "policy": policy}
        self.tenant = parse(Tenant, {"tenant_id": "bank", "identity": identity, "config": config})
        self.entries: list[Fields] = []
        self.audit = Audit(audit or self, Metrics(False), required=audit is not None)
        self.sessions = Sessions(MemoryStore(10), EphemeralTokens(SECRET_KEY.encode()), lambda: self.now)
        self.session, _ = self.sessions.create(tenant=self.tenant, user_id="user-1", portal_context={}, claims={})
        self._tenant_agent = TenantAgent(agent, self.desk.toolbox(timeout))
        self._open: list[Conversation] = []

    def append(self, fields: Fields) -> None:
        """As an audit trail."""
        self.entries.append(fields)

    async def talk(self, transport: FakeLine) -> "Talking":
        """A connection, in a process of its own as far as anybody can tell."""

        async def in_store(work: Callable[[], Any]) -> Any:
            await asyncio.sleep(0)
            try:
                return work()
            except ApiError:
                return None

        session = self.sessions.find(self.session.session_id)
        conversation = Conversation(
            self.tenant,
            Caller("bank", "user-1"),
            self._tenant_agent,
            expires_at="2026-11-24T12:00:00Z",
            consented=session.consent is not None,
            transport=transport,
            records=StoredSessionRecords(in_store, self.sessions, self.audit, session),
            clock=lambda: self.now,
        )
        await conversation.load()
        self._open.append(conversation)
        conversation.connected()
        return Talking(conversation, transport)

    @property
    def turns(self) -> list[dict[str, Any]]:
        return self.sessions.store.turns(self.session.session_id)

    async def close(self) -> None:
        for conversation in self._open:
            await asyncio.wait_for(conversation.close(), 15)


class Talking:
    """One connection as its user has it."""

    def __init__(self, conversation: Conversation, transport: FakeLine) -> None:
        self.conversation = conversation
        self.transport = transport

    async def send(self, kind: str, **fields: Any) -> None:
        await self.conversation.receive(read_event({"type": kind, **fields}))

    async def type(self, text: str) -> None:
        await self.send("message.send", text=text)

    async def says(self, text: str, limit: float = 5.0) -> str:
        """Type a text and return the banker's next finished turn."""
        before = len(self.transport.said)
        await self.type(text)
        return await self.next(before, limit)

    async def next(self, before: int, limit: float = 5.0) -> str:
        await until(
            lambda: len(self.transport.said) > before and self.transport.state == "listening", limit, "an answer"
        )
        return self.transport.said[before]

    async def question(self, nth: int = 1) -> str:
        """The call id of the nth question."""
        await until(lambda: len(self.transport.of_type("confirm.request")) >= nth, what="a question")
        return str(self.transport.of_type("confirm.request")[nth - 1]["call_id"])


def run(world: World, story: Callable[[Talking], Any], *, voice: bool = False) -> None:
    """Play a story over the first connection of a world; greeted already."""

    async def main() -> None:
        talking = await world.talk(FakeLine(voice))
        try:
            await until(lambda: talking.transport.said == ["Welcome."] or not talking.conversation._consented)
            await story(talking)
        finally:
            await world.close()

    asyncio.run(main())
