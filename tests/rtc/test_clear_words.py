"""A turn whose words are clear, and whose answer changes nothing, ends sooner than others."""

import asyncio
from pathlib import Path

from tests.rtc.virtual_call import VirtualCall, talk
from tests.speech.sounds import VOICES, pause, say

QUICK_RECOGNITION_S = 0.1
"""So that the words are known before the silence is over, as on a machine that has no other work."""


def test_only_clear_words_whose_answer_changes_nothing_end_a_turn_sooner(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        turns = call.bank.calls._calls[call.session.session_id].conversation.turn_taking
        usual = call.tenant.turns.silence_ms / 1000

        async def silence(text: str) -> float:
            turns.may_be_all(text)
            await asyncio.sleep(0.05)
            return turns.endpointing_delay(text) / usual

        assert await silence("What is the balance of my account?") < 0.8
        assert await silence("Show me my last transactions.") < 0.8
        assert await silence("Please transfer fifty dollars to my savings account.") == 1
        assert await silence("Somebody told me to move my money to a safe account.") == 1
        assert await silence("I would like to") > 1
        await call.type("I want to open a ticket.")
        await call.quiet()
        assert await silence("What is the balance of my account?") == 1, "it may be a part of the answer"

    talk(tmp_path, story)


def test_whoever_goes_on_after_a_wish_within_the_silence_has_said_one_turn(tmp_path: Path) -> None:
    async def story(call: VirtualCall) -> None:
        call.bank.queues["hearing"].seconds = QUICK_RECOGNITION_S
        await call.asks(
            say("Please transfer fifty dollars", VOICES[1]) + pause(0.45) + say("to my savings account.", VOICES[1])
        )
        assert len(call.turns("user")) == 1, call.turns("user")

    talk(tmp_path, story)
