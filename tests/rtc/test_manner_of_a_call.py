"""A customer has the voice slower or louder, in their own call alone."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.rtc.segmenters import run
from tests.rtc.virtual_call import VirtualBank, VirtualCall
from tests.speech.sounds import VOICES, say

ASKED = "What are your opening hours?"


async def answer(call: VirtualCall) -> tuple[float, float]:
    """How long the answer takes (s), and how loud it is."""
    since, before = call.now, len(call.handset.heard)
    await call.type(ASKED)
    await call.quiet()
    with wave.open(io.BytesIO(call.handset.recording(since))) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16) / 32_768
    assert np.abs(samples).max() < 0.999
    return 0.02 * (len(call.handset.heard) - before), float(np.sqrt(np.mean(samples**2)))


def test_the_voice_changes_for_the_customer_who_asks_and_nobody_else(tmp_path: Path) -> None:
    async def go() -> None:
        async with VirtualBank(tmp_path) as bank, VirtualCall(bank) as mine, VirtualCall(bank) as other:
            await mine.begin()
            await other.begin()
            length, level = await answer(mine)
            assert (
                await mine.asks(say("Could you speak slower please?", VOICES[1]))
                == "Of course, I'll speak more slowly."
            )
            await mine.type("louder please")
            await mine.quiet()
            assert mine.turns("banker")[-1] == "Of course, I'll speak up."
            longer, louder = await answer(mine)
            assert longer > 1.12 * length
            assert louder > 1.3 * level
            assert await answer(other) == (pytest.approx(length, abs=0.1), pytest.approx(level, rel=0.05))
            for _ in range(2):
                await mine.type("even slower please")
                await mine.quiet()
            assert mine.turns("banker")[-1] == mine.tenant.texts.voice_at_limit

    run(go())
