"""One utterance of the user: its audio so far, the silence at its end, and the recognition in progress."""

import asyncio
from dataclasses import dataclass

from banker.rtc.audio_in.jitter_buffer import SAMPLE_RATE
from banker.rtc.audio_in.utterance_states import TRANSITIONS, UtteranceEvent, UtteranceState
from banker.state_machine import next_state

BYTES_PER_S = SAMPLE_RATE * 2
"""Of s16 mono PCM at 16 kHz, the format of all audio here."""
PAUSE_HEAD_S, PAUSE_TAIL_S = 0.2, 0.3
"""What the recogniser gets of a pause, from its beginning and from its end. After more than 0.6 s of silence it
tends to stop, and misses the digits that follow."""

_IN_A_PAUSE = (UtteranceState.RECOGNISING, UtteranceState.RECOGNISED, UtteranceState.FAILED)


@dataclass(frozen=True)
class AudioSpan:
    """A span of what the microphone heard, and when it ended (s, on the event loop's clock)."""

    pcm: bytes
    ended_at: float
    skipped: tuple[tuple[int, int], ...] = ()
    """Byte ranges that the recogniser does not get: long pauses, and what came before the speech."""

    @property
    def seconds(self) -> float:
        """The length of the whole span."""
        return len(self.pcm) / BYTES_PER_S

    def without_skipped(self, pcm: bytes | None = None) -> bytes:
        """The PCM for the recogniser: this span's, or that of a processed copy of the same length."""
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
        """Silence at its end."""
        self.soft_s = 0.0
        """Speech at its end that is softer than the user's: a syllable, or somebody else."""
        self.last_speech_at = now
        self.closed_at: float | None = None
        """When it was over, if its words came later."""
        self.unreported_s = 0.0
        """Speech since the listener last heard that it continues."""
        self.text: str | None = None
        self.endpointing_delay_s = 0.0
        """How long a silence ends the turn after `text`."""
        self.recognition: asyncio.Task[None] | None = None
        """Recognises everything said so far."""
        self.lookahead: asyncio.Task[None] | None = None
        """While the user speaks: an interim transcript or, in `POSSIBLE_ECHO`, a check for double talk."""
        self.since_lookahead_s = 0.0
        self._skipped: list[tuple[int, int]] = []

    def on(self, event: UtteranceEvent) -> None:
        """Change the state. Raises `IllegalTransition`."""
        self.state = next_state(TRANSITIONS, self.state, event)

    @property
    def seconds(self) -> float:
        """Its length without what the recogniser does not get."""
        return (len(self.pcm) - sum(end - begin for begin, end in self._skipped)) / BYTES_PER_S

    def whole(self, now: float) -> AudioSpan:
        """All of its audio."""
        return AudioSpan(bytes(self.pcm), self.closed_at or now, tuple(self._skipped))

    def tail(self, seconds: float, now: float) -> AudioSpan:
        """The last `seconds` of its audio, or all of it if it is shorter."""
        return AudioSpan(bytes(self.pcm[-_byte_count(seconds) :]), now)

    def keep_tail(self, seconds: float) -> None:
        """Forget all but the last `seconds`."""
        del self.pcm[: -_byte_count(seconds)]

    def skip_until_tail(self, seconds: float) -> None:
        """Give the recogniser only the last `seconds` of what there is now, and what follows."""
        self._skipped = [(0, max(0, len(self.pcm) - _byte_count(seconds)))]

    def speech_continues(self, now: float) -> None:
        """A frame holds speech. After a pause the words recognised so far are not all: recognition starts over."""
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

    def add_silence(self, seconds: float) -> None:
        """Nobody, or somebody else, has spoken for this long."""
        self.silence_s += seconds
        self.soft_s = 0.0

    def cancel_tasks(self) -> None:
        """Stop every recognition and check of it."""
        for task in (self.recognition, self.lookahead):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        self.recognition = self.lookahead = None


def _byte_count(seconds: float) -> int:
    return 2 * round(seconds * SAMPLE_RATE)
