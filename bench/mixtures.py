"""A hundred mixtures over the banker's voice: what should stop it, what should not, and how often that goes wrong.

The conversation, its turn-taking, the ear, the detector, the recogniser and the voice are the real ones; time is
virtual, and a recognition takes 0.4 s of it.
"""

import itertools
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.figure import Figure
from bench.hearing import NOISE_DB, VOICES, level
from bench.progress import progress
from tests.rtc.virtual_call import VirtualCall, talk
from tests.speech.sounds import mixed, noise, pause, say

ECHO = 0.1
"""-20 dB."""
NOISE_SECONDS = 10.0
ASKED = "Tell me everything."
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


def figures(number: int) -> Iterator[Figure]:
    """Half of the mixtures should stop the banker, half should not."""
    waits, wrong, drawn = [], [], list(mixtures(number))
    for n, mixture in enumerate(drawn, 1):
        progress(f"mixture {n} of {number}: {mixture.what}")
        with tempfile.TemporaryDirectory() as folder:
            stopped, silent_after = talk(Path(folder), partial(_story, mixture=mixture), {ASKED: ANSWER})
        if stopped != mixture.meant:
            wrong.append(mixture)
            progress(f"wrong: {mixture}")
        if mixture.meant and silent_after is not None:
            waits.append(silent_after)
    meant = [mixture for mixture in drawn if mixture.meant]
    false = sum(not mixture.meant for mixture in wrong)
    yield Figure(f"false interruptions, {number - len(meant)} mixtures", str(false), "0, of 100 at most 2")
    yield Figure(f"missed interruptions, {len(meant)} mixtures", str(len(wrong) - false), "0, of 100 at most 2")
    if waits:
        ordered = sorted(waits)
        late = ordered[round(0.95 * (len(ordered) - 1))]
        value = f"{ordered[len(ordered) // 2] * 1000:.0f}, p95 {late * 1000:.0f} ms"
        yield Figure("speech over the banker to its silence, in these", value, "300 ms")


def mixtures(number: int) -> Iterator[Mixture]:
    """The same ones in every run."""
    chance = random.Random(6)
    kinds = zip(itertools.cycle(HARMLESS), itertools.cycle(MEANT))
    for what in itertools.islice(itertools.chain.from_iterable(kinds), number):
        noisy, echo = chance.random() < 0.4, what == "(echo)" or chance.random() < 0.4
        yield Mixture(what, chance.choice(VOICES), noisy, echo, chance.uniform(1.0, 4.0))


async def _story(call: VirtualCall, mixture: Mixture) -> tuple[bool, float | None]:
    """Whether the answer was interrupted, and how long after the sound's beginning (s) the voice fell silent first."""
    call.handset.echo = ECHO if mixture.echo else 0.0
    if mixture.noisy:
        call.handset.noise = mixed(pause(NOISE_SECONDS), noise("pink", NOISE_SECONDS), _noise_loudness())
    await call.type(ASKED)
    await call.speaking(mixture.after)
    began, shown = call.now, len(call.events)
    await call.say(mixture.sound())
    await call.until(lambda: len(call.turns("banker")) > 1, 60)
    silent = [at for at, event in call.events[shown:] if event["type"] == "state" and event["state"] == "listening"]
    return bool(call.of_type("transcript", interrupted=True)), silent[0] - began if silent else None


def _noise_loudness() -> float:
    return level(say("stop")) / level(noise("pink", NOISE_SECONDS)) / 10 ** (NOISE_DB / 20)
