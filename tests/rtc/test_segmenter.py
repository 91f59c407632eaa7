"""Where turns begin and end, with synthetic speech in virtual time."""

import asyncio

import pytest

from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from banker.rtc.audio_in.utterance import AudioSpan
from banker.speech.engine_queue import Busy
from tests.rtc.segmenters import FakeRecogniser, RecordingListener, listen, new_segmenter, run, send
from tests.speech.sounds import VOICES, Rtp, mixed, noise, packets, pause, say

QUESTION = say("What is the balance of my account?")
SECONDS = len(QUESTION) / 32_000
WORD = say("Yes")


def test_a_question_is_one_turn_that_ends_with_600_ms_of_silence() -> None:
    recognise = FakeRecogniser()
    listener = listen(packets(pause(1) + QUESTION + pause(2)), recognise)
    assert listener.kinds == ["speech_started", "interim", "final"]
    assert 1.0 < listener.times("speech_started")[0] < 1.4
    assert listener.times("final")[0] == pytest.approx(1 + SECONDS + 0.6, abs=0.25)


def test_recognition_hides_in_the_silence() -> None:
    fast = listen(packets(pause(1) + QUESTION + pause(3)), FakeRecogniser(0.05))
    slower = listen(packets(pause(1) + QUESTION + pause(3)), FakeRecogniser(0.38))
    slow = listen(packets(pause(1) + QUESTION + pause(3)), FakeRecogniser(1.4))
    assert slower.times("final") == pytest.approx(fast.times("final"), abs=0.001)
    assert slow.times("final")[0] == pytest.approx(fast.times("final")[0] + 1.0, abs=0.05)


def test_the_recogniser_gets_300_ms_from_before_the_onset() -> None:
    recognise = FakeRecogniser()
    listen(packets(pause(1) + QUESTION + pause(2)), recognise)
    assert recognise.sounds[0] == pytest.approx(0.3 + SECONDS + 0.2, abs=0.25)


def test_speech_on_both_sides_of_a_short_pause_is_one_turn() -> None:
    recognise = FakeRecogniser(0.1)
    listener = listen(packets(QUESTION + pause(0.4) + QUESTION + pause(2)), recognise)
    assert listener.kinds.count("speech_started") == listener.kinds.count("final") == 1
    assert len(recognise.sounds) > 1
    assert int(listener.texts()[0]) == pytest.approx(10 * (2 * SECONDS + 0.4 + 0.2), abs=4)


def test_resumed_speech_cancels_the_recognition_of_the_pause() -> None:
    recognise = FakeRecogniser(0.5)
    listen(packets(QUESTION + pause(0.4) + QUESTION + pause(2)), recognise)
    assert recognise.cancelled == len(recognise.sounds) - 1 > 0


@pytest.mark.parametrize("dtx", [False, True])
def test_digits_with_a_long_pause_are_one_turn_if_the_endpointing_delay_is_long(dtx: bool) -> None:
    digits = say("four seven one one") + pause(1.2) + say("two three five nine") + pause(3)
    assert (
        listen(packets(digits, dtx=dtx), FakeRecogniser(), RecordingListener(endpointing_delay=1.7)).kinds.count(
            "final"
        )
        == 1
    )
    assert (
        listen(packets(digits, dtx=dtx), FakeRecogniser(), RecordingListener(endpointing_delay=0.6)).kinds.count(
            "final"
        )
        == 2
    )


def test_dtx_ends_a_turn_at_the_same_time_as_sent_silence() -> None:
    sound = pause(1) + QUESTION + pause(3)
    sent, unsent = listen(packets(sound), FakeRecogniser()), listen(packets(sound, dtx=True), FakeRecogniser())
    assert unsent.times("final") == pytest.approx(sent.times("final"), abs=0.15)


def test_recognition_begins_within_300_ms_of_the_last_word_with_and_without_dtx() -> None:
    for dtx in (False, True):
        recognise = FakeRecogniser(0.3)
        listen(packets(QUESTION + pause(3), dtx=dtx), recognise, RecordingListener(endpointing_delay=1.0))
        assert recognise.began[-1] - SECONDS < 0.3


