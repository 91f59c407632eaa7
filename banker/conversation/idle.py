"""Calls that nobody talks in any more: a question into the silence, then goodbye."""

import re
from collections.abc import Callable

from banker.config.tenant import TurnSettings
from banker.conversation.timer import Timer
from banker.conversation.turns.interruption import plain
from banker.text.en.assent import answer

READING_FACTOR = 3
"""Who reads and types takes longer than who hears and speaks: so many times the configured seconds."""
LOOK_AGAIN_SECONDS = 1.0
"""While something goes on that is no word: somebody speaks, a tool runs, nobody is connected."""

_HERE = re.compile(r"(?:(?:yes|yeah|yep|yup|sure|of course|sorry|oh|still|i am|i'm|here|now|just|thinking) ?)+")


class IdleTimer:
    """Belongs to the media loop. The clock runs between `rest` and whatever comes next; without settings never."""

    def __init__(
        self,
        settings: TurnSettings | None,
        *,
        reading: Callable[[], bool],
        occupied: Callable[[], bool],
        ask: Callable[[], None],
        leave: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._reading = reading
        self._occupied = occupied
        self._ask = ask
        self._leave = leave
        self._timer = Timer()
        self.asked = False
        """Whether the user was asked whether they are there, and has said no word since."""
        self.leaving = False

    def rest(self) -> None:
        """The banker has finished, and waits for a word of the user."""
        if self._settings is not None and not self.leaving:
            seconds = self._settings.idle_end_seconds if self.asked else self._settings.still_there_seconds
            self._timer.start(seconds * (READING_FACTOR if self._reading() else 1), self._over)

    def work(self) -> None:
        """The banker thinks, speaks or acts."""
        self._timer.stop()

    def word(self) -> bool:
        """The user said, typed or pressed something. Whether that came after "Are you still there?"."""
        asked, self.asked, self.leaving = self.asked, False, False
        if self._timer.running:
            self.rest()
        return asked

    def _over(self) -> None:
        if self._occupied():
            self._timer.start(LOOK_AGAIN_SECONDS, self._over)
        elif self.asked:
            self.leaving = True
            self._leave()
        else:
            self.asked = True
            self._ask()


def is_here(text: str) -> bool:
    """Whether words are the answer to "Are you still there?" and nothing besides."""
    return answer(text) == "yes" or bool(_HERE.fullmatch(plain(text)))
