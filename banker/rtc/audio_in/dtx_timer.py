"""Reports silence while no packets arrive, due to discontinuous transmission (DTX) or a stalled network."""

import asyncio
from collections.abc import Callable

ANNOUNCED_GAP_S, PAUSE_GAP_S, SPEECH_GAP_S = 0.05, 0.1, 0.5
"""How long a gap must be to count as silence: after a DTX packet, which some senders repeat every 20 ms; in a pause of
the user, when nothing is expected; and while the user speaks, when the network is probably slow."""
TICK_S = 0.02
"""One Opus packet."""


class DtxTimer:
    """Reports silence without packets. Belongs to one segmenter.

    `silence_passed` is called with seconds of silence; `in_pause` returns whether the user pauses, or None between
    utterances.
    """

    def __init__(self, silence_passed: Callable[[float], None], in_pause: Callable[[], bool | None]) -> None:
        self._silence_passed = silence_passed
        self._in_pause = in_pause
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._arrived_at = self._loop.time()
        self._assumed_s = 0.0
        self._announced = False

    def packet_arrived(self, *, announces_silence: bool = False) -> float:
        """Note a packet. Return the seconds before it that were already reported as silence."""
        self._arrived_at, self._announced = self._loop.time(), announces_silence
        assumed, self._assumed_s = self._assumed_s, 0.0
        return assumed

    def start(self) -> None:
        """Begin to watch for gaps in an utterance."""
        if self._timer is None:
            self._tick()

    def stop(self) -> None:
        """Stop watching: the utterance is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = self._loop.call_later(TICK_S, self._tick)
        in_pause = self._in_pause()
        if in_pause is None:
            return
        allowed = ANNOUNCED_GAP_S if self._announced else PAUSE_GAP_S if in_pause else SPEECH_GAP_S
        gap = self._loop.time() - self._arrived_at - self._assumed_s
        if gap > (0 if self._assumed_s else allowed):
            self._assumed_s += gap
            self._silence_passed(gap)
