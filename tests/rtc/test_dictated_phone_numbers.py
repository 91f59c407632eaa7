"""Eleven digits that are dictated in groups are the same digits in the turn, in the question and in the ticket."""

from pathlib import Path

import pytest

from tests.rtc.virtual_call import VirtualCall, talk
from tests.speech.sounds import VOICES, digits, pause, say, spelled

GROUPS = ("07700", "900", "123")


@pytest.mark.parametrize("seconds", [0.2, 1.2])
def test_eleven_digits_stay_as_they_are_said(tmp_path: Path, seconds: float) -> None:
    async def story(call: VirtualCall) -> None:
        await call.type("I want to open a ticket.")
        await call.quiet()
        first, second, third = (say(spelled(group), VOICES[1]) for group in GROUPS)
        await call.asks(say("My phone number is", VOICES[1]) + first + pause(seconds) + second + pause(seconds) + third)
        number = "".join(GROUPS)
        assert digits(call.turns("user")[-1]) == number
        assert digits(call.of_type("confirm.request")[-1]["summary"]) == number
        assert digits(call.turns("banker")[-1]) == number
        await call.type("yes")
        await call.until(lambda: call.bank.books.tickets("demo-customer"))
        assert digits(call.bank.books.tickets("demo-customer")[0].subject) == number

    talk(tmp_path, story)
