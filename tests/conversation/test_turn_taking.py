"""Taking turns: who falls silent, who goes on, and what the record holds of it."""

import asyncio
import random

import pytest

from tests.conversation.stage import Script, Stage, now, play, spoken

LONG = "Your checking account has a good balance, in dollars as you asked. The account is active and in order."
SCRIPT: dict[str, Script] = {
    "balance": [LONG],
    "slow": [1.0, LONG],
    "tools": ["Let me see.", 1.0, "tool:look_up", "Here it is, and it looks very good to me."],
    "ticket": ["I can do that for you, gladly and at once.", "tool:open_ticket"],
    "more": ["That is done for you now.", "Is there anything else that I can do for you today?"],
}


@pytest.mark.parametrize(
    "sound", ["cough", "nothing recognised", "mm-hm", "Mhm.", "okay", "Right.", "yes", "Yeah, sure."]
)
def test_a_cough_or_a_nod_and_the_banker_goes_on_within_two_and_a_half_seconds(sound: str) -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("balance")
            began = now()
            if sound == "cough":
                await stage.noise()
            else:
                await stage.say("" if sound == "nothing recognised" else sound)
            assert not stage.voice.held
            await stage.until(stage.voice.sounds, 0.2)
            assert now() - began < 2.5
            gap = [at for at, _ in stage.voice.aloud if began < at < now() - 0.15]
            assert all(at < began + 0.3 for at in gap)
            await stage.quiet()
            assert stage.said("banker") == [LONG]
            assert not any("interrupted" in turn for turn in stage.books.kept)
            assert "".join(letter for _, letter in stage.voice.aloud).endswith(spoken(LONG))
            assert stage.agent.asked == ["balance"]

    play(scene())


@pytest.mark.parametrize(
    "words", ["What about savings?", "no", "stop", "Wait.", "Hold on, please.", "One moment.", "be quiet"]
)
def test_the_banker_is_silent_within_300_ms_and_for_good_when_it_is_no_nod(words: str) -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("balance")
            began = now()
            await stage.say(words)
            await asyncio.sleep(0.1)
            assert stage.voice.aloud[-1][0] - began < 0.3 or words in ("What about savings?", "no")
            assert not [at for at, _ in stage.voice.aloud if began + 0.3 < at < now() - 0.1]
            await stage.quiet()
            cut, *after = [turn for turn in stage.books.kept[1:] if turn["role"] == "banker"]
            assert cut["interrupted"] and LONG.startswith(cut["text"]) and cut["text"] != LONG
            assert stage.said("user") == ["balance", words]
            answered = words in ("What about savings?", "no")
            assert bool(after) == answered
            assert (stage.agent.asked == ["balance", words]) == answered

    play(scene())


def test_a_plea_for_time_or_silence_is_one_whatever_the_banker_does() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("balance")
            await stage.quiet()
            await stage.say("One moment, please.")
            await stage.quiet()
            assert len(stage.said("banker")) == 1  # not answered
            await stage.talk.receive({"type": "message.send", "text": "slow"})
            await asyncio.sleep(0.1)
            await stage.say("Stop.")
            await asyncio.sleep(3)
            assert len(stage.said("banker")) == 1  # not even begun
            assert stage.voice.states()[-1] == "listening"

    play(scene())


@pytest.mark.parametrize("word", ["yes", "Yes, please.", "okay"])
def test_a_yes_to_what_is_being_asked_is_an_answer(word: str) -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.talk.receive({"type": "message.send", "text": "ticket"})
            await stage.until(lambda: "Shall I" in str(stage.voice.of_type("transcript")[-1]))
            await stage.say(word)
            await stage.quiet()
            assert stage.desk.ran == ["open_ticket"]
            assert stage.said("banker")[-1] == "The ticket is ok."
            await stage.ask("more")
            await stage.until(lambda: "anything" in str(stage.voice.of_type("transcript")[-1]))
            await stage.say(word)
            await stage.quiet()
            assert stage.agent.asked[-1] == word

    play(scene())


def test_a_yes_before_the_question_was_heard_answers_nothing() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("ticket")
            await stage.say("yes")
            await stage.quiet()
            assert not stage.desk.ran
            assert stage.said("banker")[-1].endswith("Shall I open a ticket?")
            await stage.say("yes")
            await stage.quiet()
            assert stage.desk.ran == ["open_ticket"]

    play(scene())


def test_time_to_think_and_a_hum_leave_the_question_open() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("ticket")
            await stage.quiet()
            await stage.say("Just a second.")
            await stage.say("Mm-hm.")
            await stage.quiet()
            assert stage.said("banker")[-1] == stage.tenant.texts.did_not_catch
            await stage.say("yes")
            await stage.quiet()
            assert stage.desk.ran == ["open_ticket"]

    play(scene())


