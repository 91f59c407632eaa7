"""One utterance of the user: its audio so far, the silence at its end, and the recognition in progress."""

import asyncio
from dataclasses import dataclass

from banker.rtc.audio_in.jitter_buffer import SAMPLE_RATE
from banker.rtc.audio_in.utterance_states import TRANSITIONS, UtteranceEvent, UtteranceState
from banker.state_machine import next_state

BYTES_PER_S = SAMPLE_RATE * 2
"""Bytes per second of s16 mono PCM at 16 kHz, the format of all audio here."""
PAUSE_HEAD_S, PAUSE_TAIL_S = 0.2, 0.3
"""The parts of a pause that the recogniser gets, from its start and from its end. After more than 0.6 s of silence,
recognisers tend to stop and miss the digits that follow."""

_IN_A_PAUSE = (UtteranceState.RECOGNISING, UtteranceState.RECOGNISED, UtteranceState.FAILED)


@dataclass(frozen=True)
class AudioSpan:
    """A span of microphone audio, and when it ended (s, on the event loop's clock)."""

    pcm: bytes
    ended_at: float
    skipped: tuple[tuple[int, int], ...] = ()
    """Byte ranges that the recogniser does not get: long pauses, and sound before the speech."""

    @property
    def seconds(self) -> float:
        """The length of the whole span."""
        return len(self.pcm) / BYTES_PER_S

    def without_skipped(self, pcm: bytes | None = None) -> bytes:
        """Return the PCM for the recogniser: this span's, or a processed copy's of the same length."""
        pcm, kept, start = self.pcm if pcm is None else pcm, b"", 0
        for begin, end in self.skipped:
            kept, start = kept + pcm[start:begin], end
        return kept + pcm[start:]


class Utterance:
    """The user's speech from its onset to its end. Belongs to one segmenter."""

    def __init__(self, pcm: bytes, now: float) -> None:
        self.state = UtteranceState.IDLE
        self.pcm = bytearray(pcm)
        self.silence_s = 0.0
        """The silence at its end."""
        self.soft_s = 0.0
        """Softer speech at its end: a syllable of the user, or somebody else."""
        self.last_speech_at = now
        self.closed_at: float | None = None
        """When it was over, if its words followed later."""
        self.unreported_s = 0.0
        """Speech since the last report that it continues."""
        self.text: str | None = None
        self.endpointing_delay_s = 0.0
        """How long a silence ends the turn after `text`."""
        self.recognition: asyncio.Task[None] | None = None
        """The recognition of everything said so far."""
        self.lookahead: asyncio.Task[None] | None = None
        """While the user speaks: an interim transcript or, in `POSSIBLE_ECHO`, a check for double talk."""
        self.since_lookahead_s = 0.0
        self._skipped: list[tuple[int, int]] = []

    def on(self, event: UtteranceEvent) -> None:
        """Change the state. Raises `IllegalTransition`."""
        self.state = next_state(TRANSITIONS, self.state, event)

    @property
    def seconds(self) -> float:
        """The length of what the recogniser gets."""
        return (len(self.pcm) - sum(end - begin for begin, end in self._skipped)) / BYTES_PER_S

    def whole(self, now: float) -> AudioSpan:
        """Return all of its audio."""
        return AudioSpan(bytes(self.pcm), self.closed_at or now, tuple(self._skipped))

    def tail(self, seconds: float, now: float) -> AudioSpan:
        """Return the last `seconds` of its audio, or all of it if it is shorter."""
        return AudioSpan(bytes(self.pcm[-_byte_count(seconds) :]), now)

    def keep_tail(self, seconds: float) -> None:
        """Drop all but the last `seconds`."""
        del self.pcm[: -_byte_count(seconds)]

    def skip_until_tail(self, seconds: float) -> None:
        """Give the recogniser only the last `seconds` so far, and what follows."""
        self._skipped = [(0, max(0, len(self.pcm) - _byte_count(seconds)))]

    def speech_continues(self, now: float) -> None:
        """Note a frame of speech. After a pause, recognition starts over, since the words so far are incomplete."""
        self.last_speech_at = now
        self.soft_s = 0.0
        if not self.silence_s:
            return
        pause, end = len(self.pcm) - _byte_count(self.silence_s), len(self.pcm) - _byte_count(PAUSE_TAIL_S)
        if end > pause + _byte_count(PAUSE_HEAD_S):
            self._skipped.append((pause + _byte_count(PAUSE_HEAD_S), end))
        self.silence_s = 0.0
        self.text = None
        self.cancel_tasks()
        if self.state in _IN_A_PAUSE:
            self.on(UtteranceEvent.SPEECH_RESUMED)

    def add_silence(self, seconds: float, now: float) -> None:
        """Add silence, or speech of somebody else, up to `now`."""
        if not self.silence_s:  # a soft syllable at the end was speech too
            self.last_speech_at = now - seconds
        self.silence_s += seconds
        self.soft_s = 0.0

    def cancel_tasks(self) -> None:
        """Cancel every recognition and check of this utterance."""
        for task in (self.recognition, self.lookahead):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        self.recognition = self.lookahead = None


def _byte_count(seconds: float) -> int:
    return 2 * round(seconds * SAMPLE_RATE)
