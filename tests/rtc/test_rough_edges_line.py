"""What spoils the sound on its way: a lost first word, mute, gaps, lost packets, and ears that listen unasked."""

import asyncio
import random
from pathlib import Path

from banker.rtc.audio_out.opus_encoder import SILENCE
from tests.listening import transcribe
from tests.rtc.segmenters import run
from tests.rtc.virtual_call import VirtualBank, VirtualCall, talk
from tests.speech.sounds import VOICES, pause, say

ASKS_BALANCE, ASKS_HOURS = "What is the balance of my account?", "What are your opening hours?"
BALANCE, OPEN = say(ASKS_BALANCE), say(ASKS_HOURS, VOICES[1])


def test_the_first_word_of_the_greeting_is_heard_in_50_of_50_calls(tmp_path: Path) -> None:
    """In whatever order, and however late, the connection stands, the channel opens and the user agrees."""
    chance = random.Random(50)

    async def greeted(bank: VirtualBank) -> tuple[tuple[bytes, ...], bytes]:
        async with VirtualCall(bank) as call:
            steps = [call.connect, call.open_channel, call.agree]
            chance.shuffle(steps)
            for step in steps:
                await asyncio.sleep(chance.uniform(0, 1.5))
                await step()
            await call.quiet()
            times = [at for at, _ in call.handset.heard[len(SILENCE.packets) :]]
            assert times[30] - times[0] < 0.62, "without a gap"
            return tuple(payload for _, payload in call.handset.heard), call.handset.recording()

    async def calls() -> None:
        async with VirtualBank(tmp_path) as bank:
            heard = [await greeted(bank) for _ in range(50)]
        assert len({packets for packets, _ in heard}) == 1, "the same packets, all of them, each time"
        packets, recording = heard[0]
        assert packets[: len(SILENCE.packets)] == tuple(SILENCE.packets)
        assert transcribe(recording).startswith("hello and welcome to demo bank")

    run(calls())


def test_one_may_start_muted_type_hear_and_unmute_a_minute_later(tmp_path: Path) -> None:
    async def muted() -> None:
        async with VirtualBank(tmp_path) as bank, VirtualCall(bank) as call:
            call.handset.muted = True
            await call.begin()
            await call.type("What is my balance?")
            await call.quiet()
            assert "1,234.56" in call.turns("banker")[-1]
            await asyncio.sleep(60)
            await call.quiet()
            call.handset.muted = False
            assert "nine to five" in await call.asks(OPEN)
            assert call.turns("banker").count(call.tenant.texts.still_there) == 1
            assert not call.of_type("error")

    run(muted())


def test_a_gap_never_glues_two_questions_together(tmp_path: Path) -> None:
    """A page that mutes between them, and a network that loses two seconds."""

    async def story(call: VirtualCall) -> None:
        for lost, muted in ((0.0, True), (1.0, False)):
            before = len(call.turns("user"))
            await call.say(BALANCE)
            call.handset.lost, call.handset.muted = lost, muted
            await asyncio.sleep(2)
            call.handset.lost, call.handset.muted = 0.0, False
            await call.say(OPEN)
            await call.until(lambda: len(call.turns("user")) == before + 2)  # noqa: B023
            await call.quiet()
            first, second = (text.lower() for text in call.turns("user")[before:])
            assert "balance" in first and "open" not in first
            assert "open" in second and "balance" not in second
            assert "nine to five" in call.turns("banker")[-1]

    talk(tmp_path, story)


def test_one_packet_in_twenty_is_lost_and_questions_are_answered(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        call.handset.lost = 0.05
        right = []
        for voice in VOICES:
            right.append("1,234.56" in await call.asks(say(ASKS_BALANCE, voice)))
            right.append("nine to five" in await call.asks(say(ASKS_HOURS, voice)))
        assert len(call.turns("user")) == len(right), call.turns("user")
        assert sum(right) >= len(right) - 1, call.turns("user")

    talk(tmp_path, story)


def test_nothing_is_listened_to_before_consent_nor_a_moment_after_it_was_revoked(tmp_path: Path) -> None:
    async def revoked() -> None:
        async with VirtualBank(tmp_path) as bank, VirtualCall(bank) as call:
            await call.connect()
            await call.open_channel()
            await call.say(BALANCE + pause(1))
            assert bank.recognised == []
            await call.agree()
            await call.quiet()
            assert call.turns("user") == [], "nor afterwards"
            assert "nine to five" in await call.asks(OPEN)
            said = call.handset.say(BALANCE)
            await call.until(lambda: said.left < 60)
            await call.send("consent.revoke")
            heard = len(bank.recognised)
            await asyncio.sleep(0.06)
            assert call.segmenter._current is None and not call.segmenter._pre_roll
            await said.done.wait()
            await asyncio.sleep(3)
            assert len(bank.recognised) == heard
            assert len(call.turns("user")) == 1

    run(revoked())


def test_two_who_talk_at_once_are_each_answered(tmp_path: Path) -> None:
    async def both() -> None:
        async with VirtualBank(tmp_path) as bank, VirtualCall(bank) as one, VirtualCall(bank) as other:
            await asyncio.gather(one.begin(), other.begin())
            answers = await asyncio.gather(one.asks(BALANCE), other.asks(OPEN))
            assert "1,234.56" in answers[0] and "nine to five" in answers[1]
            assert len(one.turns("user")) == len(other.turns("user")) == 1

    run(both())
