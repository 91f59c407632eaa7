"""Idle handling: asks a silent user whether they are still there, and then says goodbye."""

import re

from banker.config.tenant import Tenant
from banker.conversation.calls.tool_calls import ToolCalls
from banker.conversation.consent import ConsentState
from banker.conversation.handover.tracker import HandOverTracker
from banker.conversation.mailbox import Announcement, IdleGoodbye, Mailbox
from banker.conversation.transport import Transport
from banker.conversation.turns.interruption import plain_words
from banker.conversation.turns.timer import Timer
from banker.text.en.assent import answer

READING_FACTOR = 3
"""Multiply the idle timeout by this factor when the user reads and types."""
RECHECK_S = 1.0
"""How often to check again while the user does not count as idle: a tool runs, or nobody is connected."""

_PRESENT = re.compile(r"(?:(?:yes|yeah|yep|yup|sure|of course|sorry|oh|still|i am|i'm|here|now|just|thinking) ?)+")


class IdleTimer:
    """Runs while the agent waits for the user. Belongs to the media loop. Never runs unless `enabled`."""

    def __init__(
        self,
        tenant: Tenant,
        *,
        enabled: bool,
        transport: Transport,
        consent: ConsentState,
        tool_calls: ToolCalls,
        person: HandOverTracker,
        mailbox: Mailbox,
    ) -> None:
        self._tenant = tenant
        self._enabled = enabled
        self._transport = transport
        self._consent = consent
        self._tool_calls = tool_calls
        self._person = person
        self._mailbox = mailbox
        self._timer = Timer()
        self.has_asked = False
        """Whether the user was asked if they are still there, and has not answered yet."""
        self.is_leaving = False
        """Whether the goodbye is being said."""

    def start(self) -> None:
        """Start the timer: the agent has finished and waits for the user."""
        if self._enabled and not self.is_leaving:
            turns = self._tenant.turns
            seconds = turns.idle_end_seconds if self.has_asked else turns.still_there_seconds
            self._timer.start(seconds * (1 if self._transport.audible else READING_FACTOR), self._time_out)

    def stop(self) -> None:
        """Stop the timer: the agent is busy."""
        self._timer.stop()

    def user_acted(self) -> bool:
        """Restart the timer, because the user acted. Return whether they had been asked if they are still there."""
        had_asked, self.has_asked, self.is_leaving = self.has_asked, False, False
        if self._timer.running:
            self.start()
        return had_asked

    def _time_out(self) -> None:
        is_served = self._tool_calls.busy or self._person.is_busy
        if not self._consent.given or not self._transport.reachable or is_served:
            self._timer.start(RECHECK_S, self._time_out)
        elif self.has_asked:
            self.is_leaving = True
            self._mailbox.put(IdleGoodbye())
        else:
            self.has_asked = True
            self._mailbox.put(Announcement(self._tenant.texts.still_there))


def confirms_presence(text: str) -> bool:
    """Return whether the words only answer "Are you still there?"."""
    return answer(text) == "yes" or bool(_PRESENT.fullmatch(plain_words(text)))
