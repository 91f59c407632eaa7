"""The banker's own sound in the user's microphone."""

import asyncio
import random

import pytest

from banker.dialogue.echo import Echo
from tests.dialogue.stage import SHORT_PAUSE, Script, Stage, now, play

GLIMPSE = 2.0
"""Of a sound without a pause the ear tells the words so often (s)."""
LONGER = (
    "Your checking account has a good balance, in dollars as you asked. The account is active and in order. "
    "You can use all of it today."
)


def test_twenty_replies_with_their_echo_are_interrupted_by_nothing_and_by_a_real_stop() -> None:
    async def scene() -> None:
        chance = random.Random(6)
        async with Stage({"go": [LONGER]}) as stage:
            await asyncio.sleep(1)
            echo = Echoing(stage, chance)
            listening = asyncio.ensure_future(echo.listen())
            for n in range(20):
                await stage.ask("go")
                await stage.quiet()
                await asyncio.sleep(chance.uniform(0.1, 3))
                assert stage.said("banker") == [LONGER] * (n + 1)
            assert echo.turns >= 15
            assert stage.said("user") == ["go"] * 20
            echo.over = "stop"
            await stage.ask("go")
            await stage.until(lambda: stage.said("user")[-1] == "stop", 30)
            await stage.quiet()
            assert stage.said("user")[-1] == "stop"
            assert stage.books.kept[-2]["interrupted"]
            listening.cancel()

    play(scene())


def test_the_last_words_of_a_question_are_its_answer_when_they_come_after_it() -> None:
    async def scene() -> None:
        script: dict[str, Script] = {"which": ["Which one would you like to know about: checking or savings?"]}
        async with Stage(script) as stage:
            await stage.ask("which")
            await stage.quiet()
            await asyncio.sleep(0.2)
            await stage.say("Savings.")
            await stage.quiet()
            assert stage.brain.asked == ["which", "Savings."]

    play(scene())


SAID = "Your checking account has a balance of one thousand two hundred dollars."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Your checking account has a balance of $1,200.", ""),
        ("your chicken account has a ballance of one thousand", ""),
        ("a balance of", ""),
        ("Your", ""),
        ("count has a bal", ""),
        ("yer chick in", ""),
        ("You're tracking.", ""),  # its first words, misheard
        ("We'll check.", ""),
        ("What about my savings account?", "What about my savings account?"),
        ("I want to talk to a human", "I want to talk to a human"),
        ("no", "no"),
        ("yes", "yes"),
        ("has a balance of what about savings", "what about savings"),
        ("dollars has balance account", "dollars has balance account"),  # its words, but not its order
    ],
)
def test_the_bankers_own_words_are_taken_out_of_what_is_heard(text: str, left: str) -> None:
    assert echo_of(SAID, 1.0).without(text, 0.5)[0] == left


def test_only_what_was_played_can_come_back() -> None:
    echo = echo_of(SAID, 0.3)
    assert echo.without("Your checking account", 0.5) == ("", "")
    assert echo.without("one thousand two hundred dollars", 0.5)[0] != ""


def test_a_last_word_that_was_cut_off_may_lack_a_sound() -> None:
    time = 0.0
    echo = Echo(lambda: time)
    for n in range(1, 21):  # 4 s, and no silence in it
        time = n / 5
        echo.played("We are open from nine to five, and a lost card is blocked within a minute.", n / 20)
    assert echo.without("A lot.", 3.0) == ("", "")
    assert echo.without("A log.", 3.0) == ("A log.", "")


def test_a_stop_is_found_in_an_echo() -> None:
    assert echo_of(SAID, 1.0).without("Your checking account stop has a balance of", 0.5) == ("", "stop")


def test_an_echo_comes_soon_and_an_answer_to_a_question_sooner() -> None:
    time = 0.0
    echo = Echo(lambda: time)
    echo.played("It is done.", 1.0)
    echo.played("", 1.0)
    assert echo.possible(0.4, known=False) and not echo.possible(0.6, known=False)
    echo.played("Checking or savings?", 1.0)
    echo.played("", 1.0)
    assert not echo.possible(0.4, known=False) and echo.possible(0.4, known=True)


def echo_of(spoken: str, fraction: float) -> Echo:
    """Some of a sentence was played at 0 s; nothing since."""
    echo = Echo(lambda: 0.0)
    for n in range(1, 101):
        echo.played(spoken, fraction * n / 100)
    return echo


class Echoing:
    """The banker's sound in the user's microphone, 120 ms late: it is noticed, and recognised as well as it can be."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self._stage, self._chance = stage, chance
        self.over: str = ""
        """Words that somebody says over the echo."""
        self.turns = 0

    async def listen(self) -> None:
        began, last, looked = None, 0.0, 0.0
        stage = self._stage
        while True:
            await asyncio.sleep(0.02)
            letters = [at for at, _ in stage.voice.aloud[-20:] if at <= now() - 0.12]
            sounding = bool(letters) and letters[-1] > now() - 0.12 - 0.1
            if sounding and began is None and sum(at > now() - 0.4 for at in letters) > 3:
                began, looked, told = now(), now(), False
                stage.ear.began()
            elif began is not None and sounding:
                last, told = now(), False
                if now() - looked > GLIMPSE:
                    looked = now()
                    stage.ear.partial(self._recognised(max(began, now() - 4), now()))
            elif began is not None and not told and now() - last > SHORT_PAUSE:
                told, words = True, self._recognised(began, last)
                stage.ear.partial(words)
            elif began is not None and told and now() - last > stage.ear.patience(words):
                self.turns += 1
                stage.ear.said(words)
                began = None

    def _recognised(self, began: float, until: float) -> str:
        """What lies between the two moments, its first and last word perhaps cut in two, some words misheard."""
        letters = [letter for at, letter in self._stage.voice.aloud[-400:] if began - 0.5 < at <= until]
        words = "".join(letters).split()
        misheard = {"checking": "chicken", "balance": "ballans", "account": "a count", "dollars": "dollar"}
        words = [misheard.get(word, word) if self._chance.random() < 0.3 else word for word in words]
        if self.over:
            words.insert(len(words) // 2, self.over)
        return " ".join(words)
