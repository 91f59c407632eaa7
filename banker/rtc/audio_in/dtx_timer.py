"""Time that passes while no packet comes: silence may be sent as nothing at all, and a network may stall."""

import asyncio
from collections.abc import Callable

TOLD_SECONDS, QUIET_SECONDS, STALLED_SECONDS = 0.05, 0.1, 0.5
"""Without a packet for so long, time passes as silence: when the microphone told that it falls silent (some tell it
every 20 ms); in a pause, when nothing is to be expected; while somebody speaks, when it is the network that is slow."""
TICK_SECONDS = 0.02


class DtxTimer:
    """Belongs to an ear. `passed` is told of silence that the microphone has not told of; `quiet` whether it is a
    pause, or None while nobody says anything.
    """

    def __init__(self, passed: Callable[[float], None], quiet: Callable[[], bool | None]) -> None:
        self._passed = passed
        self._quiet = quiet
        self._loop = asyncio.get_running_loop()
        self._ticking: asyncio.TimerHandle | None = None
        self._arrived = self._loop.time()
        self._guessed = 0.0
        self._told = False

    def arrived(self, *, told: bool = False) -> float:
        """A packet came, or the microphone told that it falls silent; how much of the time before it has passed."""
        self._arrived, self._told = self._loop.time(), told
        guessed, self._guessed = self._guessed, 0.0
        return guessed

    def start(self) -> None:
        """Somebody begins to speak."""
        if self._ticking is None:
            self._tick()

    def stop(self) -> None:
        """Nobody speaks any more."""
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def _tick(self) -> None:
        self._ticking = self._loop.call_later(TICK_SECONDS, self._tick)
        quiet = self._quiet()
        if quiet is None:
            return
        patience = TOLD_SECONDS if self._told else QUIET_SECONDS if quiet else STALLED_SECONDS
        silent = self._loop.time() - self._arrived - self._guessed
        if silent > (patience if not self._guessed else 0):
            self._guessed += silent
            self._passed(silent)
