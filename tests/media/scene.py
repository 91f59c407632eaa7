"""The banker's voice in the user's microphone: conversation, ear, detector, recogniser and voice, in virtual time."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from banker.dataschema import parse
from banker.dialogue.brain import Caller, Outcome, Talk
from banker.dialogue.conversation import Conversation
from banker.dialogue.minds import Mind
from banker.dialogue.tools import Toolbox
from banker.media.loudness import near
from banker.settings import Tenant
from banker.speech import Recogniser, load_synthesiser
from banker.speech.prompt import listening_prompt
from banker.speechsettings import Speech
from tests.media.ears import new_ear
from tests.speech.sounds import RATE, mixed, sox

TICK = 0.02
TICK_BYTES = round(TICK * RATE) * 2
RECOGNITION = 0.4
ECHO, ECHO_TICKS = 0.1, 6
"""-20 dB, 120 ms late."""


class Scene:
    """A talk that has been greeted; a recognition takes 0.4 s of its time. `replies`: what each text is answered with.

    `played` is what was heard of the banker so far, in ticks of 20 ms; `held` whether its voice waits.
    """

    def __init__(self, recogniser: Recogniser, replies: Mapping[str, tuple[str, ...]]) -> None:
        self._recogniser = recogniser
        self._line, self._records = _Line(), _Records()
        values = {"tenant_id": "bank", "identity": {"issuer": "https://bank.example", "algorithms": ["HS256"]}}
        self.talk = Conversation(
            parse(Tenant, values),
            Caller("bank", "user"),
            Mind(_Brain(replies), Toolbox()),
            expires_at="",
            consented=True,
            line=self._line,
            records=self._records,
        )
        self.played = [bytes(TICK_BYTES)] * ECHO_TICKS
        turns = self.talk.turns
        self._ear = new_ear(turns, self._recognise, glimpse=self._recognise, over_voice=turns.over_voice)

    async def __aenter__(self) -> "Scene":
        await self.talk.load()
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._ear.close()
        await self.talk.close()

    @property
    def held(self) -> bool:
        return self._line.held

    @property
    def events(self) -> list[dict[str, Any]]:
        """What a client was sent."""
        return self._line.events

    def turns(self, role: str) -> list[dict[str, Any]]:
        """The record's turns of one side, the greeting left out."""
        return [turn for turn in self._records.kept[1:] if turn["role"] == role]

    async def ask(self, text: str) -> None:
        """Have this answered, and wait until the voice begins."""
        begun = self._line.begun
        self.talk.hear(text)
        while self._line.begun == begun:
            await asyncio.sleep(TICK)

    async def pass_tick(self, sound: bytes = b"", *, echo: bool) -> None:
        """20 ms in which the microphone hears `sound` and, with `echo`, the banker."""
        self.played.append(self._line.tick())
        frame = sound.ljust(TICK_BYTES, b"\0")
        self._ear.hear(mixed(frame, self.played[-1 - ECHO_TICKS], ECHO) if echo else frame)
        await asyncio.sleep(TICK)

    async def _recognise(self, sound: bytes) -> str:
        turns = self.talk.turns
        heard = self._recogniser.recognise(near(sound) if turns.over_voice() else sound, listening_prompt(()))
        await asyncio.sleep(RECOGNITION)
        return turns.believed(heard)


@functools.cache
def _spoken(text: str) -> bytes:
    voice = _voice()
    raw = ("-t", "raw", "-r", str(voice.sample_rate), "-e", "signed", "-b", "16", "-c", "1", "-")
    return sox(*raw, to=(), stdin=b"".join(voice.synthesise(text)))


@functools.cache
def _voice() -> Any:
    """The real voice, without the chance in it: it says a text in the same way in every run."""
    voice: Any = load_synthesiser(Speech())
    voice._voice.config.noise_scale = voice._voice.config.noise_w_scale = 0.0
    return voice


class _Line:
    """Implements `Line`: plays as `tick` is called."""

    reachable = audible = has_voice = hears = True
    sound_expected = False

    def __init__(self) -> None:
        self.begun = 0
        self.held = False
        self.events: list[dict[str, Any]] = []
        self._hushes = 0
        self._sound, self._at = b"", 0

    def tick(self) -> bytes:
        """The next 20 ms of what is heard."""
        if self.held or not self._sound:
            return bytes(TICK_BYTES)
        self._at += TICK_BYTES
        return self._sound[self._at - TICK_BYTES : self._at].ljust(TICK_BYTES, b"\0")

    def send(self, event: Mapping[str, Any]) -> None:
        self.events.append(dict(event))

    def prepare(self, text: str) -> None: ...

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        hushes, length = self._hushes, len(_spoken(text))
        self._sound, self._at = _spoken(text), 0
        self.begun += 1
        while self._at < length and hushes == self._hushes:
            await asyncio.sleep(TICK * 5)
            progress(min(1.0, self._at / length))
        self._sound = b""
        return min(1.0, self._at / length)

    def hush(self) -> None:
        self._hushes += 1
        self._sound = b""

    def hold(self) -> None:
        self.held = True

    def resume(self) -> None:
        self.held = False


class _Brain:
    def __init__(self, replies: Mapping[str, tuple[str, ...]]) -> None:
        self._replies = replies

    async def reply(self, talk: Talk) -> AsyncIterator[str]:
        for text in self._replies.get(talk.said, ("All right.",)):
            yield text + " "

    async def report(self, talk: Talk, tool: str, arguments: Mapping[str, Any], outcome: Outcome) -> AsyncIterator[str]:
        yield "Done."


class _Records:
    """Implements `Records`: a talk that has been greeted."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = [{"turn": 1, "role": "banker", "text": "Hello."}]

    async def turns(self) -> list[dict[str, Any]]:
        return list(self.kept)

    async def append(self, turn: Mapping[str, Any]) -> None:
        self.kept.append(dict(turn))

    async def pending(self) -> dict[str, Any] | None:
        return None

    async def ask(self, pending: Mapping[str, Any]) -> None: ...

    async def take(self, call_id: str) -> dict[str, Any] | None:
        return None

    async def note(self, event: str, **details: Any) -> None: ...
    async def grant_consent(self, version: str) -> None: ...
    async def revoke_consent(self) -> None: ...
