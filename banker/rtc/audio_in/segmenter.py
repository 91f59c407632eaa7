"""An ear: sound becomes turns, and turns become words, recognised in the silence that ends them."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from banker.conversation.turns.listener import SpeechListener
from banker.rtc.audio_in.double_talk import DoubleTalkDetector
from banker.rtc.audio_in.dtx_timer import DtxTimer
from banker.rtc.audio_in.jitter_buffer import SAMPLE_RATE
from banker.rtc.audio_in.utterance import SECOND_BYTES, AudioSpan, Utterance
from banker.server.metrics import Metrics
from banker.speech import Detector

log = logging.getLogger(__name__)

PRE_ROLL_SECONDS = 0.3
"""Of what came before speech was noticed; first sounds are soft."""
ONSET_SECONDS = 0.09
"""So much speech in a row is the beginning of a turn and no click."""
RESUMED_SECONDS = 0.06
"""So much speech in a row ends a pause."""
SURENESS_KEPT = 0.15
"""Speech that has begun goes on down to a probability that is this much smaller."""
SIGN_SECONDS = 1.0
"""Whenever so much more speech was heard, the listener is told that it goes on: coughs are shorter."""
PAUSE_SECONDS = 0.2
"""A silence after which what was said so far is recognised, in case it was all."""
GLIMPSE_SECONDS, GLIMPSED_SECONDS = 2.0, 6.0
"""While somebody speaks without a pause, the last seconds are recognised so often."""
LONGEST_TURN_SECONDS = 29.5
LONGEST_SILENCE_SECONDS = 2.0
"""No patience is longer: what is said after that is another turn, whether the words of this one are there or not."""
LOST_SECONDS = 0.12
"""A gap as short as this is packets that were lost: heard as silence, in the midst of what goes on."""

Recognise = Callable[[AudioSpan], Awaitable[str]]
Heard = Callable[[float, float], None]
"""Told, before the words are passed on, of the seconds of silence that ended them and those of the recogniser."""


class UtteranceSegmenter:
    """Of one session; implements `microphone.Sink`. Belongs to the media loop.

    `recognise` gives the words in a stretch of sound, "" for none; it raises `Busy`, `TimeoutError` or what the engine
    raises. `interim` does so as far as nobody else is kept waiting. While the banker's own voice may be in what is
    heard, as `over_voice` tells, `speaks` tells whether anybody else is; what it raises counts as a yes.
    """

    def __init__(
        self,
        detector: Detector,
        recognise: Recognise,
        listener: SpeechListener,
        metrics: Metrics,
        *,
        sensitivity: float = 0.5,
        interim: Recognise | None = None,
        over_voice: Callable[[], bool] = lambda: False,
        speaks: Callable[[AudioSpan], Awaitable[bool]] | None = None,
        heard: Heard = lambda silence, recognition: None,
    ) -> None:
        self._detector = detector
        self._recognise = recognise
        self._interim = interim
        self._double_talk = (
            DoubleTalkDetector(over_voice, speaks, self._is_somebody, self._was_nobody) if speaks is not None else None
        )
        self._listener = listener
        self._metrics = metrics
        self._heard = heard
        self._begins_at, self._goes_on_at = sensitivity, max(0.05, sensitivity - SURENESS_KEPT)
        self._loop = asyncio.get_running_loop()
        self._frame_seconds = detector.frame_bytes / SECOND_BYTES
        self._rest = b""
        self._before: deque[bytes] = deque(maxlen=round((PRE_ROLL_SECONDS + ONSET_SECONDS) / self._frame_seconds))
        self._turn: Utterance | None = None
        self._earlier: Utterance | None = None
        """A turn that is over, but for its words; the listener is told nothing of the one behind it until then."""
        self._voiced = 0.0
        self._closed = False
        self._dtx_timer = DtxTimer(self._pass_silence, self._in_pause)

    def accepts_audio(self) -> bool:
        """Whether consent was given; once it is revoked, what was being said is forgotten."""
        if self._closed:
            return False
        if self._listener.is_listening():
            return True
        self._forget()
        return False

    def push_audio(self, pcm: bytes) -> None:
        """The next sound, s16 mono 16 kHz."""
        self._dtx_timer.arrived()
        self._take(pcm)

    def push_silence(self, seconds: float, *, announced: bool = False) -> None:
        """Nothing came for so long, by the clock of the microphone, which may have told that it falls silent."""
        left = seconds - self._dtx_timer.arrived(told=announced)
        if 0 < left <= LOST_SECONDS:
            self._take(bytes(2 * round(left * SAMPLE_RATE)))
        else:
            self._pass_silence(left)

    def close(self) -> None:
        """Listen no more; the listener is told nothing any more."""
        self._closed = True
        self._drop()

    def _take(self, pcm: bytes) -> None:
        size = self._detector.frame_bytes
        data = self._rest + pcm if self._rest else pcm
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        for at in range(0, whole, size):
            self._detector.feed(data[at : at + size], self._frame)

    def _frame(self, frame: bytes, probability: float) -> None:
        if not self.accepts_audio():
            return
        turn = self._turn
        speech = probability >= (self._begins_at if turn is None else self._goes_on_at)
        self._voiced = self._voiced + self._frame_seconds if speech else 0.0
        if turn is None:
            self._before.append(frame)
            if self._voiced >= ONSET_SECONDS:
                self._begin_turn()
            return
        turn.sound += frame
        turn.unseen += self._frame_seconds
        if speech and self._voiced >= RESUMED_SECONDS:
            turn.go_on(self._loop.time())
            turn.unsigned += self._frame_seconds
        elif not speech or turn.quiet:
            turn.quiet += self._frame_seconds
        self._look(turn)

    def _pass_silence(self, seconds: float) -> None:
        if seconds <= 0:
            return
        self._detector.flush()
        self._detector.reset()
        self._voiced = 0.0
        turn = self._turn
        if turn is None:
            self._before.clear()
            self._rest = b""
            return
        turn.sound += self._rest
        self._rest = b""
        room = max(0.0, LONGEST_TURN_SECONDS - turn.seconds)
        turn.sound += bytes(2 * round(min(room, seconds) * SAMPLE_RATE))
        turn.quiet += seconds
        self._look(turn)

    def _begin_turn(self) -> None:
        self._turn = turn = Utterance(b"".join(self._before), self._loop.time())
        self._before.clear()
        self._dtx_timer.start()
        if self._double_talk is not None and self._double_talk.over_voice():
            turn.doubtful, turn.unseen = True, turn.seconds
            self._double_talk.look(turn, self._now)
        elif self._earlier is None:
            self._listener.speech_started()

    def _is_somebody(self, turn: Utterance, seconds: float) -> None:
        if turn is self._turn and self.accepts_audio():
            turn.begin(PRE_ROLL_SECONDS + seconds)
            if self._earlier is None:
                self._listener.speech_started()

    def _was_nobody(self, turn: Utterance) -> None:
        self._turn, self._voiced = None, 0.0
        size = self._detector.frame_bytes
        self._before.extend(bytes(turn.sound[at : at + size]) for at in range(0, len(turn.sound) - size + 1, size))
        if self._earlier is None:
            self._dtx_timer.stop()

    @property
    def _now(self) -> float:
        """When what is known so far was heard."""
        return self._loop.time() - len(self._rest) / SECOND_BYTES

    def _look(self, turn: Utterance) -> None:
        """See what the silence, or the length, of the turn means by now."""
        if self._double_talk is not None and turn.doubtful:
            self._double_talk.look(turn, self._now)
            return
        if self._earlier is not None and turn is not self._earlier:
            return
        if turn is self._turn and (turn.seconds >= LONGEST_TURN_SECONDS or turn.quiet >= LONGEST_SILENCE_SECONDS):
            self._earlier, self._turn, self._voiced, turn.closed = turn, None, 0.0, self._now
        over = turn is self._earlier
        if turn.failed and (over or turn.quiet >= self._listener.endpointing_delay("")):
            turn.task, turn.failed = None, False
        if turn.task is None and (over or turn.quiet >= PAUSE_SECONDS):
            turn.stop()
            turn.task = asyncio.ensure_future(self._understand(turn, turn.whole(self._now)))
        if turn.text is not None and (over or turn.quiet >= turn.patience):
            self._finish(turn, turn.text)
        elif turn.unsigned >= SIGN_SECONDS:
            turn.unsigned = 0.0
            self._listener.speech_continued()
        if self._interim is not None and turn.unseen >= GLIMPSE_SECONDS and not turn.quiet and turn.interim is None:
            turn.unseen = 0.0
            turn.interim = asyncio.ensure_future(self._look_in(turn, self._interim))

    async def _understand(self, turn: Utterance, stretch: AudioSpan) -> None:
        began = self._loop.time()
        try:
            text = await self._recognise(stretch)
        except Exception as error:
            if turn is self._earlier or turn.quiet >= self._listener.endpointing_delay(""):
                self._give_up(turn, type(error).__name__)
            else:
                turn.failed = True  # nobody is told: what is being said may not have come to its end
            return
        if turn not in (self._turn, self._earlier) or not self.accepts_audio():
            return
        self._metrics.recognition_seconds.observe(self._loop.time() - began)
        turn.text, turn.patience = text, self._listener.endpointing_delay(text)
        if text:
            self._listener.interim(text)
        self._look(turn)

    async def _look_in(self, turn: Utterance, interim: Recognise) -> None:
        """Tell the words so far of a turn that goes on; for what cannot be recognised now there is a next time."""
        cut = turn.seconds > GLIMPSED_SECONDS
        try:
            text = await interim(turn.end(GLIMPSED_SECONDS, self._now) if cut else turn.whole(self._now))
        except Exception as error:
            log.debug("no glimpse of a turn: %s", type(error).__name__)
            text = ""
        if turn.interim is asyncio.current_task():
            turn.interim = None
            if text and turn is self._turn and self.accepts_audio():
                self._listener.interim(f"\u2026 {text}" if cut else text)

    def _finish(self, turn: Utterance, text: str) -> None:
        waited = self._loop.time() - turn.last_speech
        self._metrics.turn_end_seconds.observe(waited)
        recognition = max(0.0, turn.quiet - turn.patience)
        self._metrics.recognition_wait_seconds.observe(recognition)
        if text:
            self._heard(waited - recognition, recognition)
        else:
            self._metrics.empty_turns.inc()
        self._end(turn, (lambda: self._listener.final(text)) if text else self._listener.no_words)

    def _give_up(self, turn: Utterance, why: str) -> None:
        if turn in (self._turn, self._earlier):
            log.warning("a turn was not recognised: %s", why)
            self._metrics.failed_recognitions.inc()
            self._end(turn, self._listener.unavailable)

    def _end(self, turn: Utterance, tell: Callable[[], None]) -> None:
        """Tell how a turn has ended, and begin to tell of the one behind it."""
        turn.stop()
        following = self._turn if turn is self._earlier else None
        self._turn, self._earlier, self._voiced = following, None, 0.0
        if following is None:
            self._dtx_timer.stop()
        tell()
        if following is not None and following is self._turn and not following.doubtful:
            self._listener.speech_started()
            self._look(following)

    def _forget(self) -> None:
        self._rest = b""
        self._before.clear()
        told = self._earlier is not None or (self._turn is not None and not self._turn.doubtful)
        self._drop()
        if told:
            self._listener.no_words()

    def _drop(self) -> None:
        for turn in (self._turn, self._earlier):
            if turn is not None:
                turn.stop()
        self._turn = self._earlier = None
        self._voiced = 0.0
        self._dtx_timer.stop()

    def _in_pause(self) -> bool | None:
        return self._turn.quiet > 0 if self.accepts_audio() and self._turn is not None else None
