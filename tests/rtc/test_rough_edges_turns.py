"""What spoils talks with machines, by sound: coughs, nods, slow speakers, interruptions, silence."""

import re
from pathlib import Path

import pytest

from banker.config.tenant import TurnSettings
from banker.speech.engine_queue import Busy
from tests.listening import transcribe
from tests.rtc.virtual_call import VirtualCall, talk
from tests.rtc.word_times import word_times
from tests.speech.sounds import VOICES, noise, pause, say, sox

BALANCE = say("What is the balance of my account?")
OPEN = say("What are your opening hours?")
STOP, YES = say("Stop!"), say("Yes.")
MM_HM, COUGH = say("[[m'h@m:]]"), say("[[h@h]]", speed=90)
"""As espeak-ng's phonemes; it would spell them."""
BACKWARDS = sox(
    *("-t", "raw", "-r", "16000", "-c", "1", "-b", "16", "-e", "signed", "-"),
    to=("reverse", "tempo", "1.6"),
    stdin=say("my little brother went to the seaside with nine green umbrellas and a parrot", VOICES[1]) * 2,
)
"""A voice, and no words."""
SENTENCES = (
    "Our branches are open from nine to five, Monday to Friday.",
    "Our telephone is answered around the clock.",
)
HOURS = " ".join(SENTENCES)
ASKED = "When are you open?"
REPLIES = {ASKED: SENTENCES}


async def hours(call: VirtualCall, seconds: float = 1.0) -> None:
    """Type the question after the opening hours, and hear so much of the answer."""
    await call.type(ASKED)
    await call.speaking(seconds)


@pytest.mark.parametrize("sound", [COUGH, MM_HM, YES], ids=["cough", "mm-hm", "yes"])
def test_after_a_cough_or_a_nod_it_goes_on_where_it_was(tmp_path: Path, sound: bytes) -> None:
    async def story(call: VirtualCall) -> None:
        asked = call.now
        await hours(call)
        noticed = await call.say(sound)
        await call.until(lambda: call.state == "listening", 0.3)
        held = call.now
        assert held - noticed.began < 0.7
        await call.until(lambda: call.handset.loud(held + 0.1), 2.5)
        await call.quiet()
        assert call.turns("banker")[1:] == [HOURS]
        assert [turn["text"] for turn in call.record if turn["role"] == "banker"][1:] == [HOURS]
        assert not call.of_type("transcript", interrupted=True)
        assert call.turns("user") == [ASKED]
        heard = transcribe(call.handset.recording(since=asked))
        assert heard.count("monday") == heard.count("clock") == 1, heard

    talk(tmp_path, story, REPLIES)


@pytest.mark.parametrize("hums", [True, False])
def test_a_yes_is_an_answer_while_a_question_is_being_asked_and_a_hum_is_none(tmp_path: Path, hums: bool) -> None:
    async def story(call: VirtualCall) -> None:
        await call.type("I want to open a ticket.")
        await call.quiet()
        await call.type("My card payment was declined.")
        await call.until(lambda: call.of_type("confirm.request"))
        await call.speaking(1.0)
        if hums:
            await call.say(MM_HM)
            await call.quiet()
            assert not call.of_type("transcript", interrupted=True)
            assert not call.bank.books.tickets("demo-customer")
        await call.say(YES)
        await call.until(lambda: call.bank.books.tickets("demo-customer"))
        (ticket,) = call.bank.books.tickets("demo-customer")
        assert "declined" in ticket.subject

    talk(tmp_path, story)


@pytest.mark.parametrize("words", ["Stop!", "Wait a moment.", "Wait!"])
def test_stop_and_wait_always_stop(tmp_path: Path, words: str) -> None:
    async def story(call: VirtualCall) -> None:
        for voice in VOICES[:2]:
            before = len(call.record)
            await hours(call)
            said = await call.say(say(words, voice))
            await call.until(lambda: len(call.record) == before + 3)  # noqa: B023
            await call.quiet()
            assert not call.handset.loud(said.began + 0.5), "silent at once, and for good"
            _, banker, user = call.record[before:]
            assert banker["interrupted"]
            assert banker["text"] != HOURS and HOURS.startswith(banker["text"])
            assert user["role"] == "user"

    talk(tmp_path, story, REPLIES)


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        (("My account number is four seven one one", 1.5, "two three five nine"), "2,? ?3|two three"),
        (("I want to, um", 1.2, "open a ticket"), "ticket"),
    ],
    ids=["digits", "um"],
)
def test_slow_speakers_are_heard_out(tmp_path: Path, parts: tuple[str, float, str], word: str) -> None:
    async def story(call: VirtualCall) -> None:
        first, seconds, second = parts
        for voice in VOICES:
            await call.asks(say(first, voice) + pause(seconds) + say(second, voice))
        turns = call.turns("user")
        assert len(turns) == len(VOICES), turns
        assert sum(bool(re.search(word, turn)) for turn in turns) >= 2, turns

    talk(tmp_path, story, {})


