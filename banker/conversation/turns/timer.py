"""A restartable timer."""

import asyncio
from collections.abc import Callable


class Timer:
    """Calls a function once, unless stopped or restarted before. Belongs to the media loop."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether a call is due."""
        return self._handle is not None

    def start(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call `callback` in `seconds`, instead of any earlier one."""
        self.stop()

        def fire() -> None:
            self._handle = None
            callback()

        self._handle = asyncio.get_running_loop().call_later(seconds, fire)

    def stop(self) -> None:
        """Cancel the call."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
