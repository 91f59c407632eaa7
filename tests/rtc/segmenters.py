"""An ear in virtual time: a minute of talk passes as fast as the engines allow."""

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
    """Its clock jumps to the next timer as soon as there is nothing else to do."""

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
        """Time stands still while it works."""
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


class Notes:
    """A `SpeechListener` that writes down what it is told, and when (s, virtual)."""

    def __init__(self, patience: float = 0.6) -> None:
        self.told: list[tuple[str, str, float]] = []
        self.consented = True
        self._patience = patience

    def _note(self, what: str, text: str = "") -> None:
        self.told.append((what, text, asyncio.get_running_loop().time()))

    def speech_started(self) -> None:
        self._note("speech_started")

    def interim(self, text: str) -> None:
        self._note("interim", text)

    def speech_continued(self) -> None:
        """Not written down."""

    def credible_text(self, heard: Recognition) -> str:
        return heard.text

    def endpointing_delay(self, text: str) -> float:
        return self._patience

    def final(self, text: str) -> None:
        self._note("final", text)

    def no_words(self) -> None:
        self._note("no_words")

    def unavailable(self) -> None:
        self._note("unavailable")

    def is_listening(self) -> bool:
        return self.consented

    @property
    def kinds(self) -> list[str]:
        return [what for what, *_ in self.told]

    def texts(self, what: str = "final") -> list[str]:
        return [text for kind, text, _ in self.told if kind == what]

    def times(self, what: str) -> list[float]:
        return [at for kind, _, at in self.told if kind == what]


class Scripted:
    """Recognises after `delay` s; the words are how long the sound was, in tenths of a second.

    `sounds` are the lengths (s), `began` when each came (s, virtual), `last` is the last one's PCM.
    """

    def __init__(self, delay: float = 0.3, error: Exception | None = None) -> None:
        self.delay = delay
        self.error = error
        self.sounds: list[float] = []
        self.began: list[float] = []
        self.last = b""
        self.cancelled = 0

    async def __call__(self, stretch: AudioSpan) -> str:
        self.last = stretch.heard()
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


def new_ear(
    notes: SpeechListener, recognise: Callable[[AudioSpan], Awaitable[str]], **options: Any
) -> UtteranceSegmenter:
    """An ear with the real detector."""
    return UtteranceSegmenter(load_detector()(), recognise, notes, Metrics(True), **options)


async def send(microphone: JitterBuffer, sent: Iterable[Rtp], speed: float = 1.0) -> None:
    """Give packets to a microphone at the times that they carry."""
    origin: int | None = None
    start = asyncio.get_running_loop().time()
    for packet in sent:
        origin = packet.timestamp if origin is None else origin
        due = start + (packet.timestamp - origin) % 2**32 / 48_000 / speed
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        microphone.push(packet)


def listen(
    sent: Iterable[Rtp],
    recognise: Callable[[AudioSpan], Awaitable[str]],
    notes: Notes | None = None,
    after: float = 3.0,
) -> Notes:
    """What a listener was told while these packets came, and `after` s later."""
    notes = notes or Notes()

    async def go() -> None:
        segmenter = new_ear(notes, recognise)
        await send(JitterBuffer(segmenter), sent)
        await asyncio.sleep(after)
        segmenter.close()

    run(go())
    return notes
