"""Measures the latency of spoken replies by stage, from the end of the user's speech to the reply's first packet."""

from collections.abc import Callable

from banker.server.metrics import Metrics

TURN_TIMEOUT_S = 2.0
"""Recognised words that are not a turn within this time never become one."""
MAX_LATENCY_S = 20.0
"""A sentence that is later than this belongs to something else."""


class ReplyLatency:
    """Measures one call. Belongs to the media loop; `clock` gives seconds.

    A stage begins where the previous one ends. All are observed together when the first packet leaves, so they add up
    to the total, and each is counted equally often.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._stages: dict[str, float] = {}
        self._reached = 0.0
        self._is_turn = False

    def heard(self, silence: float, recognition: float) -> None:
        """The user's words are passed on, after these seconds of silence and of recognition."""
        self._stages = {"silence": silence, "recognition": recognition}
        self._reached = self._clock()
        self._is_turn = False

    def turn(self) -> None:
        """The user has a new turn: the recognised words, or typed ones."""
        self._is_turn = bool(self._stages) and self._clock() - self._reached < TURN_TIMEOUT_S
        if not self._is_turn:
            self._stages = {}

    def sentence(self) -> None:
        """The agent has the first sentence of its reply."""
        self._end_stage("thought", after="recognition")

    def sound(self) -> None:
        """Enough of that sentence is synthesised to start playing."""
        self._end_stage("voice", after="thought")

    def sent(self) -> None:
        """Its first packet leaves."""
        self._end_stage("sending", after="voice")
        if "sending" in self._stages:
            for name, seconds in self._stages.items():
                self._metrics.reply_stages[name].observe(seconds)
            self._metrics.reply_seconds.observe(sum(self._stages.values()))
            self._stages = {}

    def _end_stage(self, stage: str, *, after: str) -> None:
        if not self._is_turn or next(reversed(self._stages), None) != after:
            return
        now = self._clock()
        self._stages[stage] = now - self._reached
        self._reached = now
        if sum(self._stages.values()) > MAX_LATENCY_S:
            self._stages = {}
