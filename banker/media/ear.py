"""An ear: sound becomes turns, and turns become words, recognised in the silence that ends them."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from banker.dialogue.hearing import Listener
from banker.media.microphone import SAMPLE_RATE
from banker.metrics import Metrics
from banker.speech import Detector
from banker.speech.queue import Busy

log = logging.getLogger(__name__)

SECOND_BYTES = SAMPLE_RATE * 2
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
LONGEST_TURN_SECONDS = 29.5
LOST_SECONDS = 0.12
"""A gap as short as this is packets that were lost: heard as silence, in the midst of what goes on."""
DEAF_SECONDS = 0.6
"""After a turn that could not be recognised its rest is not listened to, until there was so much silence."""
QUIET_SECONDS, STALLED_SECONDS = 0.1, 0.5
"""Without a packet for so long, time passes as silence: in a pause, when silence may be sent as nothing at all; while
somebody speaks, when it is the network that is slow."""
TICK_SECONDS = 0.05

Recognise = Callable[[bytes], Awaitable[str]]


class Ear:
    """Of one session; implements `microphone.Sink`. Belongs to the media loop.

    `recognise` gives the words in s16 mono PCM at 16 kHz, "" for none; it raises `Busy`, `TimeoutError` or what the
    engine raises.
    """

    def __init__(
        self,
        detector: Detector,
        recognise: Recognise,
        listener: Listener,
        metrics: Metrics,
        *,
        sensitivity: float = 0.5,
    ) -> None:
        self._detector = detector
        self._recognise = recognise
        self._listener = listener
        self._metrics = metrics
        self._begins_at, self._goes_on_at = sensitivity, max(0.05, sensitivity - SURENESS_KEPT)
        self._loop = asyncio.get_running_loop()
        self._frame_seconds = detector.frame_bytes / SECOND_BYTES
        self._rest = b""
        self._before: deque[bytes] = deque(maxlen=round((PRE_ROLL_SECONDS + ONSET_SECONDS) / self._frame_seconds))
        self._turn: Turn | None = None
        self._voiced = 0.0
        self._deaf = 0.0
        self._ticking: asyncio.TimerHandle | None = None
        self._closed = False
        self._arrived = self._loop.time()
        self._guessed = 0.0
        """Seconds of silence that were counted before the microphone told of them."""

    def wants(self) -> bool:
        """Whether consent was given; once it is revoked, what was being said is forgotten."""
        if self._closed:
            return False
        if self._listener.listens():
            return True
        self._forget()
        return False

    def hear(self, pcm: bytes) -> None:
        """The next sound, s16 mono 16 kHz."""
        self._arrived, self._guessed = self._loop.time(), 0.0
        self._take(pcm)

    def silence(self, seconds: float) -> None:
        """Nothing came for so long, by the clock of the microphone."""
        self._arrived = self._loop.time()
        already, self._guessed = self._guessed, 0.0
        left = seconds - already
        if 0 < left <= LOST_SECONDS:
            self._take(bytes(2 * round(left * SAMPLE_RATE)))
        else:
            self._pass_silence(left)

    def close(self) -> None:
        """Listen no more; the listener is told nothing any more."""
        self._closed = True
        self._end_turn()

    def _take(self, pcm: bytes) -> None:
        size = self._detector.frame_bytes
        data = self._rest + pcm if self._rest else pcm
        at = 0
        while at + size <= len(data):
            self._frame(data[at : at + size])
            at += size
        self._rest = data[at:]

    def _frame(self, frame: bytes) -> None:
        probability = self._detector.probability(frame)
        turn = self._turn
        speech = probability >= (self._begins_at if turn is None else self._goes_on_at)
        self._voiced = self._voiced + self._frame_seconds if speech else 0.0
        if turn is None or turn.closed:
            self._before.append(frame)
            if not speech and self._deaf > 0:
                self._deaf -= self._frame_seconds
            if turn is None and self._voiced >= ONSET_SECONDS and self._deaf <= 0:
                self._begin_turn()
            return
        turn.sound += frame
        if speech and self._voiced >= RESUMED_SECONDS:
            turn.go_on(self._loop.time())
            turn.unsigned += self._frame_seconds
            if turn.unsigned >= SIGN_SECONDS and not turn.closed:
                turn.unsigned = 0.0
                self._listener.partial("")
        elif not speech or turn.quiet:
            turn.quiet += self._frame_seconds
        self._look(turn)

    def _pass_silence(self, seconds: float) -> None:
        if seconds <= 0:
            return
        self._voiced = 0.0
        self._deaf -= seconds
        self._detector.reset()
        turn = self._turn
        if turn is None or turn.closed:
            self._before.clear()
            self._rest = b""
            return
        turn.sound += self._rest
        self._rest = b""
        room = max(0, int(LONGEST_TURN_SECONDS * SECOND_BYTES) - len(turn.sound))
        turn.sound += bytes(min(room, round(min(seconds, LONGEST_TURN_SECONDS) * SAMPLE_RATE) * 2))
        turn.quiet += seconds
        self._look(turn)

    def _begin_turn(self) -> None:
        self._turn = Turn(bytearray(b"".join(self._before)), self._loop.time())
        self._before.clear()
        self._tick()
        self._listener.began()

    def _look(self, turn: "Turn") -> None:
        """See what the silence, or the length, of the turn means by now."""
        if len(turn.sound) >= LONGEST_TURN_SECONDS * SECOND_BYTES:
            turn.closed = True
        if turn.task is None and (turn.closed or turn.quiet >= PAUSE_SECONDS):
            turn.task = asyncio.ensure_future(self._understand(turn, bytes(turn.sound)))
        if turn.text is not None and (turn.closed or turn.quiet >= turn.patience):
            self._finish(turn, turn.text)

    async def _understand(self, turn: "Turn", sound: bytes) -> None:
        began = self._loop.time()
        try:
            text = await self._recognise(sound)
        except Busy:
            self._give_up(turn, "the engines are busy")
            return
        except Exception as error:
            self._give_up(turn, type(error).__name__)
            return
        if self._turn is not turn or not self.wants():
            return
        self._metrics.recognition_seconds.observe(self._loop.time() - began)
        turn.text, turn.patience = text, self._listener.patience(text)
        if text:
            self._listener.partial(text)
        self._look(turn)

    def _finish(self, turn: "Turn", text: str) -> None:
        waited = self._loop.time() - turn.last_speech
        self._metrics.turn_end_seconds.observe(waited)
        self._metrics.recognition_wait_seconds.observe(max(0.0, turn.quiet - turn.patience))
        self._end_turn()
        if text:
            self._listener.said(text)
        else:
            self._metrics.empty_turns.inc()
            self._listener.nothing()

    def _give_up(self, turn: "Turn", why: str) -> None:
        if self._turn is not turn:
            return
        log.warning("a turn was not recognised: %s", why)
        self._metrics.failed_recognitions.inc()
        self._end_turn()
        self._deaf = DEAF_SECONDS
        self._listener.unavailable()

    def _forget(self) -> None:
        self._rest = b""
        self._before.clear()
        self._voiced = 0.0
        if self._turn is not None:
            self._end_turn()
            self._listener.nothing()

    def _end_turn(self) -> None:
        turn, self._turn = self._turn, None
        self._voiced = 0.0
        if turn is not None:
            turn.stop()
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def _tick(self) -> None:
        """While a turn is open, time passes even if no packet comes."""
        self._ticking = self._loop.call_later(TICK_SECONDS, self._tick)
        turn = self._turn
        if turn is None or not self.wants():
            return
        patience = QUIET_SECONDS if turn.quiet else STALLED_SECONDS
        silent = self._loop.time() - self._arrived - self._guessed
        if silent > (patience if not self._guessed else 0):
            self._guessed += silent
            self._pass_silence(silent)


class Turn:
    """What somebody is saying."""

    def __init__(self, sound: bytearray, now: float) -> None:
        self.sound = sound
        self.quiet = 0.0
        """Seconds of silence at its end."""
        self.last_speech = now
        self.unsigned = 0.0
        """Seconds of speech since the listener was told that it goes on."""
        self.closed = False
        """It is as long as a turn may be: what comes now is not part of it."""
        self.text: str | None = None
        self.patience = 0.0
        self.task: asyncio.Task[None] | None = None

    def go_on(self, now: float) -> None:
        """There is speech: what was recognised at the last pause was not all."""
        self.last_speech = now
        if self.quiet and not self.closed:
            self.quiet = 0.0
            self.text = None
            self.stop()
            self.task = None

    def stop(self) -> None:
        """Wait for no recognition any more."""
        if self.task is not None and self.task is not asyncio.current_task():
            self.task.cancel()
