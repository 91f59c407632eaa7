"""Many sessions' frames are judged together, and each is told what it would be told alone."""

import logging
from collections.abc import Iterator

import numpy as np
import pytest

from banker.speech.vad.batched import CROWD, TOGETHER_SECONDS, SileroDetector, VadBatch
from banker.speech.vad.silero import SileroNetwork
from tests.rtc.segmenters import VirtualLoop
from tests.speech.sounds import VOICES, pause, say

SIZE = SileroDetector.frame_bytes
FRAME = SIZE / 32_000
SPOKEN = [say("I want to know what is in my savings account.", voice) for voice in VOICES]
NETWORK = SileroNetwork()


class Counted(SileroNetwork):
    """Writes down how many frames it was given at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def judge(self, frames: list[bytes], memory: "np.typing.NDArray[np.float32]") -> "np.typing.NDArray[np.float32]":
        self.sizes.append(len(frames))
        return super().judge(frames, memory)


class Session:
    """A detector, and what it told: when (s, virtual), of which frame, and how likely it is speech."""

    def __init__(self, detectors: VadBatch, loop: VirtualLoop, sound: bytes) -> None:
        self.detector = detectors.detector()
        self._loop = loop
        self.frames = [sound[at : at + SIZE] for at in range(0, len(sound) - SIZE, SIZE)]
        self.told: list[tuple[float, bytes, float]] = []

    def take(self, frame: bytes, chance: float) -> None:
        self.told.append((self._loop.time(), frame, chance))

    @property
    def chances(self) -> list[float]:
        return [chance for _, _, chance in self.told]


def alone(sound: bytes) -> list[float]:
    memory = np.zeros((1, 320), np.float32)
    frames = [sound[at : at + SIZE] for at in range(0, len(sound) - SIZE, SIZE)]
    return [float(NETWORK.judge([frame], memory)[0]) for frame in frames]


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


def talk(loop: VirtualLoop, sessions: list[Session], seconds: float = 3.0) -> list[list[float]]:
    """All of them at once, each 1 ms behind the one before; returns when each frame was fed."""
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


def test_a_few_sessions_are_told_at_once(loop: VirtualLoop) -> None:
    network = Counted()
    detectors = VadBatch(network)
    sessions = [Session(detectors, loop, SPOKEN[number % 3]) for number in range(CROWD - 1)]
    fed = talk(loop, sessions)
    assert [[at for at, *_ in session.told] for session in sessions] == fed
    assert set(network.sizes) == {1}


def test_a_crowd_is_judged_together_and_told_what_each_would_be_told_alone(loop: VirtualLoop) -> None:
    network = Counted()
    detectors = VadBatch(network)
    sessions = [Session(detectors, loop, SPOKEN[number % 3]) for number in range(12)]
    fed = talk(loop, sessions, 2.5)
    assert np.median(network.sizes[-20:]) >= 7
    for number, session in enumerate(sessions):
        count = min(len(session.told), len(session.frames))
        assert len(session.told) == len(fed[number])
        assert [frame for _, frame, _ in session.told[:count]] == session.frames[:count]
        assert session.chances[:count] == pytest.approx(alone(SPOKEN[number % 3])[:count], abs=1e-4)
        late = [at - since for (at, *_), since in zip(session.told, fed[number], strict=True)]
        assert max(late) <= TOGETHER_SECONDS + 1e-6


def crowd(loop: VirtualLoop, detectors: VadBatch) -> None:
    """From now on frames wait for each other."""
    talk(loop, [Session(detectors, loop, SPOKEN[0]) for _ in range(CROWD)], 1.2)


async def _feed(sessions: list[Session], count: int) -> None:
    for session in sessions:
        for frame in session.frames[:count]:
            session.detector.feed(frame, session.take)


def test_what_waits_is_told_in_order_when_it_is_asked_for(loop: VirtualLoop) -> None:
    detectors = VadBatch(NETWORK)
    crowd(loop, detectors)
    one, other = Session(detectors, loop, SPOKEN[1]), Session(detectors, loop, SPOKEN[2])
    loop.run_until_complete(_feed([one, other], 20))
    assert one.told == other.told == []
    one.detector.flush()
    assert one.chances == pytest.approx(alone(SPOKEN[1])[:20], abs=1e-4)
    assert other.told == []
    loop.call_later(TOGETHER_SECONDS * 2, loop.stop)
    loop.run_forever()
    assert other.chances == pytest.approx(alone(SPOKEN[2])[:20], abs=1e-4)
    assert len(one.told) == 20


def test_what_is_forgotten_is_not_told_and_leaves_no_trace(loop: VirtualLoop) -> None:
    detectors = VadBatch(NETWORK)
    crowd(loop, detectors)
    session = Session(detectors, loop, SPOKEN[1])
    loop.run_until_complete(_feed([session], 20))
    session.detector.reset()
    loop.run_until_complete(_feed([session], 20))
    session.detector.flush()
    assert session.chances == pytest.approx(alone(SPOKEN[1])[:20], abs=1e-4)


def test_silence_is_no_speech(loop: VirtualLoop) -> None:
    session = Session(VadBatch(NETWORK), loop, pause(1))
    loop.run_until_complete(_feed([session], 30))
    assert session.chances == [0.0] * 30


def test_one_session_that_fails_keeps_nothing_from_the_others(
    loop: VirtualLoop, caplog: pytest.LogCaptureFixture
) -> None:
    detectors = VadBatch(NETWORK)
    crowd(loop, detectors)
    bad, good = Session(detectors, loop, SPOKEN[1]), Session(detectors, loop, SPOKEN[2])
    bad.take = None  # type: ignore[assignment,method-assign]
    with caplog.at_level(logging.ERROR):
        loop.run_until_complete(_feed([bad, good], 3))
        loop.call_later(TOGETHER_SECONDS * 2, loop.stop)
        loop.run_forever()
    assert len(good.told) == 3
    assert "not taken" in caplog.text
