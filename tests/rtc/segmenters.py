"""A segmenter in virtual time, where a minute of speech passes as fast as the engines allow."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

from banker.conversation.turns.listener import SpeechListener
from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from banker.rtc.audio_in.segmenter import UtteranceSegmenter
from banker.rtc.audio_in.utterance import AudioSpan
from banker.server.metrics import Metrics
from banker.speech import Recognition, load_detector
from tests.speech.sounds import Rtp

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer as soon as there is nothing else to do."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        selector: Any = self._selector  # type: ignore[attr-defined]
        select = selector.select

        def jump(timeout: float | None) -> Any:
            found = select(0 if timeout is not None else None)
            if timeout and not found:
                self._now += timeout
            return found

        selector.select = jump

    def time(self) -> float:
        return self._now

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]
        """Run it at once. It takes no virtual time."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)


class RecordingListener:
    """A `SpeechListener` that records its events: name, text and virtual time (s)."""

    def __init__(self, endpointing_delay: float = 0.6) -> None:
        self.events: list[tuple[str, str, float]] = []
        self.consented = True
        self._endpointing_delay = endpointing_delay

    def _record(self, what: str, text: str = "") -> None:
        self.events.append((what, text, asyncio.get_running_loop().time()))

    def speech_started(self) -> None:
        self._record("speech_started")

    def interim(self, text: str) -> None:
        self._record("interim", text)

    def speech_continued(self) -> None:
        """Not recorded."""

    def credible_text(self, heard: Recognition) -> str:
        return heard.text

    def endpointing_delay(self, text: str) -> float:
        return self._endpointing_delay

    def may_be_all(self, text: str) -> None:
        """Not recorded."""

    def final(self, text: str) -> None:
        self._record("final", text)

    def no_words(self) -> None:
        self._record("no_words")

    def unavailable(self) -> None:
        self._record("unavailable")

    def is_listening(self) -> bool:
        return self.consented

    @property
    def kinds(self) -> list[str]:
        return [what for what, *_ in self.events]

    def texts(self, what: str = "final") -> list[str]:
        return [text for kind, text, _ in self.events if kind == what]

    def times(self, what: str) -> list[float]:
        return [at for kind, _, at in self.events if kind == what]


class FakeRecogniser:
    """Takes `delay` s for each recognition. The text is the length of the audio in tenths of a second.

    `sounds` has the lengths (s), `began` the virtual times (s) of the calls, `last` the PCM of the last call.
    """

    def __init__(self, delay: float = 0.3, error: Exception | None = None) -> None:
        self.delay = delay
        self.error = error
        self.sounds: list[float] = []
        self.began: list[float] = []
        self.last = b""
        self.cancelled = 0

    async def __call__(self, span: AudioSpan) -> str:
        self.last = span.without_skipped()
        self.sounds.append(len(self.last) / 32_000)
        self.began.append(asyncio.get_running_loop().time())
        if self.error is not None:
            raise self.error
        try:
            await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return f"{self.sounds[-1] * 10:.0f}"


def new_segmenter(
    listener: SpeechListener, recognise: Callable[[AudioSpan], Awaitable[str]], **options: Any
) -> UtteranceSegmenter:
    """A segmenter with the real voice-activity detector."""
    return UtteranceSegmenter(load_detector()(), recognise, listener, Metrics(True), **options)


async def send(jitter_buffer: JitterBuffer, sent: Iterable[Rtp], speed: float = 1.0) -> None:
    """Push packets at the times that their timestamps say."""
    origin: int | None = None
    start = asyncio.get_running_loop().time()
    for packet in sent:
        origin = packet.timestamp if origin is None else origin
        due = start + (packet.timestamp - origin) % 2**32 / 48_000 / speed
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        jitter_buffer.push(packet)


def listen(
    sent: Iterable[Rtp],
    recognise: Callable[[AudioSpan], Awaitable[str]],
    listener: RecordingListener | None = None,
    after: float = 3.0,
) -> RecordingListener:
    """The listener's events while these packets arrive and for `after` s more."""
    listener = listener or RecordingListener()

    async def go() -> None:
        segmenter = new_segmenter(listener, recognise)
        await send(JitterBuffer(segmenter), sent)
        await asyncio.sleep(after)
        segmenter.close()

    run(go())
    return listener
