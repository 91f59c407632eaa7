"""Endpointing: decides when a turn is over, and has it recognised during the final silence."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from banker.conversation.turns.listener import SpeechListener
from banker.rtc.audio_in.utterance import AudioSpan, Utterance
from banker.rtc.audio_in.utterance_states import UtteranceEvent, UtteranceState
from banker.server.metrics import Metrics

log = logging.getLogger(__name__)

PAUSE_S = 0.2
"""After this silence, everything so far is recognised, in case the turn is over. This hides the recognition time."""
CONTINUED_INTERVAL_S = 1.0
"""Report continuing speech this often. A cough is shorter than that."""
INTERIM_INTERVAL_S, INTERIM_SPAN_S = 2.0, 6.0
"""While the user speaks without a pause, the last 6 s are recognised every 2 s."""
LONGEST_TURN_S = 29.5
"""Whisper models take 30 s at most."""
LONGEST_SILENCE_S = 2.0
"""The longest endpointing delay. Later speech is another turn, even if this one is not recognised yet."""

Recognise = Callable[[AudioSpan], Awaitable[str]]
OnFinal = Callable[[float, float], None]
"""Called before the final words are reported: seconds of silence that ended the turn, and seconds spent waiting for the
recogniser after that."""


class UtteranceOwner(Protocol):
    """What the endpointer needs from the segmenter."""

    @property
    def now(self) -> float:
        """When the last whole frame was heard (s, on the event loop's clock)."""
        ...

    def accepts_audio(self) -> bool:
        """Whether the user still consents."""
        ...

    def utterance_closed(self, utterance: Utterance) -> None:
        """`utterance` is over, but its words are not known yet."""
        ...

    def utterance_ended(self, utterance: Utterance, report: Callable[[], None]) -> None:
        """`utterance` is over; `report` notifies the listener."""
        ...


class Endpointer:
    """Takes an utterance from `SPEAKING` to `ENDED`. Belongs to one `UtteranceSegmenter`; see there."""

    def __init__(
        self,
        owner: UtteranceOwner,
        recognise: Recognise,
        recognise_interim: Recognise | None,
        listener: SpeechListener,
        metrics: Metrics,
        on_final: OnFinal,
    ) -> None:
        self._owner = owner
        self._recognise = recognise
        self._recognise_interim = recognise_interim
        self._listener = listener
        self._metrics = metrics
        self._on_final = on_final
        self._clock = asyncio.get_running_loop().time

    def advance(self, utterance: Utterance) -> None:
        """Act on the length of an utterance and of its final silence."""
        match utterance.state:
            case UtteranceState.SPEAKING:
                self._advance_speaking(utterance)
            case UtteranceState.RECOGNISING | UtteranceState.FAILED if _is_at_limit(utterance):
                self._close(utterance)
            case UtteranceState.RECOGNISED:
                utterance.endpointing_delay_s = self._listener.endpointing_delay(utterance.text or "")
                if _is_at_limit(utterance) or utterance.silence_s >= utterance.endpointing_delay_s:
                    self._finish(utterance, UtteranceEvent.ENDPOINT)
            case UtteranceState.FAILED if utterance.silence_s >= self._listener.endpointing_delay(""):
                utterance.on(UtteranceEvent.RETRY)
                self._start_recognition(utterance)

    def _advance_speaking(self, utterance: Utterance) -> None:
        if _is_at_limit(utterance):
            self._close(utterance)
        elif utterance.silence_s >= PAUSE_S:
            utterance.on(UtteranceEvent.PAUSE)
            self._start_recognition(utterance)
        else:
            if utterance.unreported_s >= CONTINUED_INTERVAL_S:
                utterance.unreported_s = 0.0
                self._listener.speech_continued()
            self._start_interim(utterance)

    def _close(self, utterance: Utterance) -> None:
        is_recognising = utterance.state is UtteranceState.RECOGNISING
        utterance.on(UtteranceEvent.LIMIT)
        utterance.closed_at = self._owner.now
        self._owner.utterance_closed(utterance)
        if not is_recognising:
            self._start_recognition(utterance)

    def _start_recognition(self, utterance: Utterance) -> None:
        utterance.cancel_tasks()
        span = utterance.whole(self._owner.now)
        utterance.recognition = asyncio.ensure_future(self._recognise_whole(utterance, span))

    async def _recognise_whole(self, utterance: Utterance, span: AudioSpan) -> None:
        began = self._clock()
        try:
            text = await self._recognise(span)
        except Exception as error:
            self._recognition_failed(utterance, type(error).__name__)
            return
        if utterance.state is UtteranceState.ENDED or not self._owner.accepts_audio():
            return
        self._metrics.recognition_seconds.observe(self._clock() - began)
        utterance.text, utterance.endpointing_delay_s = text, self._listener.endpointing_delay(text)
        if text:
            self._listener.interim(text)
            self._listener.may_be_all(text)
        if utterance.state is UtteranceState.CLOSED:
            self._finish(utterance, UtteranceEvent.TRANSCRIPT)
        else:
            utterance.on(UtteranceEvent.TRANSCRIPT)
            self.advance(utterance)

    def _recognition_failed(self, utterance: Utterance, why: str) -> None:
        """Handle a failure. In a pause it stays hidden: the user may go on, and everything is recognised again."""
        if utterance.state is UtteranceState.ENDED:
            return
        last_event = UtteranceEvent.FAILURE
        if utterance.state is not UtteranceState.CLOSED:
            utterance.on(UtteranceEvent.FAILURE)
            if utterance.silence_s < self._listener.endpointing_delay(""):
                return
            last_event = UtteranceEvent.GIVE_UP
        log.warning("a turn was not recognised: %s", why)
        self._metrics.failed_recognitions.inc()
        self._end(utterance, last_event, self._listener.unavailable)

    def _start_interim(self, utterance: Utterance) -> None:
        """Recognise the speech so far, if that is due and no other recognition of this utterance is running."""
        if self._recognise_interim is None or utterance.silence_s or utterance.lookahead is not None:
            return
        if utterance.since_lookahead_s >= INTERIM_INTERVAL_S:
            utterance.since_lookahead_s = 0.0
            utterance.lookahead = asyncio.ensure_future(self._report_interim(utterance, self._recognise_interim))

    async def _report_interim(self, utterance: Utterance, recognise: Recognise) -> None:
        """Report the words so far. If they cannot be recognised now, the next attempt follows in 2 s."""
        now, is_cut = self._owner.now, utterance.seconds > INTERIM_SPAN_S
        try:
            text = await recognise(utterance.tail(INTERIM_SPAN_S, now) if is_cut else utterance.whole(now))
        except Exception as error:
            log.debug("no interim transcript: %s", type(error).__name__)
            text = ""
        if utterance.lookahead is asyncio.current_task():
            utterance.lookahead = None
            if text and utterance.state is UtteranceState.SPEAKING and self._owner.accepts_audio():
                self._listener.interim(f"\u2026 {text}" if is_cut else text)

    def _finish(self, utterance: Utterance, event: UtteranceEvent) -> None:
        text = utterance.text or ""
        waited = self._clock() - utterance.last_speech_at
        recognition = max(0.0, utterance.silence_s - utterance.endpointing_delay_s)
        self._metrics.turn_end_seconds.observe(waited)
        self._metrics.recognition_wait_seconds.observe(recognition)
        if text:
            self._on_final(waited - recognition, recognition)
        else:
            self._metrics.empty_turns.inc()
        self._end(utterance, event, (lambda: self._listener.final(text)) if text else self._listener.no_words)

    def _end(self, utterance: Utterance, event: UtteranceEvent, report: Callable[[], None]) -> None:
        utterance.on(event)
        utterance.cancel_tasks()
        self._owner.utterance_ended(utterance, report)


def _is_at_limit(utterance: Utterance) -> bool:
    return utterance.seconds >= LONGEST_TURN_S or utterance.silence_s >= LONGEST_SILENCE_S
