"""Owns the moment of the greeting: when it can be heard, or when it is clear that it will only be read."""

import asyncio
from collections.abc import Callable

from banker.conversation.transport import Transport

SILENT_GREETING_SECONDS = 2.0
"""A client that has made no offer so long after its consent is greeted in text."""


class Greeting:
    """Of one conversation; calls `greet` once, while the user `agrees` to talk. Belongs to the media loop."""

    def __init__(self, transport: Transport, agrees: Callable[[], bool], greet: Callable[[], None]) -> None:
        self.over = False
        """The user was greeted, or has spoken first."""
        self._transport = transport
        self._agrees = agrees
        self._greet = greet
        self._patience_lost = False
        self._patience: asyncio.TimerHandle | None = None

    def wait(self) -> None:
        """Wait for sound, but not for long once the user has agreed to talk."""
        if self._patience is None and self._agrees():
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(SILENT_GREETING_SECONDS, self._lose_patience)
        self.transport_changed()

    def transport_changed(self) -> None:
        """The line became audible, or will not."""
        if self.over or not self._agrees() or not self._transport.reachable:
            return
        if (
            self._transport.audible
            or not self._transport.can_speak
            or (self._patience_lost and not self._transport.audio_expected)
        ):
            self.over = True
            self._greet()

    def close(self) -> None:
        """Greet no more."""
        if self._patience is not None:
            self._patience.cancel()

    def _lose_patience(self) -> None:
        self._patience_lost = True
        self.transport_changed()
