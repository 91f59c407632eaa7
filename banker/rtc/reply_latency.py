"""How long a spoken reply takes, by stage: from the end of the user's speech to the first packet of the answer."""

from collections.abc import Callable

from banker.server.metrics import Metrics

FRESH_SECONDS = 2.0
"""Words that became no turn by then became none."""
LONGEST_SECONDS = 20.0
"""What is said later than this answers something else."""


class ReplyLatency:
    """One call's. Belongs to the media loop; `clock` gives seconds.

    A stage begins where the one before it ends, and all of them are noted at once when the first packet leaves: they
    add up to the whole, and each has been counted as often as the others.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._stages: dict[str, float] = {}
        self._reached = 0.0
        self._is_turn = False

    def heard(self, silence: float, recognition: float) -> None:
        """The user's words are passed on, after so many seconds of silence and so many more for the recogniser."""
        self._stages = {"silence": silence, "recognition": recognition}
        self._reached = self._clock()
        self._is_turn = False

    def turn(self) -> None:
        """The user has a new turn; it is the words that were heard, or it was typed."""
        self._is_turn = bool(self._stages) and self._clock() - self._reached < FRESH_SECONDS
        if not self._is_turn:
            self._stages = {}

    def sentence(self) -> None:
        """The first sentence of the reply was found: agent and tools are through."""
        self._end("thought", after="recognition")

    def sound(self) -> None:
        """Enough of it was synthesised to begin with."""
        self._end("voice", after="thought")

    def sent(self) -> None:
        """Its first packet leaves."""
        self._end("sending", after="voice")
        if "sending" in self._stages:
            for name, seconds in self._stages.items():
                self._metrics.reply_stages[name].observe(seconds)
            self._metrics.reply_seconds.observe(sum(self._stages.values()))
            self._stages = {}

    def _end(self, stage: str, *, after: str) -> None:
        if not self._is_turn or next(reversed(self._stages), None) != after:
            return
        now = self._clock()
        self._stages[stage] = now - self._reached
        self._reached = now
        if sum(self._stages.values()) > LONGEST_SECONDS:
            self._stages = {}
