"""Calls in virtual time, of real parts alone: packets, ear, recogniser, conversation, agent, bank, voice and speaker.

Missing are the network, whose two ends are put together, and threads: while an engine works, time stands still, and
then as much of it passes as the engine is said to take. A minute of talk passes in a second or two, alike on every
machine.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from banker.agents.base import TurnContext
from banker.agents.safety import load_safety_topics
from banker.agents.scripted.agent import ScriptedAgent
from banker.agents.scripted.skills.loading import load_understanding
from banker.agents.tenant_agents import TenantAgent, example_utterances, load_knowledge
from banker.audit import Audit
from banker.config.loading import load
from banker.config.settings import Config, SpeechSettings
from banker.identity import EphemeralTokens
from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from banker.rtc.audio_out.playout import Speaker
from banker.rtc.calls.registry import CallRegistry
from banker.rtc.speech_engines import SpeechEngines
from banker.server.metrics import Metrics
from banker.sessions import MemoryStore, Sessions
from banker.speech import load_detector, load_recogniser, load_synthesiser
from banker.tools.base import ToolResult
from banker.tools.toolbox import Toolbox
from examples.bank import install
from tests.rtc.handset import Handset, Utterance
from tests.rtc.segmenters import run
from tests.servers import ROOT, SECRET_KEY

T = TypeVar("T")

ENGINE_SECONDS = {"voice": 0.1, "double-talk": 0.02}
RECOGNITION_SECONDS = 0.4
"""What the engines take, as on a machine with nothing else to do."""
Replies = Mapping[str, Sequence[str]]
"""What each text is answered with, sentence by sentence; others are with "All right."."""


class VirtualBank:
    """The demo bank's service in a loop of virtual time.

    `settings` replaces parts of the tenant, `replies` the agent.
    """

    def __init__(self, folder: Path, replies: Replies | None = None, **settings: Any) -> None:
        config = demo()
        self.tenant = replace(config.tenants["demo"], **settings)
        metrics, self.toolbox = Metrics(True), Toolbox()
        toolbox = self.toolbox
        toolbox.execution._threads = NoThreads()  # type: ignore[assignment]
        self.books = install(toolbox, folder / "bank.sqlite3")
        loaded = load_understanding(None, toolbox.specs(self.tenant.config.allowed_tools))
        scripted = ScriptedAgent(loaded.skills, loaded.model, executor=NoThreads())  # type: ignore[arg-type]
        agent = scripted if replies is None else _Brain(replies)
        safety = load_safety_topics() if replies is None else None
        self.sessions = Sessions(MemoryStore(100), EphemeralTokens(SECRET_KEY.encode()))
        self.queues: dict[str, VirtualQueue] = {}
        self.recognised: list[tuple[float, str, str]] = []
        """Each sound that was recognised: its length (s), its words, and the language that was asked for."""
        with (
            mock.patch("banker.rtc.calls.speech_pipeline.EngineQueue", self._queue),
            mock.patch("banker.rtc.audio_in.speech_input.EngineQueue", self._queue),
        ):
            self.calls = CallRegistry(
                replace(config, tenants={"demo": self.tenant}),
                self.sessions,
                {"demo": TenantAgent(agent, toolbox, load_knowledge(self.tenant.knowledge), safety)},
                Audit(None, metrics),
                SpeechEngines(synthesiser(), self, load_detector()),
                {},
                metrics,
            )

    async def __aenter__(self) -> "VirtualBank":
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.calls.close()

    # As the recogniser

    name = "whisper"

    def recognise(self, sound: bytes, prompt: str, language: str = "en", *, quick: bool = False) -> Any:
        found = recogniser().recognise(sound, prompt, language, quick=quick)
        self.recognised.append((len(sound) / 32_000, found.text, language))
        return found

    def _queue(self, name: str, *_: Any, **__: Any) -> "VirtualQueue":
        self.queues[name] = VirtualQueue(ENGINE_SECONDS.get(name, RECOGNITION_SECONDS))
        return self.queues[name]


class VirtualCall:
    """A customer's call at a bank. `connect`, `open_channel`, `agree` and `quiet` have to follow, or `begin` for all.

    `make_face` makes a face for the speaker. `events` are (time, event).
    """

    def __init__(self, bank: VirtualBank, make_face: Callable[[Speaker], Any] | None = None) -> None:
        self.bank = bank
        self.tenant = bank.tenant
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.speaker = Speaker()
        self.peer = _Peer(self._event, self.speaker)
        if make_face is not None:
            self.peer.avatar = make_face(self.speaker)
            self.speaker.changed = self.peer.avatar.wake

    async def __aenter__(self) -> "VirtualCall":
        self.session, _ = self.bank.sessions.create(
            tenant=self.tenant, user_id="demo-customer", portal_context={"account_id": "acc-789"}, claims={}
        )
        await self.bank.calls.open(self.session, self._event)
        self._call = self.bank.calls._calls[self.session.session_id]
        assert self._call.segmenter is not None
        self.segmenter = self._call.segmenter
        self.handset = Handset(JitterBuffer(self.segmenter), self.speaker)
        self._call.peer_offered(self.peer)  # type: ignore[arg-type]
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.handset.close()

    # What the customer does

    async def connect(self) -> None:
        """Sound reaches both sides from now on."""
        self.peer.is_connected = True
        self._call.peer_connected()

    async def open_channel(self) -> None:
        """Events do."""
        self.peer.has_channel = True
        self._call.channel_opened()

    async def agree(self) -> None:
        await self.send("consent.grant", version=self.tenant.consent.version)

    async def begin(self) -> "VirtualCall":
        """Connect, agree, and hear the greeting."""
        for step in (self.connect, self.open_channel, self.agree, self.quiet):
            await step()
        return self

    async def send(self, kind: str, **fields: Any) -> None:
        await self.bank.calls.receive(self.session.session_id, {"type": kind, **fields})

    async def type(self, text: str) -> None:
        await self.send("message.send", text=text)

    async def say(self, pcm: bytes, times: int = 1) -> Utterance:
        """Say this, so often, and return when it has been said."""
        utterance = self.handset.say(pcm, times)
        await utterance.done.wait()
        return utterance

    async def asks(self, pcm: bytes) -> str:
        """Say this and return the answer, when it has been heard."""
        before = len(self.turns("banker"))
        await self.say(pcm)
        await self.until(lambda: len(self.turns("banker")) > before, 30)
        await self.quiet()
        return self.turns("banker")[before]

    # What the customer hears and sees

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def of_type(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        return [event for _, event in self.events if event["type"] == kind and fields.items() <= event.items()]

    def turns(self, role: str) -> list[str]:
        """The final turns of one side that hold words; the greeting is one."""
        return [event["text"] for event in self.of_type("transcript", role=role, final=True) if event["text"]]

    @property
    def record(self) -> list[dict[str, Any]]:
        """What is kept of the talk."""
        return self.bank.sessions.store.turns(self.session.session_id)

    @property
    def state(self) -> str:
        return str((self.of_type("state") or [{"state": "listening"}])[-1]["state"])

    async def until(self, condition: Callable[[], Any], limit: float = 10.0) -> None:
        end = self.now + limit
        while not condition():
            told = (self.turns("user"), self.turns("banker"), self.bank.recognised)
            assert self.now < end, (f"not within {limit} s", *told)
            await asyncio.sleep(0.01)

    async def quiet(self, limit: float = 60.0) -> None:
        """Until the banker has finished, and nothing of it was heard for 300 ms."""
        await asyncio.sleep(0.05)

        def finished() -> bool:
            said = bool(self.turns("banker")) and self.state == "listening" and not self._call.transport._is_paused
            return said and self.now - self.handset.heard[-1][0] >= 0.3

        await self.until(finished, limit)

    async def speaking(self, seconds: float) -> None:
        """Until so much more of the banker's voice was heard."""
        heard = len(self.handset.heard) + round(seconds * 50)
        await self.until(lambda: len(self.handset.heard) >= heard, 30)

    def _event(self, event: Mapping[str, Any]) -> None:
        self.events.append((self.now, dict(event)))


