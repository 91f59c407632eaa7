"""A conversation in real time: a transport that speaks fast, a real store, real tools and a scripted agent."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from marshmallow import RAISE

from banker.agents.base import TurnContext
from banker.agents.tenant_agents import TenantAgent
from banker.audit import Audit
from banker.audit.private_trail import AuditEvent
from banker.config.dataclass_schema import parse
from banker.config.tenant import Tenant
from banker.conversation.builder import build_conversation
from banker.conversation.conversation import Conversation
from banker.conversation.events import BANKER_EVENTS, read_event
from banker.conversation.transport import TransportError
from banker.identity import EphemeralTokens
from banker.server.metrics import Metrics
from banker.sessions import MemoryStore, Sessions
from banker.sessions.conversation_records import StoredSessionRecords
from banker.sessions.store import StoreUnavailable
from banker.speech.tts.manner import USUAL
from banker.tools.base import Caller, ToolResult
from banker.tools.toolbox import Toolbox
from tests.servers import SECRET_KEY

STEP_S = 0.01
LETTER_S = 0.0025
Step = str | float | Exception | tuple[str, dict[str, Any]]
"""Words, a pause in seconds, an exception, or a tool call whose outcome is said."""


async def until(condition: Callable[[], object], limit: float = 5.0, what: str = "the condition") -> None:
    """Wait until `condition()` is true; fail the test after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"{what} was not met within {limit} s"
        await asyncio.sleep(0.002)


