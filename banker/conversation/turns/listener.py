"""The events that a speech recogniser reports about what the user says."""

from typing import Protocol

from banker.speech import Recognition


class SpeechListener(Protocol):
    """Receives one session's speech events in the media loop. No method may block.

    Each `speech_started` is followed by exactly one of `final`, `no_words` and `unavailable`; any number of
    `speech_continued` and `interim` come in between.
    """

    def speech_started(self) -> None:
        """About 100 ms of speech were heard: a barge-in if the agent is speaking."""
        ...

    def speech_continued(self) -> None:
        """Another second of speech was heard that has not been recognised yet."""
        ...

    def interim(self, text: str) -> None:
        """The words so far, which may still change."""
        ...

    def may_be_all(self, text: str) -> None:
        """The user has paused after these words. Nothing is answered yet, but an answer can be prepared."""
        ...

    def final(self, text: str) -> None:
        """The turn has ended with these words."""
        ...

    def no_words(self) -> None:
        """The turn has ended and the recogniser found no words in it."""
        ...

    def unavailable(self) -> None:
        """The turn has ended and no recogniser was free for it, or the recogniser failed."""
        ...

    def credible_text(self, recognition: Recognition) -> str:
        """The recognised text, or an empty string if the recogniser is not sure enough of it."""
        ...

    def endpointing_delay(self, text: str) -> float:
        """Return the seconds of silence that end a turn with these words (0.45 to 1.75 by default).

        It may become less after `may_be_all`.
        """
        ...

    def is_listening(self) -> bool:
        """Return whether the user has consented. If not, audio is discarded unheard."""
        ...
