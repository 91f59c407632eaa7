"""When no words come: coughs, speech that nobody understands, engines that do not answer."""

import asyncio

import pytest

from tests.conversation.stage import Script, Stage, now, play

SCRIPT: dict[str, Script] = {
    "long": ["This is a long answer with many words in it. It goes on for a while, and then it ends."],
}


def test_speech_that_is_not_understood_is_asked_again_twice_then_typing_is_offered_then_nothing() -> None:
    async def scene() -> None:
        async with Stage() as stage:
            for _ in range(6):
                await stage.noise(3.0)
                await stage.quiet()
            texts = stage.tenant.texts
            assert stage.said("banker") == [texts.did_not_catch, texts.did_not_catch, texts.please_type]
            await stage.say("balance please")
            await stage.quiet()
            await stage.noise(3.0)
            await stage.quiet()
            assert stage.said("banker")[-1] == texts.did_not_catch
            assert stage.agent.asked == ["balance please"]

    play(scene())


@pytest.mark.parametrize("sound", ["cough", "[music]", "(wind blowing)", "...", "Hmm.", "Um."])
def test_short_sounds_and_hums_into_the_silence_are_answered_by_silence(sound: str) -> None:
    async def scene() -> None:
        async with Stage() as stage:
            for _ in range(5):
                await (stage.noise() if sound == "cough" else stage.say(sound))
                await asyncio.sleep(1)
            assert len(stage.books.kept) == 1
            assert not [e for e in stage.voice.of_type("transcript") if e["role"] == "user" and e["text"]]

    play(scene())


def test_words_that_come_to_nothing_are_taken_back() -> None:
    async def scene() -> None:
        async with Stage() as stage:
            stage.segmenter.speech_started()
            stage.segmenter.interim("what is")
            stage.segmenter.no_words()
            await stage.quiet()
            first, last = (e for e in stage.voice.of_type("transcript") if e["role"] == "user")
            assert (first["text"], first["final"], last["text"], last["final"]) == ("what is", False, "", True)
            assert first["turn"] == last["turn"]
            assert stage.said("banker") == [stage.tenant.texts.did_not_catch]

    play(scene())


def test_a_recogniser_that_never_answers_keeps_nobody_silent() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("long")
            began = now()
            stage.segmenter.speech_started()
            await stage.until(lambda: not stage.voice.held, 2.5)
            await stage.until(stage.voice.sounds, 0.2)
            assert now() - began < 2.5
            await stage.quiet()
            await stage.ask("long")  # the earlier sound has not ended yet
            stage.segmenter.interim("but I would like to")
            assert stage.voice.held
            await stage.until(lambda: not stage.voice.held, 8.1)
            await stage.quiet()
            assert "interrupted" not in stage.books.kept[-1]
            stage.segmenter.speech_started()
            await asyncio.sleep(59)
            assert stage.voice.held
            await stage.until(lambda: not stage.voice.held, 2)

    play(scene())


def test_a_long_sound_keeps_the_banker_silent_while_it_may_be_words() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("long")
            await stage.say("and now let me tell you about something that takes me more than six seconds, all of it")
            assert not stage.voice.sounds()
            await stage.quiet()
            assert [turn.get("interrupted") for turn in stage.books.kept[2:4]] == [True, None]
            await stage.ask("long")
            began = now()
            await asyncio.gather(stage.noise(30), stage.until(stage.voice.sounds, 20))
            await stage.quiet()
            silent = min(at for at, _ in stage.voice.aloud if at > began + 0.5) - began
            assert 12 < silent < 18
            assert "interrupted" not in stage.books.kept[-1]

    play(scene())


def test_words_that_come_too_late_are_heard_as_any_others() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            await stage.ask("long")
            stage.segmenter.speech_started()
            await asyncio.sleep(3)
            assert stage.voice.sounds()
            stage.segmenter.final("Something else")
            await stage.quiet()
            assert stage.agent.asked == ["long", "Something else"]
            assert stage.books.kept[2]["interrupted"]

    play(scene())


def test_engines_that_are_busy_are_told_of_at_once_and_never_over_the_banker() -> None:
    async def scene() -> None:
        async with Stage(SCRIPT) as stage:
            busy = stage.tenant.texts.hearing_busy
            for _ in range(4):
                stage.segmenter.speech_started()
                stage.segmenter.unavailable()
                await stage.quiet()
            assert stage.said("banker") == [busy, busy]
            assert [event["message"] for event in stage.voice.of_type("error")] == [busy, busy]
            await stage.ask("long")
            stage.segmenter.speech_started()
            stage.segmenter.unavailable()
            await stage.quiet()
            assert "".join(SCRIPT["long"]) == stage.said("banker")[-1]
            assert len(stage.voice.of_type("error")) == 3

    play(scene())


def test_without_consent_nothing_is_heard_and_revoking_forgets_what_was_being_said() -> None:
    async def scene() -> None:
        async with Stage(consented=False) as stage:
            assert not stage.segmenter.is_listening()
            await stage.say("balance")
            assert not stage.voice.of_type("transcript") and not stage.voice.held
            await stage.talk.receive({"type": "consent.grant", "version": stage.tenant.consent.version})
            await stage.quiet()
            stage.segmenter.speech_started()
            stage.segmenter.interim("my secret")
            await stage.talk.receive({"type": "consent.revoke"})
            assert not stage.segmenter.is_listening() and not stage.voice.held
            stage.segmenter.final("my secret number")
            await asyncio.sleep(5)
            assert not stage.agent.asked and not stage.said("user")
            assert stage.voice.of_type("transcript")[-1]["text"] == ""

    play(scene())
