"""A telephone that rings, a piano, somebody's breath and the hiss of a line are no turn, and are not asked about."""

import asyncio
from pathlib import Path

from banker.config.tenant import TurnSettings
from tests.rtc.virtual_call import VirtualCall, talk
from tests.speech.sounds import sox

PATIENT = TurnSettings(still_there_seconds=86_400)
NOTES = ("C4", "E4", "G4", "C5", "A4", "F4", "D4", "G4")
SOUNDS = {
    "ringback tone": sox(
        "-n", to=("synth", "2", "sine", "440", "sine", "480", "remix", "-", "vol", "0.3", "pad", "0", "4")
    ),
    "piano": b"".join(
        sox("-n", to=("synth", "0.5", "pluck", note, "fade", "0", "0.5", "0.1", "vol", "0.5")) for note in NOTES
    ),
    "breath": sox(
        "-n",
        to=(*("synth", "1.2", "pinknoise", "band", "900", "700"), *("fade", "q", "0.5", "1.2", "0.5", "vol", "0.35")),
    )
    + bytes(2 * 36_800),
    "comfort noise": sox("-n", to=("synth", "4", "whitenoise", "vol", "0.00316")),
}
SECONDS = 20


def test_sounds_without_a_voice_are_no_turn(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        for name, sound in SOUNDS.items():
            before = list(call.events)
            await call.say(sound, times=1 + SECONDS * 32_000 // len(sound))
            await asyncio.sleep(2)
            assert call.events == before, name

    talk(tmp_path, story, turns=PATIENT)
