"""What was sent of the banker's voice, and when: what may come back into the user's microphone."""

from collections import deque
from dataclasses import dataclass

from banker.rtc.audio_out.opus_encoder import PACKET_SECONDS, EncodedAudio

KEPT_SECONDS = 40.0
"""Longer than the longest turn."""


@dataclass
class _Run:
    """Packets of a sound that were sent one behind the other."""

    began: float
    sound: EncodedAudio
    first: int
    count: int = 1

    @property
    def ended(self) -> float:
        return self.began + self.count * PACKET_SECONDS


class FarEndReference:
    """Of one speaker. Belongs to the media loop; costs a few bytes a sentence."""

    def __init__(self) -> None:
        self._runs: deque[_Run] = deque()

    @property
    def ended(self) -> float:
        """When the last packet has been heard, or will have been, by the clock that sends it."""
        return self._runs[-1].ended if self._runs else float("-inf")

    def add(self, due: float, sound: EncodedAudio, number: int) -> None:
        """A packet was sent that was `due`."""
        last = self._runs[-1] if self._runs else None
        follows = last is not None and last.sound is sound and number == last.first + last.count
        if last is not None and follows and abs(due - last.ended) < PACKET_SECONDS / 2:
            last.count += 1
            return
        self._runs.append(_Run(due, sound, number))
        while self._runs[0].ended < due - KEPT_SECONDS:
            self._runs.popleft()

    def since(self, time: float) -> list[tuple[float, list[bytes]]]:
        """The packets that were sent since then, with the time of the first one of each row of them."""
        found = []
        for run in self._runs:
            skipped = max(0, int((time - run.began) / PACKET_SECONDS))
            if skipped < run.count:
                packets = run.sound.packets[run.first + skipped : run.first + run.count]
                found.append((run.began + skipped * PACKET_SECONDS, packets))
        return found
