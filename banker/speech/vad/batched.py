"""The voice-activity detectors of all sessions: their frames are judged together, for a fraction of what each costs
alone.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from banker.speech.vad.silero import FRAME_SAMPLES, MEMORY, SileroNetwork

log = logging.getLogger(__name__)

CROWD = 4
"""So many sessions with sound and more are judged together; fewer are judged at once."""
COMPANY_SECONDS = 1.0
"""How long a session counts for one of them."""
TOGETHER_SECONDS = 0.02
"""A frame waits so long for those of others."""

Told = Callable[[bytes, float], None]


class VadBatch:
    """Makes a detector for each session. Belongs to one event loop."""

    def __init__(self, network: SileroNetwork) -> None:
        self.network = network
        self._waiting: dict[SileroDetector, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._company: set[SileroDetector] = set()
        self._crowd = 0
        self._counted = 0.0

    def detector(self) -> "SileroDetector":
        """One for a session."""
        return SileroDetector(self)

    def wait(self, detector: "SileroDetector") -> None:
        """A frame of it waits to be judged."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._counted >= COMPANY_SECONDS:
            self._crowd, self._counted = len(self._company), loop.time()
            self._company.clear()
        self._company.add(detector)
        self._waiting[detector] = None
        if self._crowd < CROWD:
            self._judge_all()
        elif self._timer is None:
            self._timer = loop.call_later(TOGETHER_SECONDS, self._judge_all)

    def judge(self, detectors: Iterable["SileroDetector"]) -> None:
        """Judge whatever frames of these wait, in their order."""
        while present := [detector for detector in detectors if detector.frames]:
            frames = [detector.frames[0] for detector in present]
            memory = np.stack([detector.memory for detector in present])
            likely = self.network.judge([frame for frame, _ in frames], memory).tolist()
            for detector, kept, frame, chance in zip(present, memory, frames, likely, strict=True):
                if detector.frames and detector.frames[0] is frame:  # or it was reset meanwhile
                    detector.frames.popleft()
                    detector.memory = kept.copy()
                    _tell(frame, chance)

    def _judge_all(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, {}
        self.judge(waiting)


class SileroDetector:
    """Implements `speech.Detector`."""

    frame_bytes = FRAME_SAMPLES * 2

    def __init__(self, detectors: VadBatch) -> None:
        self._detectors = detectors
        self.frames: deque[tuple[bytes, Told]] = deque()
        self.reset()

    def feed(self, frame: bytes, told: Told) -> None:
        """Have `told` called with this frame, which follows the one before, and how likely it is speech, 0 to 1."""
        self.frames.append((frame, told))
        self._detectors.wait(self)

    def flush(self) -> None:
        """Judge now what still waits."""
        self._detectors.judge([self])

    def reset(self) -> None:
        """Forget what was heard, what waits included: other sound follows."""
        self.frames.clear()
        self.memory = np.zeros(MEMORY, np.float32)

    def likely(self, frames: Iterable[bytes]) -> Iterator[float]:
        """How likely each of these is speech, which follow one another and nothing else. Blocking, in any thread."""
        memory = np.zeros((1, MEMORY), np.float32)
        for frame in frames:
            yield float(self._detectors.network.judge([frame], memory)[0])


def _tell(frame: tuple[bytes, Told], chance: float) -> None:
    sound, told = frame
    try:
        told(sound, chance)
    except Exception:
        log.exception("what a detector tells was not taken")  # the other sessions are told all the same
