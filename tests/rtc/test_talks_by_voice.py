"""Ten of the demo bank's talks, spoken: the recogniser hears them well enough for the banker to serve them."""

from pathlib import Path

import pytest

from banker.cli.conversation_tests.player import FinishedCall, TurnOutcome, differences
from banker.cli.conversation_tests.talk_files import Talk, read_talks
from tests.rtc.segmenters import run
from tests.rtc.virtual_call import VirtualBank, VirtualCall
from tests.servers import ROOT
from tests.speech.sounds import VOICES, say

SPOKEN = (
    "the balance of the account on the screen",
    "the last five transactions",
    "opening hours",
    "which cards there are",
    "which card",
    "how long a transfer takes",
    "what cash costs abroad",
    "are you a human",
    "what it can do",
    "a conversation about everything",
)
TALKS = {talk.name: talk for path in (ROOT / "examples" / "bank" / "talks").glob("*.toml") for talk in read_talks(path)}


@pytest.mark.parametrize(
    ("name", "voice"), [(name, VOICES[number % len(VOICES)]) for number, name in enumerate(SPOKEN)]
)
def test_the_banker_serves_a_spoken_talk(name: str, voice: str, tmp_path: Path) -> None:
    assert run(played(TALKS[name], voice, tmp_path)) == []


async def played(talk: Talk, voice: str, folder: Path) -> list[str]:
    """Speak the customer's turns, and return what differs from what the talk expects."""
    calls: list[FinishedCall] = []
    lines: list[str] = []
    async with VirtualBank(folder) as bank, VirtualCall(bank) as call:
        bank.toolbox.on_finished = lambda caller, tool, arguments, result: calls.append(
            FinishedCall(tool, dict(arguments), result.status)
        )
        await call.begin()
        for turn in talk.turn:
            shown = await call.asks(say(turn.customer, voice))
            question = call._call.conversation.tool_calls.questions.open
            outcome = TurnOutcome(tuple(calls), "" if question is None else question.tool, shown)
            found = list(differences(turn, outcome, bank.toolbox))
            heard = call.turns("user")[-1]
            lines += [f"{turn.customer!r}, heard as {heard!r}, answered {shown!r}: {each}" for each in found]
            calls.clear()
    return lines
