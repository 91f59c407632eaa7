"""Synthesised chunks are played while more are made, in order, with their progress."""

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from banker.rtc.audio_out.opus_encoder import EncodedAudio
from banker.rtc.audio_out.playout import Speaker
from banker.rtc.audio_out.synthesis import SpeechSynthesis, SynthesisFailed
from banker.speech.engine_queue import EngineQueue
from tests.rtc.facades import tone

RATE = 22_050
TEXT = "Your account has a balance of one thousand dollars."


class SlowVoice:
    """Implements `speech.Synthesiser`: ten chunks of 0.2 s, each when `more` allows it."""

    name = "slow"
    sample_rate = RATE

    def __init__(self, pieces: int = 10) -> None:
        self.pieces = pieces
        self.more = threading.Semaphore(0)
        self.made: list[str] = []
        self.fails_at = -1

    def synthesise(self, text: str, rate: float = 1.0) -> Iterator[bytes]:
        for number in range(self.pieces):
            assert self.more.acquire(timeout=5)
            if number == self.fails_at:
                raise RuntimeError("no voice any more")
            self.made.append(text)
            yield tone(0.2, RATE)


def run(work: "Coroutine[Any, Any, Any]") -> None:
    asyncio.run(asyncio.wait_for(work, 20))


def permit(synthesiser: SlowVoice, pieces: int) -> None:
    synthesiser.more.release(pieces)


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def sending(speaker: Speaker, sent: list[Any]) -> "asyncio.Task[None]":
    async def send() -> None:
        while True:
            sent.append(await speaker.recv())

    return asyncio.ensure_future(send())


def test_the_first_packets_leave_while_the_rest_is_synthesised() -> None:
    async def listen() -> None:
        synthesiser, queue, speaker, sent = SlowVoice(), EngineQueue("test", 1, 4), Speaker(), []
        voice, task = SpeechSynthesis(synthesiser, queue), sending(speaker, sent)
        permit(synthesiser, 1)
        sound = await voice.synthesise(TEXT)
        playout = speaker.play(sound)
        await until(lambda: len(sent) >= 5)
        assert not sound.complete and not playout.finished.done()
        assert 0 < playout.fraction < 0.3
        await until(lambda: speaker.mouth() is None)  # it is starved: the clock runs on, and nothing is lost
        permit(synthesiser, 9)
        assert await playout.finished == 1
        assert [bytes(packet) for packet in sent] == sound.packets
        times = [packet.pts for packet in sent]
        assert all(later - earlier >= 960 for earlier, later in itertools.pairwise(times))
        assert sound.seconds == pytest.approx(2.0, abs=0.05)
        task.cancel()
        queue.close()

    run(listen())


def test_the_fraction_never_decreases() -> None:
    async def listen() -> None:
        synthesiser, queue, speaker, sent = SlowVoice(), EngineQueue("test", 1, 4), Speaker(), []
        voice, task = SpeechSynthesis(synthesiser, queue), sending(speaker, sent)
        permit(synthesiser, 1)
        playout = speaker.play(await voice.synthesise("Yes."))  # a short text that takes long
        fractions = []
        permit(synthesiser, 9)
        while not playout.finished.done():
            fractions.append(playout.fraction)
            await asyncio.sleep(0.02)
        assert fractions == sorted(fractions)
        assert fractions[0] < 1
        task.cancel()
        queue.close()

    run(listen())


def test_two_sentences_are_synthesised_side_by_side() -> None:
    async def listen() -> None:
        synthesiser, queue = SlowVoice(), EngineQueue("test", 1, 4)
        voice = SpeechSynthesis(synthesiser, queue)
        both = [asyncio.ensure_future(voice.synthesise(text)) for text in ("One.", "Two.")]
        await asyncio.sleep(0)
        permit(synthesiser, 3)
        sounds = await asyncio.gather(*both)
        assert not any(sound.complete for sound in sounds)
        assert set(synthesiser.made[:2]) == {"One.", "Two."}
        permit(synthesiser, 17)
        await until(lambda: all(sound.complete for sound in sounds))
        queue.close()

    run(listen())


