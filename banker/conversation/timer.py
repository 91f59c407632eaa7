"""One thing that is going to happen, unless it is put off or called off."""

import asyncio
from collections.abc import Callable


class Timer:
    """Belongs to the media loop."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether it is going to happen."""
        return self._handle is not None

    def start(self, seconds: float, happen: Callable[[], None]) -> None:
        """Let it happen so many seconds from now, and not at any earlier appointed time."""
        self.stop()

        def fire() -> None:
            self._handle = None
            happen()

        self._handle = asyncio.get_running_loop().call_later(seconds, fire)

    def stop(self) -> None:
        """It is not going to happen."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