def test_a_dtx_packet_every_20_ms_ends_a_turn_at_the_same_time() -> None:
    sent = packets(QUESTION + pause(3))
    as_usual = listen(sent, FakeRecogniser(), RecordingListener(endpointing_delay=1.2)).times("final")
    for packet in sent[round(SECONDS / 0.02) + 11 :]:
        packet.payload = packet.payload[:1]
    assert listen(sent, FakeRecogniser(), RecordingListener(endpointing_delay=1.2)).times("final") == pytest.approx(
        as_usual, abs=0.06
    )


def test_a_turn_ends_when_no_packet_arrives_at_all() -> None:
    listener = listen(packets(QUESTION + pause(0.3)), FakeRecogniser())
    assert listener.kinds == ["speech_started", "interim", "final"]
    listener = listen(packets(QUESTION), FakeRecogniser())
    assert listener.kinds == ["speech_started", "interim", "final"]


@pytest.mark.parametrize("dtx", [False, True])
def test_two_questions_are_never_merged(dtx: bool) -> None:
    sound = QUESTION + pause(1.5) + QUESTION + pause(1.5) + WORD + pause(2)
    listener = listen(packets(sound, dtx=dtx), FakeRecogniser())
    assert len(listener.texts()) == 3
    assert int(listener.texts()[0]) < 10 * SECONDS + 8


def test_a_minute_of_mute_separates_two_turns() -> None:
    sent = packets(QUESTION)
    later = packets(QUESTION + pause(1))
    for number, packet in enumerate(later):
        packet.sequence_number = (sent[-1].sequence_number + 1 + number) % 65_536
        packet.timestamp = (sent[-1].timestamp + 60 * 48_000 + number * 960) % 2**32
    listener = listen(sent + later, FakeRecogniser())
    assert len(listener.texts()) == 2
    assert listener.times("speech_started")[1] - listener.times("final")[0] > 58


def test_a_network_that_stalls_for_400_ms_does_not_split_a_word_from_its_sentence() -> None:
    sent = packets(QUESTION + pause(1))

    async def go() -> RecordingListener:
        listener = RecordingListener()
        jitter_buffer = JitterBuffer(new_segmenter(listener, FakeRecogniser()))
        await send(jitter_buffer, sent[:40])
        await asyncio.sleep(0.4)
        for packet in sent[40:60]:  # all that was held up, at once
            jitter_buffer.push(packet)
        await send(jitter_buffer, sent[60:])
        await asyncio.sleep(2)
        return listener

    listener = run(go())
    assert listener.kinds == ["speech_started", "interim", "final"]
    assert int(listener.texts()[0]) == pytest.approx(10 * (SECONDS + 0.3), abs=3)


def test_a_turn_is_at_most_half_a_minute_long() -> None:
    whole = (QUESTION[2000:-6000] * 30)[: 32_000 * 40]
    recognise = FakeRecogniser()
    listener = listen(packets(whole + pause(2)), recognise)
    assert len(listener.texts()) >= 2
    assert max(recognise.sounds) <= 30
    assert sum(int(text) for text in listener.texts()) > 370  # the rest is a turn of its own


def test_a_full_queue_ends_the_turn_as_unavailable() -> None:
    recognise = FakeRecogniser(error=Busy())
    sound = QUESTION + pause(0.35) + QUESTION + pause(1.5)
    assert listen(packets(sound), recognise).kinds == ["speech_started", "unavailable"]
    assert listen(packets(sound + WORD + pause(1)), recognise).kinds == ["speech_started", "unavailable"] * 2


def test_a_failing_engine_ends_the_turn_as_unavailable() -> None:
    listener = listen(packets(QUESTION + pause(2)), FakeRecogniser(error=RuntimeError("no")))
    assert listener.kinds == ["speech_started", "unavailable"]


def test_a_turn_without_recognised_words_ends_without_words() -> None:
    async def find_no_words(span: AudioSpan) -> str:
        return ""

    assert listen(packets(QUESTION + pause(2)), find_no_words).kinds == ["speech_started", "no_words"]


