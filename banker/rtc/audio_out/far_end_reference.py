"""The far-end reference for echo removal: which packets of the banker's voice were sent, and when."""

from collections import deque
from dataclasses import dataclass

from banker.rtc.audio_out.opus_encoder import PACKET_SECONDS, EncodedAudio

KEPT_S = 40.0
"""Longer than the longest turn (29.5 s), from which echo is removed at its end."""


@dataclass
class _Run:
    """Packets of one utterance that were sent back to back."""

    started: float
    audio: EncodedAudio
    first: int
    count: int = 1

    @property
    def ended(self) -> float:
        return self.started + self.count * PACKET_SECONDS


class FarEndReference:
    """Records the sent packets of one speaker, in a few bytes per sentence. Belongs to the media loop. Times in s."""

    def __init__(self) -> None:
        self._runs: deque[_Run] = deque()

    @property
    def ended(self) -> float:
        """When the last packet ends or has ended playing; -inf before the first one."""
        return self._runs[-1].ended if self._runs else float("-inf")

    def add(self, due: float, audio: EncodedAudio, index: int) -> None:
        """Note that packet `index` of `audio`, which was due at `due`, has been sent."""
        last = self._runs[-1] if self._runs else None
        follows = last is not None and last.audio is audio and index == last.first + last.count
        if last is not None and follows and abs(due - last.ended) < PACKET_SECONDS / 2:
            last.count += 1
            return
        self._runs.append(_Run(due, audio, index))
        while self._runs[0].ended < due - KEPT_S:
            self._runs.popleft()

    def since(self, time: float) -> list[tuple[float, list[bytes]]]:
        """Return the packets sent since `time`: for each uninterrupted run, its start time and its packets."""
        found = []
        for run in self._runs:
            skipped = max(0, int((time - run.started) / PACKET_SECONDS))
            if skipped < run.count:
                packets = run.audio.packets[run.first + skipped : run.first + run.count]
                found.append((run.started + skipped * PACKET_SECONDS, packets))
        return found
