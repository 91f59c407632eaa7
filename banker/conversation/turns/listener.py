"""What an ear tells the dialogue of what the user says."""

from typing import Protocol

from banker.speech import Recognition


class SpeechListener(Protocol):
    """Called in the media loop by the ear of one session; nothing here may block.

    After `began` comes exactly one of `said`, `nothing` and `unavailable`, with any number of `partial` before it.
    """

    def began(self) -> None:
        """Speech has begun (about 100 ms of it): the banker may fall silent."""
        ...

    def partial(self, text: str) -> None:
        """The words so far, as far as the engine gives them; "" says that speech goes on, a second more of it."""
        ...

    def believed(self, heard: Recognition) -> str:
        """The words that count of what was recognised."""
        ...

    def patience(self, text: str) -> float:
        """Seconds of silence that end the turn after these words (0.6 to 1.5)."""
        ...

    def said(self, text: str) -> None:
        """The turn has ended; its final words."""
        ...

    def nothing(self) -> None:
        """It was no speech, or nothing was recognised: nobody said anything."""
        ...

    def unavailable(self) -> None:
        """The engines are too busy, or failed."""
        ...

    def listens(self) -> bool:
        """Whether consent was given; False discards everything unheard."""
        ...
