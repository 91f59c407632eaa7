"""One turn of the agent: words become sentences, which are checked, shown and spoken in order."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from banker.conversation.transport import Transport, TransportError
from banker.errors import ApiError
from banker.text.sentence_splitter import SentenceSplitter
from banker.text.shown_and_spoken import Language, Sentence
from banker.tools.results import redacted_traceback

log = logging.getLogger(__name__)

ONE_MOMENT_AFTER_S = 2.5
"""If an agent yields nothing for this long, the tenant's "one moment" is said."""
THINKING_AFTER_S = 0.3
"""After this long without a sentence, the agent is shown as thinking."""

OpenQuestion = Callable[[], Awaitable[None]]
"""Opens a question for answers, just before it is spoken."""


@dataclass(frozen=True)
class SpokenReply:
    """The part of a reply that the user heard or read, and whether it was interrupted there."""

    text: str
    interrupted: bool


class Reply:
    """Delivers one reply. Belongs to the media loop.

    `language` normalises what is said. `check` may replace a sentence. `show` is called with the text so far, on the
    playout clock if there is audio; `started` when a sentence begins; `waiting` while the next sentence is not ready;
    `played` with a sentence as it is spoken and the fraction (0 to 1) that was played. If not `aloud`, the reply is
    only shown.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        language: Language,
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
        self.ended = False
        """Whether the agent has finished: nothing can be added."""
        self.current_sentence = ""
        """The sentence that is being spoken, or was spoken last."""
        self._transport = transport
        self._language = language
        self._check = check
        self._show = show
        self._started = started
        self._waiting = waiting
        self._one_moment = one_moment
        self._sorry = sorry
        self._aloud = aloud
        self._splitter = SentenceSplitter()
        self._sentences: asyncio.Queue[tuple[Sentence, OpenQuestion | None] | None] = asyncio.Queue()
        self._question: tuple[Sentence, OpenQuestion] | None = None
        self._has_answer = False
        self._played = played
        self._delivering = False
        self._said_one_moment = False
        self._heard: list[str] = []
        self._shown = ""
        self._producer: asyncio.Task[None] | None = None

    async def run(self, words: AsyncIterator[str]) -> SpokenReply:
        """Say what `words` yields, or an apology if it raises. Raises only `CancelledError`."""
        self._producer = asyncio.ensure_future(self._produce(words))
        try:
            await self._deliver()
        finally:
            self._producer.cancel()
            await asyncio.gather(self._producer, return_exceptions=True)
        return SpokenReply(" ".join(self._heard), self.interrupted)

    @property
    def has_begun(self) -> bool:
        """Whether anything but "one moment" was said."""
        return self._has_answer and bool(self._heard or self._delivering)

    @property
    def asks(self) -> bool:
        """Whether the reply ends with a question from `ask`."""
        return self._question is not None

    def ask(self, question: str, open_question: OpenQuestion) -> None:
        """Say a question at the end of the reply, verbatim, as one sentence.

        `open_question` is awaited just before it is said. Raises `RuntimeError` if the reply already asks a question.
        """
        if self._question is not None:
            raise RuntimeError("a reply asks only one question")
        self._question = self._language.verbatim(question), open_question

    def say_one_moment(self) -> None:
        """Say "one moment", once per turn, if nothing else is being said."""
        if self._said_one_moment or self._delivering or not self._sentences.empty() or self.interrupted:
            return
        self._said_one_moment = True
        had_answer = self._has_answer
        self._put(self._one_moment)
        self._has_answer = had_answer

    def interrupt(self) -> None:
        """Stop at once; the turn ends at the word that was spoken last."""
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
            if not self._has_answer and self._question is None:
                self._put(self._sorry)
        except Exception as error:
            log.error("an agent failed: %s", redacted_traceback(error))
            self._put(self._sorry)
        finally:
            self.ended = True
            if self._question is not None:
                self._add(*self._question)
            self._sentences.put_nowait(None)

    def _put(self, raw: str) -> None:
        """Check a sentence and begin to synthesise it while the previous one is being spoken."""
        self._add(self._language.sentence(self._check(raw)))

    def _add(self, found: Sentence, open_question: OpenQuestion | None = None) -> None:
        if found.shown:
            self._has_answer = True
            if self._is_spoken(found):
                self._transport.prepare(found.spoken)
            self._sentences.put_nowait((found, open_question))

    async def _deliver(self) -> None:
        while (item := await self._next()) is not None and not self.interrupted:
            found, open_question = item
            if open_question is not None:
                try:
                    await open_question()
                except ApiError:  # the question is not stored, so a yes would have no effect
                    found = self._language.sentence(self._sorry)
            self._delivering = True
            if not self.interrupted:
                self._started()
                await self._say(found)
            self._delivering = False

    async def _next(self) -> tuple[Sentence, OpenQuestion | None] | None:
        """Wait for the next sentence. Meanwhile show that the agent thinks, then say "one moment"."""
        loop = asyncio.get_running_loop()
        timers = [
            loop.call_later(THINKING_AFTER_S, self._show_thinking),
            loop.call_later(ONE_MOMENT_AFTER_S, self.say_one_moment),
        ]
        try:
            return await self._sentences.get()
        finally:
            for timer in timers:
                timer.cancel()

    def _show_thinking(self) -> None:
        for raw in self._splitter.pause():
            self._put(raw)
        if self._sentences.empty():
            self._waiting()

    async def _say(self, found: Sentence) -> None:
        self.current_sentence = found.shown
        fraction = 1.0
        if self._is_spoken(found):
            fraction = await self._speak(found)
        if fraction < 1 and not self.interrupted and not self._transport.reachable:
            self.interrupted = True  # the connection broke: the user neither heard nor saw the rest
        heard = found.shown_until(fraction) if self.interrupted else found.shown
        if heard:
            self._heard.append(heard)
            self._show_progress("")

    async def _speak(self, found: Sentence) -> float:
        """Speak a sentence and return the fraction that the user heard."""

        def progress(fraction: float) -> None:
            self._played(found.spoken, fraction)
            self._show_progress(found.shown_until(fraction))

        try:
            fraction = await self._transport.speak(found.spoken, progress)
            self._played(found.spoken, fraction)
        except TransportError as error:
            log.warning("shown but not spoken: %s", error)
            fraction = 0.0 if self.interrupted else 1.0
        self._played("", 1.0)
        return fraction

    def _is_spoken(self, found: Sentence) -> bool:
        return self._aloud and self._transport.audible and bool(found.spoken)

    def _show_progress(self, partial_sentence: str) -> None:
        text = " ".join([*self._heard, partial_sentence] if partial_sentence else self._heard)
        if text and text != self._shown:
            self._shown = text
            self._show(text)