def test_a_text_is_synthesised_to_its_end_before_the_next_one_of_a_reply() -> None:
    async def listen() -> None:
        synthesiser, queue = SlowVoice(3), EngineQueue("test", 1, 4)
        voice = SpeechSynthesis(synthesiser, queue)
        whole = asyncio.ensure_future(voice.synthesise_to_end("One."))
        permit(synthesiser, 2)
        await until(lambda: len(synthesiser.made) == 2)
        assert not whole.done()
        permit(synthesiser, 1)
        await whole
        assert (await voice.synthesise("One.")).complete
        queue.close()

    run(listen())


def test_a_text_is_synthesised_once_for_everybody_who_asks() -> None:
    async def listen() -> None:
        synthesiser, queue = SlowVoice(3), EngineQueue("test", 1, 4)
        voice = SpeechSynthesis(synthesiser, queue)
        permit(synthesiser, 1)
        first = await voice.synthesise(TEXT)
        second = await voice.synthesise(TEXT)
        permit(synthesiser, 2)
        await until(lambda: first.complete)
        assert first is second is await voice.synthesise(TEXT)
        assert synthesiser.made == [TEXT] * 3
        queue.close()

    run(listen())


def test_a_slow_synthesiser_starts_later_and_does_not_stutter() -> None:
    async def listen() -> None:
        synthesiser, queue = SlowVoice(), EngineQueue("test", 1, 4)
        voice = SpeechSynthesis(synthesiser, queue)

        async def feed() -> None:
            for _ in range(20):
                permit(synthesiser, 1)
                await asyncio.sleep(0.3)  # for 0.2 s of sound

        feeding = asyncio.ensure_future(feed())
        first = await voice.synthesise("This one teaches the voice how slow it is.")
        await until(lambda: first.complete)
        second = await voice.synthesise("This one waits.")
        assert second.seconds >= 0.3 * first.seconds
        feeding.cancel()
        permit(synthesiser, 20)
        await until(lambda: second.complete)
        queue.close()

    run(listen())


def test_a_failed_text_is_synthesised_again_the_next_time() -> None:
    async def listen() -> None:
        synthesiser, queue, speaker, sent = SlowVoice(3), EngineQueue("test", 1, 4), Speaker(), []
        synthesiser.fails_at = 1
        voice, task = SpeechSynthesis(synthesiser, queue), sending(speaker, sent)
        permit(synthesiser, 2)
        sound = await voice.synthesise(TEXT)
        await speaker.play(sound).finished
        assert sound.failed and len(sent) >= 9
        synthesiser.fails_at = 0
        permit(synthesiser, 1)
        with pytest.raises(SynthesisFailed):
            await voice.synthesise(TEXT)
        synthesiser.fails_at = -1
        permit(synthesiser, 3)
        again = await voice.synthesise(TEXT)
        await until(lambda: again.complete)
        assert not again.failed
        task.cancel()
        queue.close()

    run(listen())


def test_cancelled_speech_is_completed_for_the_next_caller() -> None:
    async def listen() -> None:
        synthesiser, queue, speaker, sent = SlowVoice(4), EngineQueue("test", 1, 4), Speaker(), []
        voice, task = SpeechSynthesis(synthesiser, queue), sending(speaker, sent)
        permit(synthesiser, 1)
        sound = await voice.synthesise(TEXT)
        playout = speaker.play(sound)
        await until(lambda: len(sent) >= 3)
        speaker.cancel()
        assert 0 < playout.finished.result() < 0.5
        permit(synthesiser, 3)
        await until(lambda: sound.complete)
        assert not sound.listeners
        assert await voice.synthesise(TEXT) is sound
        assert len(sent) < len(sound.packets)
        task.cancel()
        queue.close()

    run(listen())


def test_complete_audio_has_its_exact_length() -> None:
    assert EncodedAudio([b"one", b"two"], b"\0\0").length == 2
