"""Double-talk detection: distinguishes a user who speaks over the agent from the agent's own echo."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from banker.rtc.audio_in.utterance import AudioSpan, Utterance

log = logging.getLogger(__name__)

CHECK_INTERVAL_S, CHECK_SPAN_S = 0.09, 1.0
"""How often a possible echo is checked, and how much of it. This takes a tenth of a core if the microphone hears the
agent all the time."""
DETECTION_LAG_S = 0.4
"""A user who speaks is detected within this time."""
ECHO_ENDS_S = 0.2
"""After this silence without double talk, the sound was only the agent."""


class DoubleTalkDetector:
    """Checks the utterances of one segmenter that are in `POSSIBLE_ECHO`. Belongs to the media loop.

    `is_agent_audible` returns whether the microphone may pick up the agent's voice now. `is_user_speaking` returns
    whether an audio span has another voice; an exception counts as yes. `confirmed` is called with an utterance in
    which the user speaks, and for how long (s); `rejected` with an utterance that was only echo.
    """

    def __init__(
        self,
        is_agent_audible: Callable[[], bool],
        is_user_speaking: Callable[[AudioSpan], Awaitable[bool]],
        confirmed: Callable[[Utterance, float], None],
        rejected: Callable[[Utterance], None],
    ) -> None:
        self.is_agent_audible = is_agent_audible
        self._is_user_speaking = is_user_speaking
        self._confirmed = confirmed
        self._rejected = rejected

    def check(self, utterance: Utterance, now: float) -> None:
        """Start a check if one is due, or reject the utterance if it has ended. `now`: when its audio ends (s)."""
        utterance.keep_tail(CHECK_SPAN_S)
        if utterance.lookahead is not None:
            return
        if utterance.silence_s >= ECHO_ENDS_S:
            self._rejected(utterance)
        elif utterance.since_lookahead_s >= CHECK_INTERVAL_S:
            utterance.since_lookahead_s = 0.0
            utterance.lookahead = asyncio.ensure_future(self._run(utterance, now))

    async def _run(self, utterance: Utterance, now: float) -> None:
        try:
            speaking = await self._is_user_speaking(utterance.tail(CHECK_SPAN_S, now))
        except Exception as error:
            log.debug("double talk assumed: the check failed with %s", type(error).__name__)
            speaking = True
        if utterance.lookahead is asyncio.current_task():
            utterance.lookahead = None
            if speaking:
                self._confirmed(utterance, DETECTION_LAG_S + utterance.since_lookahead_s)
