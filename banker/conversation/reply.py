"""One turn of the banker: words become sentences, each is checked, shown and said in order, until the end or a cut."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from banker.conversation.transport import Transport, TransportError
from banker.text.en.normalisation import Sentence, SentenceSplitter, sentence
from banker.tools.results import redacted_traceback

log = logging.getLogger(__name__)

SILENCE_SECONDS = 2.5
"""An agent that finds no word for so long, at the start or later, is excused with the tenant's "one moment"."""
PAUSE_SECONDS = 0.3
"""A reply that has nothing to say for so long is thinking again."""

Pose = Callable[[], Awaitable[None]]
"""Opens a question when its turn to be said has come."""


@dataclass(frozen=True)
class Said:
    """What reached the user: the text, and whether it was cut off there."""

    text: str
    interrupted: bool


class Reply:
    """Belongs to the media loop.

    `show` is called with the text so far, on the playout clock where there is sound; `started` when something is said,
    `waiting` when there is nothing to say yet. Not `aloud`: it is shown only.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        check: Callable[[str], str],
        show: Callable[[str], None],
        started: Callable[[], None],
        waiting: Callable[[], None],
        one_moment: str,
        sorry: str,
        aloud: bool = True,
        played: Callable[[str, float], None] = lambda spoken, fraction: None,
    ) -> None:
        self.interrupted = False
        self.saying = ""
        """The sentence that is being said, or was said last."""
        self._transport = transport
        self._check = check
        self._show = show
        self._started = started
        self._waiting = waiting
        self._one_moment = one_moment
        self._sorry = sorry
        self._aloud = aloud
        self._splitter = SentenceSplitter()
        self._sentences: asyncio.Queue[tuple[Sentence, Pose | None] | None] = asyncio.Queue()
        self._answered = False
        self._played = played
        self._saying = False
        self._excused = False
        self._heard: list[str] = []
        self._shown = ""
        self._producer: asyncio.Task[None] | None = None

    async def run(self, words: AsyncIterator[str]) -> Said:
        """Say what `words` yields. Only cancellation is raised: an agent that fails ends in an honest sentence."""
        self._producer = asyncio.ensure_future(self._produce(words))
        try:
            await self._deliver()
        finally:
            self._producer.cancel()
            await asyncio.gather(self._producer, return_exceptions=True)
        return Said(" ".join(self._heard), self.interrupted)

    @property
    def has_begun(self) -> bool:
        """Whether anything but an excuse was said."""
        return self._answered and bool(self._heard or self._saying)

    def ask(self, question: str, pose: Pose, aloud: str = "") -> None:
        """Say a question behind what was found so far, as one sentence; `pose` is awaited before it is said.

        `aloud` is what the voice says of a long one, which is shown all the same.
        """
        for raw in self._splitter.flush():
            self._put(raw)
        self._put(question, pose, aloud)

    def excuse(self) -> None:
        """Say "one moment" if there is nothing else to hear; once in a turn."""
        if not self._excused and not self._saying and self._sentences.empty() and not self.interrupted:
            self._excused = True
            answered = self._answered
            self._put(self._one_moment)
            self._answered = answered

    def interrupt(self) -> None:
        """Fall silent at once; the turn ends at the word that was said last."""
        if not self.interrupted:
            self.interrupted = True
            self._transport.stop_speaking()
            self._sentences.put_nowait(None)

    async def _produce(self, words: AsyncIterator[str]) -> None:
        try:
            async with aclosing(cast(AsyncGenerator[str, None], words)):
                async for piece in words:
                    for raw in self._splitter.feed(piece):
                        self._put(raw)
            for raw in self._splitter.flush():
                self._put(raw)
            if not self._answered:
                self._put(self._sorry)
        except Exception as error:
            log.error("an agent failed: %s", redacted_traceback(error))
            self._put(self._sorry)
        finally:
            self._sentences.put_nowait(None)

    def _put(self, raw: str, pose: Pose | None = None, aloud: str = "") -> None:
        """Checked before it is synthesised, and synthesised while the one before is being said."""
        checked = self._check(raw)
        found = sentence(checked)
        if aloud and checked == raw:
            found = found.said_as(sentence(aloud))
        if found.shown:
            self._answered = True
            if self._is_said(found):
                self._transport.prepare(found.spoken)
            self._sentences.put_nowait((found, pose))

    async def _deliver(self) -> None:
        while (item := await self._next()) is not None and not self.interrupted:
            found, pose = item
            if pose is not None:
                await pose()
            self._saying = True
            if not self.interrupted:
                self._started()
                await self._say(found)
            self._saying = False

    async def _next(self) -> tuple[Sentence, Pose | None] | None:
        """The next sentence; while there is none, the user sees that the banker thinks, and is asked for patience."""
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(PAUSE_SECONDS, self._pause), loop.call_later(SILENCE_SECONDS, self.excuse)]
        try:
            return await self._sentences.get()
        finally:
            for timer in timers:
                timer.cancel()

    def _pause(self) -> None:
        for raw in self._splitter.pause():
            self._put(raw)
        if self._sentences.empty():
            self._waiting()

    async def _say(self, found: Sentence) -> None:
        self.saying = found.shown
        fraction = 1.0
        if self._is_said(found):

            def progress(part: float) -> None:
                self._played(found.spoken, part)
                self._progress(found.shown_until(part))

            try:
                fraction = await self._transport.speak(found.spoken, progress)
                self._played(found.spoken, fraction)
            except TransportError as error:
                log.warning("shown but not said: %s", error)
                fraction = 0.0 if self.interrupted else 1.0
            self._played("", 1.0)
        if fraction < 1 and not self.interrupted and not self._transport.reachable:
            self.interrupted = True  # the line broke: nobody heard or saw the rest
        heard = found.shown_until(fraction) if self.interrupted else found.shown
        if heard:
            self._heard.append(heard)
            self._progress("")

    def _is_said(self, found: Sentence) -> bool:
        return self._aloud and self._transport.audible and bool(found.spoken)

    def _progress(self, part: str) -> None:
        text = " ".join([*self._heard, part] if part else self._heard)
        if text and text != self._shown:
            self._shown = text
            self._show(text)