def test_real_words_drop_what_is_still_being_thought() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.talk.receive({"type": "message.send", "text": "slow"})
            await asyncio.sleep(0.05)
            await stage.say("Something else.")
            await stage.quiet()
            assert stage.said("banker") == ["You said that."]

    play(scene())


def test_what_began_before_the_answer_holds_it_back_and_a_typed_message_does_not_wait() -> None:
    async def scene() -> None:
        async with Stage({**SCRIPT, "quick": ["Here you are."]}) as stage:
            await stage.talk.receive({"type": "message.send", "text": "slow"})
            await asyncio.sleep(0.5)
            stage.segmenter.speech_started()
            await asyncio.sleep(1.5)
            assert not stage.voice.sounds()
            assert stage.voice.states()[-1] != "speaking"
            await stage.talk.receive({"type": "message.send", "text": "quick"})
            await stage.speaking(3)
            stage.segmenter.no_words()
            await stage.quiet()
            assert stage.said("banker") == ["Here you are."]

    play(scene())


@pytest.mark.parametrize(
    ("parts", "turns"),
    [
        (("four three two one", 1.5, "five six seven eight"), ["four three two one five six seven eight"]),
        (("My number is", 1.4, "1234", 1.5, "5678."), ["My number is 1234 5678."]),
        (("I want to, um", 1.4, "see my balance."), ["I want to, um see my balance."]),
        (("See my balance.", 0.7, "Thank you very much."), ["See my balance.", "Thank you very much."]),
        (("See my balance", 0.5, "of savings."), ["See my balance of savings."]),
    ],
)
def test_slow_speakers_and_dictated_digits_are_one_turn(parts: tuple[str | float, ...], turns: list[str]) -> None:
    async def scene() -> None:
        async with Stage() as stage:
            await stage.say(*parts)
            await stage.quiet()
            assert stage.said("user") == turns

    play(scene())


def test_partial_words_carry_the_turn_of_the_final_ones() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("balance")
            await stage.say("And what about", 0.4, "my savings?")
            assert stage.voice.states()[-1] == "thinking"
            await stage.quiet()
            shown = [e for e in stage.voice.of_type("transcript") if e["role"] == "user" and "balance" not in e["text"]]
            assert [event["text"] for event in shown] == ["And what about"] + ["And what about my savings?"] * 2
            assert [event["final"] for event in shown] == [False, False, True]
            assert len({event["turn"] for event in shown}) == 1
            numbers = [turn["turn"] for turn in stage.books.kept]
            assert numbers == sorted(set(numbers))

    play(scene())


def test_twenty_interruptions_at_random_moments_leave_nothing_of_the_old_words() -> None:
    async def scene() -> None:
        chance = random.Random(20)
        script: dict[str, Script] = {
            f"Topic {n}?": [0.3, *(f"Fact {n} is {word}." for word in WORDS)] for n in range(21)
        }
        async with Stage(script) as stage:
            await stage.say("Topic 0?")
            for n in range(1, 21):
                await asyncio.sleep(chance.uniform(0, 9))
                before, began = len(stage.voice.events), now()
                await stage.say(f"Topic {n}?")
                shown = [e["text"] for e in stage.voice.events[before:] if e.get("role") == "banker" and not e["final"]]
                assert all(f"Fact {n - 1} " in text for text in shown)
                assert not [at for at, _ in stage.voice.aloud if at > began + 0.3]
            await stage.quiet()
            told = [turn for turn in stage.books.kept[1:] if turn["role"] == "banker"]
            for turn in told:
                mine = [e for e in stage.voice.of_type("transcript") if e["turn"] == turn["turn"]]
                assert mine[-1]["final"] and mine[-1]["text"] == turn["text"]
                assert all(turn["text"].startswith(event["text"]) for event in mine)
                assert len(mine) == len({event["text"] for event in mine}) + 1  # the last one is said to be final
            aloud, place = "".join(letter for _, letter in stage.voice.aloud), 0
            for turn in told:  # what the record holds was heard, in that order
                place = aloud.index(spoken(turn["text"]).rstrip("."), place) + 1
            assert stage.said("user") == [f"Topic {n}?" for n in range(21)]

    play(scene())


WORDS = "good fine true new old big small near far".split()


def test_a_stop_right_behind_a_question_is_in_time() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            stage.segmenter.final("balance")
            await stage.talk.receive({"type": "speech.cancel"})
            await stage.quiet()
            stage.segmenter.final("balance")
            stage.segmenter.final("Stop.")
            await stage.quiet()
            assert stage.said("user") == ["balance", "balance", "Stop."]
            assert not stage.said("banker") and not stage.agent.asked

    play(scene())
