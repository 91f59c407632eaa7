"""Whose voice it is: a sound that begins while the banker's can be heard may be that, and nobody else's."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from banker.rtc.audio_in.utterance import AudioSpan, Utterance

log = logging.getLogger(__name__)

EVERY_SECONDS, BACK_SECONDS = 0.09, 1.0
"""A sound in doubt is looked at so often, and so far back: a tenth of a core while a microphone hears the banker."""
FOUND_SECONDS = 0.4
"""Within so long somebody who speaks is found."""
OVER_SECONDS = 0.2
"""A silence behind which it was the banker alone."""


class DoubleTalkDetector:
    """Of one ear. Belongs to the media loop.

    `over_voice` tells whether the banker may be heard now, `speaks` whether anybody else is in a stretch of sound; what
    it raises counts as a yes. `found` is told of a turn that is somebody's, and for how long (s) by now; `over` of one
    that was nobody's.
    """

    def __init__(
        self,
        over_voice: Callable[[], bool],
        speaks: Callable[[AudioSpan], Awaitable[bool]],
        found: Callable[[Utterance, float], None],
        over: Callable[[Utterance], None],
    ) -> None:
        self.over_voice = over_voice
        self._speaks = speaks
        self._found = found
        self._over = over

    def look(self, turn: Utterance, now: float) -> None:
        """There is more of a sound in doubt, by `now` (s)."""
        turn.keep(BACK_SECONDS)
        if turn.interim is not None:
            return
        if turn.quiet >= OVER_SECONDS:
            self._over(turn)
        elif turn.unseen >= EVERY_SECONDS:
            turn.unseen = 0.0
            turn.interim = asyncio.ensure_future(self._resolve(turn, now))

    async def _resolve(self, turn: Utterance, now: float) -> None:
        try:
            somebody = await self._speaks(turn.end(BACK_SECONDS, now))
        except Exception as error:
            log.debug("taken for somebody who speaks: %s", type(error).__name__)
            somebody = True
        if turn.interim is asyncio.current_task():
            turn.interim = None
            if somebody:
                self._found(turn, FOUND_SECONDS + turn.unseen)