def test_revoked_consent_drops_the_utterance_at_once() -> None:
    recognise = FakeRecogniser(5)
    sent = packets(QUESTION + pause(0.5) + QUESTION)

    async def go() -> RecordingListener:
        listener = RecordingListener()
        segmenter = new_segmenter(listener, recognise)
        jitter_buffer = JitterBuffer(segmenter)
        await send(jitter_buffer, sent[: int(50 * SECONDS) + 22])
        assert recognise.sounds
        listener.consented = False
        await asyncio.sleep(0.1)  # not even a packet has to come
        assert segmenter._current is None
        assert not segmenter._pre_roll
        assert recognise.cancelled == 1
        await send(jitter_buffer, sent[int(50 * SECONDS) + 22 :])
        await asyncio.sleep(2)
        return listener

    assert run(go()).kinds == ["speech_started", "no_words"]


def test_before_consent_audio_is_discarded() -> None:
    listener = RecordingListener()
    listener.consented = False
    assert listen(packets(QUESTION + pause(2)), FakeRecogniser(), listener).kinds == []


@pytest.mark.parametrize("kind", ["white", "pink", "keyboard", "music", "cough"])
def test_noise_starts_no_turn(kind: str) -> None:
    assert listen(packets(noise(kind, 12)), FakeRecogniser()).kinds == []


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("text", ["Yes", "No", "Stop", "Okay", "Thank you"])
def test_a_single_short_word_starts_a_turn(voice: str, text: str) -> None:
    assert listen(packets(pause(0.5) + say(text, voice) + pause(1)), FakeRecogniser()).kinds[0] == "speech_started"


@pytest.mark.parametrize("kind", ["white", "keyboard", "music"])
def test_a_turn_in_noise_starts_and_ends(kind: str) -> None:
    sound = pause(1) + QUESTION + pause(2)
    listener = listen(packets(mixed(sound, noise(kind, 8), 0.15)), FakeRecogniser())
    assert listener.kinds == ["speech_started", "interim", "final"]


def test_lost_and_reordered_packets_do_not_split_turns() -> None:
    sent = packets(pause(1) + QUESTION + pause(1.5) + QUESTION + pause(1.5))
    kept = [packet for number, packet in enumerate(sent) if number % 20 != 7]
    kept[60], kept[61] = kept[61], kept[60]
    assert len(listen(kept, FakeRecogniser()).texts()) == 2


@pytest.mark.parametrize("options", [{"ms": 10}, {"ms": 40}, {"ms": 60}, {"channels": 2}, {"bit_rate": 12_000}])
def test_any_packet_length_channel_count_and_bit_rate_gives_the_same_turn(options: dict[str, int]) -> None:
    listener = listen(packets(pause(1) + QUESTION + pause(1.5), **options), FakeRecogniser())  # type: ignore[arg-type]
    assert listener.kinds == ["speech_started", "interim", "final"]


def test_two_users_who_speak_at_once_have_turns_of_their_own() -> None:
    async def go() -> tuple[RecordingListener, RecordingListener]:
        one, two = RecordingListener(), RecordingListener()
        segmenters = [new_segmenter(one, FakeRecogniser()), new_segmenter(two, FakeRecogniser())]
        long: list[Rtp] = packets(QUESTION + pause(1))
        short: list[Rtp] = packets(pause(0.5) + WORD + pause(1))
        await asyncio.gather(send(JitterBuffer(segmenters[0]), long), send(JitterBuffer(segmenters[1]), short))
        await asyncio.sleep(2)
        return one, two

    one, two = run(go())
    assert one.kinds == two.kinds == ["speech_started", "interim", "final"]
    assert int(one.texts()[0]) > int(two.texts()[0]) + 5


def test_a_closed_segmenter_reports_nothing() -> None:
    async def go() -> RecordingListener:
        listener = RecordingListener()
        segmenter = new_segmenter(listener, FakeRecogniser())
        jitter_buffer = JitterBuffer(segmenter)
        await send(jitter_buffer, packets(QUESTION)[:40])
        segmenter.close()
        await send(jitter_buffer, packets(QUESTION))
        await asyncio.sleep(2)
        return listener

    assert run(go()).kinds == ["speech_started"]
