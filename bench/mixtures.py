"""A hundred mixtures over the banker's voice: what should stop it, what should not, and how often that goes wrong.

The conversation, its turn-taking, the ear, the detector, the recogniser and the voice are the real ones; time is
virtual, and a recognition takes 0.4 s of it.
"""

import asyncio
import functools
import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
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
from banker.speech.whisper import WhisperRecogniser
from banker.speechsettings import Speech
from bench.hearing import NOISE_DB, VOICES, level, progress
from tests.media.ears import new_ear, run
from tests.speech.sounds import RATE, mixed, noise, pause, say, sox

TICK = 0.02
TICK_BYTES = round(TICK * RATE) * 2
RECOGNITION = 0.4
ECHO, ECHO_TICKS = 0.1, 6
"""-20 dB, 120 ms late."""
ANSWER = (
    "Your checking account and your savings account are both active and in good order.",
    "Our branches in the centre and at the harbour are open from nine to five.",
    "A lost card is blocked within a minute, and the new one comes by mail.",
)
MM_HM, UH_HUH = "[[m'h@m:]]", "[[V'hV]]"
"""As espeak-ng's phonemes; it would spell the first one."""
HARMLESS = ("(cough)", "(keyboard)", "(music)", "(hum)", "(echo)", MM_HM, "okay", "yeah", "right, right", UH_HUH)
MEANT = (
    "stop",
    "wait a moment",
    "no, that is wrong",
    "what is the balance of my savings account",
    "I want to open a ticket",
    "sorry, I have another question",
)


@dataclass(frozen=True)
class Mixture:
    """What is heard while the banker speaks."""

    what: str
    voice: str
    noisy: bool
    echo: bool
    after: float
    """Seconds of the banker's answer before it."""

    @property
    def meant(self) -> bool:
        """Whether it should stop the banker."""
        return self.what in MEANT

    def sound(self) -> bytes:
        """s16 mono, 16 kHz."""
        match self.what:
            case "(cough)":
                return noise("cough", 1.0)
            case "(keyboard)" | "(music)":
                return noise(self.what.strip("()"), 3.0)
            case "(hum)":
                return noise("pink", 3.0)
            case "(echo)":
                return pause(0.1)
        return say(self.what, self.voice)


def figures(number: int) -> Iterator[tuple[str, str, str]]:
    """Half of the mixtures should stop the banker, half should not."""
    recogniser, waits, wrong = WhisperRecogniser(threads=2), [], []
    drawn = list(mixtures(number))
    for n, mixture in enumerate(drawn, 1):
        progress(f"mixture {n} of {number}: {mixture.what}")
        stopped, silent_after = run(_scene(mixture, recogniser))
        if stopped != mixture.meant:
            wrong.append(mixture)
            progress(f"wrong: {mixture}")
        if mixture.meant and silent_after is not None:
            waits.append(silent_after)
    meant = [mixture for mixture in drawn if mixture.meant]
    false = sum(not mixture.meant for mixture in wrong)
    yield f"false interruptions, {number - len(meant)} mixtures", str(false), "0, of 100 at most 2"
    yield f"missed interruptions, {len(meant)} mixtures", str(len(wrong) - false), "0, of 100 at most 2"
    if waits:
        ordered = sorted(waits)
        late = ordered[round(0.95 * (len(ordered) - 1))]
        value = f"{ordered[len(ordered) // 2] * 1000:.0f}, p95 {late * 1000:.0f} ms"
        yield "speech over the banker to its silence, in these", value, "300 ms"


def mixtures(number: int) -> Iterator[Mixture]:
    """The same ones in every run."""
    chance = random.Random(6)
    kinds = zip(itertools.cycle(HARMLESS), itertools.cycle(MEANT))
    for what in itertools.islice(itertools.chain.from_iterable(kinds), number):
        noisy, echo = chance.random() < 0.4, what == "(echo)" or chance.random() < 0.4
        yield Mixture(what, chance.choice(VOICES), noisy, echo, chance.uniform(1.0, 4.0))


