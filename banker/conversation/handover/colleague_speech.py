"""Captions for a colleague's voice: each recognised turn is shown to the customer."""

from banker.conversation.handover.messages import PersonSays
from banker.conversation.handover.tracker import HandOverTracker
from banker.conversation.mailbox import Mailbox
from banker.speech import Recognition


class ColleagueSpeech:
    """Implements `SpeechListener` for the colleague. Turns for which no recogniser is free are not shown."""

    def __init__(self, person: HandOverTracker, mailbox: Mailbox, silence_s: float) -> None:
        self._person = person
        self._mailbox = mailbox
        self._silence_s = silence_s

    def speech_started(self) -> None:
        """Interrupt nothing."""

    def speech_continued(self) -> None:
        """Interrupt nothing."""

    def interim(self, text: str) -> None:
        """Show nothing: captions are whole turns."""

    def may_be_all(self, text: str) -> None:
        """Nothing is answered."""

    def final(self, text: str) -> None:
        """Show the words."""
        if text.strip() and self._person.is_on:
            self._mailbox.put(PersonSays(text.strip()))

    def no_words(self) -> None:
        """Show nothing."""

    def unavailable(self) -> None:
        """Show nothing."""

    def credible_text(self, recognition: Recognition) -> str:
        """All words."""
        return recognition.text

    def endpointing_delay(self, text: str) -> float:
        """Seconds of silence that end a turn."""
        return self._silence_s

    def is_listening(self) -> bool:
        """Whether the colleague talks with the customer."""
        return self._person.is_heard
