"""Batches the voice activity detection of all sessions, which costs a fraction of running it for each one alone."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from banker.speech.vad.silero import FRAME_SAMPLES, STATE_SIZE, SileroNetwork

log = logging.getLogger(__name__)

MIN_BATCH_SESSIONS = 4
"""With fewer sessions that send audio, a frame is processed at once: batching would save less than its delay costs."""
COUNTING_PERIOD_S = 1.0
"""The sessions that send audio are counted anew every second."""
MAX_DELAY_S = 0.02
"""The time that a frame waits for frames of other sessions, less than its own length of 32 ms."""

OnResult = Callable[[bytes, float], None]


class VadBatch:
    """Creates the detectors of all sessions and batches their frames. Belongs to one event loop."""

    def __init__(self, network: SileroNetwork) -> None:
        self.network = network
        self._waiting: dict[SileroDetector, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._active: set[SileroDetector] = set()
        self._active_count = 0
        self._counted_at = 0.0

    def detector(self) -> "SileroDetector":
        """Return a detector for a session."""
        return SileroDetector(self)

    def add(self, detector: "SileroDetector") -> None:
        """Process the frames of this detector now, or with the next batch."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._counted_at >= COUNTING_PERIOD_S:
            self._active_count, self._counted_at = len(self._active), loop.time()
            self._active.clear()
        self._active.add(detector)
        self._waiting[detector] = None
        if self._active_count < MIN_BATCH_SESSIONS:
            self._process_waiting()
        elif self._timer is None:
            self._timer = loop.call_later(MAX_DELAY_S, self._process_waiting)

    def process(self, detectors: Iterable["SileroDetector"]) -> None:
        """Process the waiting frames of these detectors in order."""
        while pending := [detector for detector in detectors if detector.frames]:
            frames = [detector.frames[0] for detector in pending]
            state = np.stack([detector.state for detector in pending])
            probabilities = self.network.run([frame for frame, _ in frames], state).tolist()
            for detector, new_state, frame, probability in zip(pending, state, frames, probabilities, strict=True):
                if detector.frames and detector.frames[0] is frame:  # a callback may have reset the detector
                    detector.frames.popleft()
                    detector.state = new_state.copy()
                    _report(frame, probability)

    def _process_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, {}
        self.process(waiting)


class SileroDetector:
    """The detector of one session. Implements `speech.Detector`."""

    frame_bytes = FRAME_SAMPLES * 2

    def __init__(self, batch: VadBatch) -> None:
        self._batch = batch
        self.frames: deque[tuple[bytes, OnResult]] = deque()
        self.reset()

    def feed(self, frame: bytes, on_result: OnResult) -> None:
        """Call `on_result` with the next frame and its speech probability (0 to 1)."""
        self.frames.append((frame, on_result))
        self._batch.add(self)

    def flush(self) -> None:
        """Process waiting frames now."""
        self._batch.process([self])

    def reset(self) -> None:
        """Forget the audio so far, including waiting frames, because unrelated audio follows."""
        self.frames.clear()
        self.state = np.zeros(STATE_SIZE, np.float32)

    def probabilities(self, frames: Iterable[bytes]) -> Iterator[float]:
        """Yield the speech probability of each of these consecutive frames. Blocking, callable from any thread."""
        state = np.zeros((1, STATE_SIZE), np.float32)
        for frame in frames:
            yield float(self._batch.network.run([frame], state)[0])


def _report(frame: tuple[bytes, OnResult], probability: float) -> None:
    pcm, on_result = frame
    try:
        on_result(pcm, probability)
    except Exception:
        log.exception("a voice activity callback failed")  # the other sessions of the batch still get their results