def test_the_sentences_of_a_reply_are_synthesised_one_after_the_other(tmp_path: Path) -> None:
    """So that the first one of many is heard as soon as a single one."""

    async def story(call: VirtualCall) -> None:
        await call.type("List them.")
        await call.quiet()
        assert call.bank.queues["voice"].most_jobs == 1
        assert call.turns("banker")[-1] == "Coffee on Monday. Petrol on Tuesday. Groceries on Friday."

    sentences = ("Coffee on Monday.", "Petrol on Tuesday.", "Groceries on Friday.")
    talk(tmp_path, story, {"List them.": sentences})


def test_old_words_never_go_on_after_an_interruption(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        await hours(call)
        asked = await call.say(BALANCE)
        await call.until(lambda: len(call.turns("banker")) == 3, 20)
        await call.quiet()
        (old,) = call.of_type("transcript", interrupted=True)
        assert HOURS.startswith(old["text"])
        cut = next(at for at, event in call.events if event == old)
        assert not [event for at, event in call.events if at > cut and event.get("turn") == old["turn"]]
        heard = transcribe(call.handset.recording(since=asked.began + 0.5))
        assert "right" in heard, heard
        assert not re.search("monday|friday|clock|five", heard), heard

    talk(tmp_path, story, REPLIES)


def test_the_record_ends_at_the_word_where_the_voice_ended(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        words = word_times(*SENTENCES)
        for seconds in (0.7, 1.6, 2.4, 3.7):
            began, before = call.now + 0.01, len(call.record)
            await hours(call, seconds)
            await call.say(STOP)
            await call.until(lambda: len(call.record) == before + 3)  # noqa: B023
            await call.quiet()
            kept = call.record[before + 1]["text"].split()
            heard = 0.02 * len([at for at, _ in call.handset.heard if at >= began])
            assert words[len(kept) - 1][1] < heard, "none that was not heard"
            assert words[len(kept)][2] > heard - 0.02, "and all that were"

    talk(tmp_path, story, REPLIES)


def test_a_voice_without_words_is_asked_again_twice_then_typing_is_offered(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        for _ in range(4):
            said = await call.say(BACKWARDS)
            await call.until(lambda: call.now > said.ended + 2)  # noqa: B023
            await call.quiet()
        texts = call.tenant.texts
        assert call.turns("banker")[1:] == [texts.did_not_catch, texts.did_not_catch, texts.please_type]
        assert call.turns("user") == []
        assert "nine to five" in await call.asks(OPEN)

    talk(tmp_path, story)


def test_who_finds_no_place_in_the_queue_is_told_at_once(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        call.bank.queues["hearing"].refuses = Busy()
        said = await call.say(OPEN)
        await call.until(lambda: call.handset.loud(said.ended + 0.1), 1.5)
        await call.quiet()
        assert call.turns("banker")[1:] == [call.tenant.texts.hearing_busy]
        call.bank.queues["hearing"].refuses = None
        assert "nine to five" in await call.asks(OPEN)

    talk(tmp_path, story)


def test_a_minute_without_a_word_is_asked_about_whatever_noise_there_is(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        greeted = call.now
        call.handset.say(noise("keyboard", 20) + noise("music", 20), times=4)
        await call.until(lambda: len(call.turns("banker")) == 2, 70)
        assert call.turns("banker")[-1] == call.tenant.texts.still_there
        assert 58 < call.now - greeted < 65
        await call.until(lambda: call.of_type("session.ended", reason="idle"), 75)
        assert call.turns("banker")[-1] == call.tenant.texts.idle_goodbye
        assert call.turns("user") == []

    talk(tmp_path, story, turns=TurnSettings())