async def _scene(mixture: Mixture, recogniser: Recogniser) -> tuple[bool, float | None]:
    """Whether the answer was interrupted, and how long after the sound's beginning (s) the voice was held first."""
    line, records = _Line(), _Records()
    values = {"tenant_id": "bank", "identity": {"issuer": "https://bank.example", "algorithms": ["HS256"]}}
    mind = Mind(_Brain(), Toolbox())
    talk = Conversation(
        parse(Tenant, values), Caller("bank", "user"), mind, expires_at="", consented=True, line=line, records=records
    )
    await talk.load()

    async def recognise(sound: bytes) -> str:
        heard = recogniser.recognise(near(sound) if talk.turns.over_voice() else sound, listening_prompt(()))
        await asyncio.sleep(RECOGNITION)
        return talk.turns.believed(heard)

    ear = new_ear(talk.turns, recognise, glimpse=recognise, over_voice=talk.turns.over_voice)
    sound, began = mixture.sound(), round(mixture.after / TICK)
    hum = noise("pink", 40.0) if mixture.noisy else b""
    loudness = level(say("stop")) / level(hum) / 10 ** (NOISE_DB / 20) if hum else 0.0
    played = [bytes(TICK_BYTES)] * ECHO_TICKS
    held_at = None
    talk.hear("Tell me everything.")
    while not line.started:
        await asyncio.sleep(TICK)
    for tick in range(round(20 / TICK)):
        played.append(line.tick())
        at = (tick - began) * TICK_BYTES
        frame = sound[at : at + TICK_BYTES].ljust(TICK_BYTES, b"\0") if 0 <= at < len(sound) else bytes(TICK_BYTES)
        if mixture.echo:
            frame = mixed(frame, played[-1 - ECHO_TICKS], ECHO)
        if hum:
            frame = mixed(frame, hum[tick * TICK_BYTES : (tick + 1) * TICK_BYTES], loudness)
        ear.hear(frame)
        await asyncio.sleep(TICK)
        if held_at is None and line.held and tick >= began:
            held_at = (tick - began) * TICK
        if at > len(sound) and records.answers:
            break
    interrupted = any(turn.get("interrupted") for turn in records.answers)
    ear.close()
    await talk.close()
    return interrupted, held_at


@functools.cache
def _spoken(text: str) -> bytes:
    voice = _voice()
    raw = ("-t", "raw", "-r", str(voice.sample_rate), "-e", "signed", "-b", "16", "-c", "1", "-")
    return sox(*raw, to=(), stdin=b"".join(voice.synthesise(text)))


@functools.cache
def _voice() -> Any:
    return load_synthesiser(Speech())


class _Line:
    """Implements `Line`: plays as `tick` is called."""

    reachable = audible = has_voice = hears = True
    sound_expected = False

    def __init__(self) -> None:
        self.started = False
        self.held = False
        self._hushes = 0
        self._sound, self._at = b"", 0

    def tick(self) -> bytes:
        """The next 20 ms of what is heard."""
        if self.held or not self._sound:
            return bytes(TICK_BYTES)
        self._at += TICK_BYTES
        return self._sound[self._at - TICK_BYTES : self._at].ljust(TICK_BYTES, b"\0")

    def send(self, event: Mapping[str, Any]) -> None: ...
    def prepare(self, text: str) -> None: ...

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        hushes, length = self._hushes, len(_spoken(text))
        self._sound, self._at, self.started = _spoken(text), 0, True
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
    async def reply(self, talk: Talk) -> AsyncIterator[str]:
        for text in ANSWER if talk.said == "Tell me everything." else ("All right.",):
            yield text + " "

    async def report(self, talk: Talk, tool: str, arguments: Mapping[str, Any], outcome: Outcome) -> AsyncIterator[str]:
        yield "Done."


class _Records:
    """Implements `Records`: a talk that has been greeted."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = [{"turn": 1, "role": "banker", "text": "Hello."}]

    @property
    def answers(self) -> list[dict[str, Any]]:
        return [turn for turn in self.kept[1:] if turn["role"] == "banker"]

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