def talk(
    folder: Path,
    story: Callable[[VirtualCall], Coroutine[Any, Any, T]],
    replies: Replies | None = None,
    **settings: Any,
) -> T:
    """Play a story in a call that has begun, at a bank with these settings."""

    async def go() -> T:
        async with VirtualBank(folder, replies, **settings) as bank, VirtualCall(bank) as call:
            return await story(await call.begin())

    return run(go())


class VirtualQueue:
    """In the place of an `EngineQueue`: works at once, and `seconds` pass. Raises `refuses` if it is set."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.refuses: Exception | None = None
        self.jobs = self.most_jobs = 0

    async def run(self, work: Callable[[], T], *_: float) -> T:
        if self.refuses is not None:
            raise self.refuses
        self.jobs += 1
        self.most_jobs = max(self.most_jobs, self.jobs)
        try:
            result = work()
            await asyncio.sleep(self.seconds)
        finally:
            self.jobs -= 1
        return result

    def close(self) -> None: ...


class _Brain:
    """Answers as scripted."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies

    async def reply(self, talk: TurnContext) -> AsyncIterator[str]:
        for text in self._replies.get(talk.user_text, ("All right.",)):
            yield text + " "

    async def report(
        self, talk: TurnContext, tool: str, arguments: Mapping[str, Any], outcome: ToolResult
    ) -> AsyncIterator[str]:
        yield "Done."

    async def anticipate(self, context: TurnContext) -> bool:
        return False


class NoThreads:
    """In the place of a toolbox's threads."""

    size = 16

    def submit(self, work: Callable[..., T], *arguments: Any) -> "Future[T]":
        done: Future[T] = Future()
        done.set_result(work(*arguments))
        return done


class _Peer:
    """In the place of a connection: events arrive at once, and sound is taken by whoever plays `speaker`."""

    is_connected = has_channel = False
    avatar: Any = None

    def __init__(self, send: Callable[[Mapping[str, Any]], None], speaker: Speaker) -> None:
        self.send = send
        self.speaker = speaker

    def drop(self, why: str) -> None:
        raise AssertionError(why)

    async def close(self) -> None:
        self.speaker.stop()


class _Voice:
    """The real voice, which says a text in the same way in every run, and once in all tests."""

    def __init__(self) -> None:
        voice = load_synthesiser(SpeechSettings())
        assert voice is not None
        self.name, self.sample_rate = voice.name, voice.sample_rate
        self._say = functools.cache(lambda text, rate: list(voice.synthesise(text, rate)))

    def synthesise(self, text: str, rate: float = 1.0) -> Iterator[bytes]:
        yield from self._say(text, rate)


@functools.cache
def synthesiser() -> _Voice:
    return _Voice()


@functools.cache
def demo() -> Config:
    return load(ROOT / "config", {"BANKER_DEMO": "1"})


@functools.cache
def recogniser() -> Any:
    """The packaged recogniser, once in all tests."""
    return load_recogniser(SpeechSettings(), example_utterances())
