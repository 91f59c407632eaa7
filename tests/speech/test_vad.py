"""Batched voice activity detection: each session gets the results that it would get alone."""

import logging
from collections.abc import Iterator

import numpy as np
import pytest

from banker.speech.vad.batched import MAX_DELAY_S, MIN_BATCH_SESSIONS, SileroDetector, VadBatch
from banker.speech.vad.silero import SileroNetwork
from tests.rtc.segmenters import VirtualLoop
from tests.speech.sounds import VOICES, pause, say

SIZE = SileroDetector.frame_bytes
FRAME = SIZE / 32_000
SPOKEN = [say("I want to know what is in my savings account.", voice) for voice in VOICES]
NETWORK = SileroNetwork()


class Counted(SileroNetwork):
    """Records the size of each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def run(self, frames: list[bytes], state: "np.typing.NDArray[np.float32]") -> "np.typing.NDArray[np.float32]":
        self.sizes.append(len(frames))
        return super().run(frames, state)


class Session:
    """A detector and its results: time (s, virtual), frame and speech probability."""

    def __init__(self, detectors: VadBatch, loop: VirtualLoop, sound: bytes) -> None:
        self.detector = detectors.detector()
        self._loop = loop
        self.frames = [sound[at : at + SIZE] for at in range(0, len(sound) - SIZE, SIZE)]
        self.results: list[tuple[float, bytes, float]] = []

    def take(self, frame: bytes, probability: float) -> None:
        self.results.append((self._loop.time(), frame, probability))

    @property
    def probabilities(self) -> list[float]:
        return [probability for _, _, probability in self.results]


def alone(sound: bytes) -> list[float]:
    state = np.zeros((1, 320), np.float32)
    frames = [sound[at : at + SIZE] for at in range(0, len(sound) - SIZE, SIZE)]
    return [float(NETWORK.run([frame], state)[0]) for frame in frames]


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


def feed_all(loop: VirtualLoop, sessions: list[Session], seconds: float = 3.0) -> list[list[float]]:
    """Feed all sessions in parallel, each 1 ms after the one before. Returns when each frame was fed."""
    fed: list[list[float]] = [[] for _ in sessions]

    def feed(number: int, frame: int) -> None:
        session = sessions[number]
        fed[number].append(loop.time())
        session.detector.feed(session.frames[frame % len(session.frames)], session.take)

    for number in range(len(sessions)):
        for frame in range(int(seconds / FRAME)):
            loop.call_later(number * 0.001 + frame * FRAME, feed, number, frame)
    loop.call_later(seconds + 1, loop.stop)
    loop.run_forever()
    return fed


def test_the_frames_of_a_few_sessions_are_processed_at_once(loop: VirtualLoop) -> None:
    network = Counted()
    detectors = VadBatch(network)
    sessions = [Session(detectors, loop, SPOKEN[number % 3]) for number in range(MIN_BATCH_SESSIONS - 1)]
    fed = feed_all(loop, sessions)
    assert [[at for at, *_ in session.results] for session in sessions] == fed
    assert set(network.sizes) == {1}


def test_the_frames_of_many_sessions_are_batched_with_the_results_of_each_alone(loop: VirtualLoop) -> None:
    network = Counted()
    detectors = VadBatch(network)
    sessions = [Session(detectors, loop, SPOKEN[number % 3]) for number in range(12)]
    fed = feed_all(loop, sessions, 2.5)
    assert np.median(network.sizes[-20:]) >= 7
    for number, session in enumerate(sessions):
        count = min(len(session.results), len(session.frames))
        assert len(session.results) == len(fed[number])
        assert [frame for _, frame, _ in session.results[:count]] == session.frames[:count]
        assert session.probabilities[:count] == pytest.approx(alone(SPOKEN[number % 3])[:count], abs=1e-4)
        late = [at - since for (at, *_), since in zip(session.results, fed[number], strict=True)]
        assert max(late) <= MAX_DELAY_S + 1e-6


def make_busy(loop: VirtualLoop, detectors: VadBatch) -> None:
    """Make frames wait for a batch from now on."""
    feed_all(loop, [Session(detectors, loop, SPOKEN[0]) for _ in range(MIN_BATCH_SESSIONS)], 1.2)


async def _feed(sessions: list[Session], count: int) -> None:
    for session in sessions:
        for frame in session.frames[:count]:
            session.detector.feed(frame, session.take)


def test_flush_reports_waiting_frames_in_order(loop: VirtualLoop) -> None:
    detectors = VadBatch(NETWORK)
    make_busy(loop, detectors)
    one, other = Session(detectors, loop, SPOKEN[1]), Session(detectors, loop, SPOKEN[2])
    loop.run_until_complete(_feed([one, other], 20))
    assert one.results == other.results == []
    one.detector.flush()
    assert one.probabilities == pytest.approx(alone(SPOKEN[1])[:20], abs=1e-4)
    assert other.results == []
    loop.call_later(MAX_DELAY_S * 2, loop.stop)
    loop.run_forever()
    assert other.probabilities == pytest.approx(alone(SPOKEN[2])[:20], abs=1e-4)
    assert len(one.results) == 20


def test_reset_drops_waiting_frames_without_a_trace(loop: VirtualLoop) -> None:
    detectors = VadBatch(NETWORK)
    make_busy(loop, detectors)
    session = Session(detectors, loop, SPOKEN[1])
    loop.run_until_complete(_feed([session], 20))
    session.detector.reset()
    loop.run_until_complete(_feed([session], 20))
    session.detector.flush()
    assert session.probabilities == pytest.approx(alone(SPOKEN[1])[:20], abs=1e-4)


def test_silence_is_not_speech(loop: VirtualLoop) -> None:
    session = Session(VadBatch(NETWORK), loop, pause(1))
    loop.run_until_complete(_feed([session], 30))
    assert session.probabilities == [0.0] * 30


def test_a_failing_callback_does_not_affect_other_sessions(loop: VirtualLoop, caplog: pytest.LogCaptureFixture) -> None:
    detectors = VadBatch(NETWORK)
    make_busy(loop, detectors)
    bad, good = Session(detectors, loop, SPOKEN[1]), Session(detectors, loop, SPOKEN[2])
    bad.take = None  # type: ignore[assignment,method-assign]
    with caplog.at_level(logging.ERROR):
        loop.run_until_complete(_feed([bad, good], 3))
        loop.call_later(MAX_DELAY_S * 2, loop.stop)
        loop.run_forever()
    assert len(good.results) == 3
    assert "callback failed" in caplog.text
