"""The greeting: said as soon as the user can hear it, or shown once it is clear that they will only read."""

import asyncio

from banker.conversation.consent import ConsentState
from banker.conversation.mailbox import Announcement, Mailbox
from banker.conversation.transport import Transport

TEXT_ONLY_AFTER_S = 2.0
"""A client without an offer this long after the user's consent is greeted in text."""


class Greeting:
    """Posts the greeting of one conversation once, after consent. Belongs to the media loop."""

    def __init__(self, text: str, transport: Transport, consent: ConsentState, mailbox: Mailbox) -> None:
        self.is_over = False
        """Whether the user was greeted, or spoke first."""
        self._text = text
        self._transport = transport
        self._consent = consent
        self._mailbox = mailbox
        self._timer: asyncio.TimerHandle | None = None
        self._has_waited = False

    def wait(self) -> None:
        """Wait for audio, but only for `TEXT_ONLY_AFTER_S` after consent."""
        if self._timer is None and self._consent.given:
            self._timer = asyncio.get_running_loop().call_later(TEXT_ONLY_AFTER_S, self._time_out)
        self.transport_changed()

    def transport_changed(self) -> None:
        """Greet the user if they can hear the agent now, or if it is clear that they will not."""
        transport = self._transport
        if self.is_over or not self._consent.given or not transport.reachable:
            return
        is_text_only = not transport.can_speak or (self._has_waited and not transport.audio_expected)
        if transport.audible or is_text_only:
            self.is_over = True
            self._mailbox.put(Announcement(self._text))

    def close(self) -> None:
        """Stop waiting."""
        if self._timer is not None:
            self._timer.cancel()

    def _time_out(self) -> None:
        self._has_waited = True
        self.transport_changed()