class ScriptedAgent:
    """Answers each text by its steps, and everything else by an echo. `contexts` are those it was given."""

    def __init__(self, **answers: Sequence[Step]) -> None:
        self.answers = answers
        self.contexts: list[TurnContext] = []
        self.reported: list[tuple[str, Mapping[str, Any], ToolResult]] = []

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        self.contexts.append(context)
        context.dialogue_state["replies"] = context.dialogue_state.get("replies", 0) + 1
        for step in self.answers.get(context.user_text, [f"You said {context.user_text}."]):
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif isinstance(step, Exception):
                raise step
            elif isinstance(step, tuple):
                outcome = await context.call_tool(*step)
                if outcome.status in ("asked", "dropped"):
                    return
                yield f"It went {outcome.status}. {outcome.value or ''}"
            else:
                yield step

    async def report(
        self, context: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        self.reported.append((tool, arguments, outcome))
        yield f"The ticket is {outcome.status}."

    async def anticipate(self, context: TurnContext) -> bool:
        return False

    async def resume(self, context: TurnContext) -> AsyncIterator[str]:
        yield f"We were at reply {context.dialogue_state.get('replies', 0)}."


class FastTransport:
    """Implements `Transport`: keeps events, and fails on one that does not match its schema. `voice`: it is audible."""

    audio_expected = False
    manner = USUAL

    def __init__(self, voice: bool = False) -> None:
        self.can_speak = self.audible = self.can_listen = voice
        self.reachable = True
        self.broken = False
        """The voice fails."""
        self.events: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.spoken: list[str] = []
        self._stopped = asyncio.Event()

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
        self._stopped.clear()
        elapsed, seconds = 0.0, len(text) * LETTER_S  # counted in steps: a busy machine skips none of them
        while elapsed < seconds:
            progress(elapsed / seconds)
            try:
                await asyncio.wait_for(self._stopped.wait(), STEP_S)
            except TimeoutError:
                elapsed += STEP_S
                continue
            return elapsed / seconds
        return 1.0

    def stop_speaking(self) -> None:
        self._stopped.set()

    def of_type(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind and fields.items() <= event.items()]

    @property
    def said(self) -> list[str]:
        """The agent's finished turns."""
        return [event["text"] for event in self.of_type("transcript", role="banker", final=True)]

    @property
    def partial(self) -> str:
        """What the client shows of the agent's current turn."""
        return str((self.of_type("transcript", role="banker", final=False) or [{"text": ""}])[-1]["text"])

    @property
    def state(self) -> str:
        return str((self.of_type("state") or [{"state": "listening"}])[-1]["state"])


@dataclass
class FakeBank:
    """The bank's tools. `tickets` were opened; each call takes `seconds`, and the look-up raises `error`."""

    tickets: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    error: Exception | None = None
    started: threading.Event = field(default_factory=threading.Event)
    lookup: Callable[[Caller], Any] | None = None
    call_ids: list[str] = field(default_factory=list)
    transfers: list[tuple[str, Decimal, str]] = field(default_factory=list)
    contexts: list[dict[str, str]] = field(default_factory=list)
    """Where in the portal the user was, by the calls of `get_account_status`."""
    step_up: Any = True
    """Whether, or when, a transfer needs a step-up."""

    def toolbox(self, timeout: float = 5.0) -> Toolbox:
        toolbox = Toolbox()

        summary = "open a ticket with the subject “{subject}”"

        @toolbox.tool(confirm=True, timeout=timeout, summary=summary, lookup=self.lookup)
        def create_ticket(caller: Caller, subject: str) -> dict[str, str]:
            self.started.set()
            self.call_ids.append(caller.call_id)
            time.sleep(self.seconds)
            self.tickets.append((caller.user_id, subject))
            return {"ticket_id": f"T-{len(self.tickets)}"}

        @toolbox.tool(confirm=True, summary="transfer {amount} to {payee}", step_up=self.step_up, lookup=self.lookup)
        def transfer(caller: Caller, amount: Decimal, payee: str) -> dict[str, str]:
            self.call_ids.append(caller.call_id)
            time.sleep(self.seconds)
            self.transfers.append((caller.user_id, amount, payee))
            return {"transfer_id": f"TR-{len(self.transfers)}"}

        @toolbox.tool(timeout=timeout)
        def get_account_status(caller: Caller) -> dict[str, str]:
            self.contexts.append(dict(caller.portal_context))
            time.sleep(self.seconds)
            if self.error is not None:
                raise self.error
            return {"balance": "1234.56"}

        return toolbox


class Harness:
    """One session, and the conversations that are connected to it, one after the other or at once."""

    def __init__(
        self,
        agent: Any,
        *,
        allowed: Sequence[str] = ("create_ticket", "get_account_status", "transfer"),
        consent: bool = False,
        timeout: float = 5.0,
        audit: Any = None,
        lookup: Callable[[Caller], Any] | None = None,
        step_up: Any = True,
    ) -> None:
        self.agent = agent
        self.bank = FakeBank(lookup=lookup, step_up=step_up)
        self.now = time.time()
        policy = {"require_consent": consent, "max_session_duration_minutes": 30, "rate_limit_per_minute": 10}
        identity = {"issuer": "https://bank.example", "algorithms": ["HS256"]}
        config = {"greeting": "Welcome.", "allowed_tools": list(allowed), "policy": policy}
        self.tenant = parse(Tenant, {"tenant_id": "bank", "identity": identity, "config": config})
        self.entries: list[AuditEvent] = []
        self.audit = Audit(audit or self, Metrics(False), required=audit is not None)
        self.sessions = Sessions(MemoryStore(10), EphemeralTokens(SECRET_KEY.encode()), lambda: self.now)
        self.session, _ = self.sessions.create(tenant=self.tenant, user_id="user-1", portal_context={}, claims={})
        self.toolbox = self.bank.toolbox(timeout)
        self._tenant_agent = TenantAgent(agent, self.toolbox)
        self._open: list[Conversation] = []
        self.store_is_away = False

    def append(self, event: AuditEvent) -> None:
        """Take an entry, as an audit trail does."""
        self.entries.append(event)

    async def connect(self, transport: FastTransport) -> "Client":
        """Connect a client, as if to another process."""
        process = Process()

        async def in_store(work: Callable[[], Any]) -> Any:
            await asyncio.sleep(0)
            if self.store_is_away or process.is_dead:
                raise StoreUnavailable
            return work()

        session = self.sessions.find(self.session.session_id)
        conversation = build_conversation(
            self.tenant,
            Caller("bank", "user-1", session_id=self.session.session_id),
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
        return Client(conversation, transport, process)

    def kill(self, client: "Client") -> None:
        """End a client's process: nothing of its conversation reaches the store, the client or this harness."""
        client.process.is_dead = True
        client.transport.reachable = False
        self._open.remove(client.conversation)

    @property
    def turns(self) -> list[dict[str, Any]]:
        return self.sessions.store.turns(self.session.session_id)

    async def close(self) -> None:
        for conversation in self._open:
            await asyncio.wait_for(conversation.close(), 15)


@dataclass
class Process:
    """The process of a conversation."""

    is_dead: bool = False


class Client:
    """One connection, with the user's actions."""

    def __init__(self, conversation: Conversation, transport: FastTransport, process: Process) -> None:
        self.conversation = conversation
        self.transport = transport
        self.process = process

    async def send(self, kind: str, **fields: Any) -> None:
        await self.conversation.receive(read_event({"type": kind, **fields}))

    async def type(self, text: str) -> None:
        await self.send("message.send", text=text)

    async def says(self, text: str, limit: float = 5.0) -> str:
        """Type a text and return the agent's next finished turn."""
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


def run(harness: Harness, story: Callable[[Client], Any], *, voice: bool = False) -> None:
    """Run a story with the first client, which has been greeted."""

    async def main() -> None:
        client = await harness.connect(FastTransport(voice))
        try:
            await until(
                lambda: (
                    (client.transport.said == ["Welcome."] and (harness.turns or harness.store_is_away))
                    or not client.conversation.consent.given
                ),
                what="the greeting",
            )
            await story(client)
        finally:
            await harness.close()

    asyncio.run(main())
