"""Turn segmentation: divides audio into utterances, and tracks the current one.

docs/turn-taking.md draws the states of an utterance.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from banker.conversation.turns.listener import SpeechListener
from banker.rtc.audio_in.double_talk import DoubleTalkDetector
from banker.rtc.audio_in.dtx_timer import DtxTimer
from banker.rtc.audio_in.endpointer import LONGEST_TURN_S, Endpointer, OnFinal, Recognise
from banker.rtc.audio_in.jitter_buffer import SAMPLE_RATE
from banker.rtc.audio_in.utterance import BYTES_PER_S, AudioSpan, Utterance
from banker.rtc.audio_in.utterance_states import UtteranceEvent, UtteranceState
from banker.server.metrics import Metrics
from banker.speech import Detector
from banker.speech.vad.near_speech import SOFT_S, NearSpeech

PRE_ROLL_S = 0.3
"""Audio kept from before the onset: the first sounds of a word are soft."""
ONSET_S = 0.09
"""Consecutive speech that begins an utterance. A click is shorter."""
ONSET_NEAR_FRAMES, NEAR_WITHIN_FRAMES = 3, 8
"""How many of the last frames must be as loud as the user. Not all: the first sounds of a word are soft."""
RESUMED_S = 0.09
"""Speech as loud as the user's, within the last frames, that ends a pause."""
HYSTERESIS = 0.15
"""Once speech has begun, a probability that is this much lower still counts as speech."""
LOST_PACKETS_S = 0.12
"""A shorter gap counts as lost packets, and passes the voice-activity detector as silent audio."""


class UtteranceSegmenter:
    """One session's audio sink (`jitter_buffer.AudioSink`). Belongs to the media loop.

    `recognise` returns the words of an audio span, or an empty string; it raises `Busy`, `TimeoutError` or an error of
    the engine. `recognise_interim` does so only if that delays nobody. `is_agent_audible` and `is_user_speaking` are
    those of `DoubleTalkDetector`. `sensitivity` is the speech probability (0 to 1) that begins an utterance.
    """

    def __init__(
        self,
        detector: Detector,
        recognise: Recognise,
        listener: SpeechListener,
        metrics: Metrics,
        *,
        sensitivity: float = 0.5,
        recognise_interim: Recognise | None = None,
        is_agent_audible: Callable[[], bool] = lambda: False,
        is_user_speaking: Callable[[AudioSpan], Awaitable[bool]] | None = None,
        on_final: OnFinal = lambda silence, recognition: None,
    ) -> None:
        self._detector = detector
        self._endpointer = Endpointer(self, recognise, recognise_interim, listener, metrics, on_final)
        self._double_talk = None
        if is_user_speaking is not None:
            self._double_talk = DoubleTalkDetector(
                is_agent_audible, is_user_speaking, self._double_talk_confirmed, self._echo_only
            )
        self._listener = listener
        self._onset_probability = sensitivity
        self._speech_probability = max(0.05, sensitivity - HYSTERESIS)
        self._loop = asyncio.get_running_loop()
        self._frame_s = detector.frame_bytes / BYTES_PER_S
        self._near_speech = NearSpeech(self._frame_s)
        self._partial_frame = b""
        self._pre_roll: deque[bytes] = deque(maxlen=round((PRE_ROLL_S + ONSET_S) / self._frame_s))
        self._near_frames: deque[bool] = deque(maxlen=NEAR_WITHIN_FRAMES)
        """Whether each of the last frames between utterances was near speech."""
        self._current: Utterance | None = None
        """The current utterance."""
        self._closed: Utterance | None = None
        """The previous utterance while it is in `CLOSED`."""
        self._speech_run_s = 0.0
        """Consecutive speech up to now."""
        self._stopped = False
        self._dtx_timer = DtxTimer(self._pass_silence, self._is_in_pause)

    def accepts_audio(self) -> bool:
        """Return whether the user consents. If not, drop the current utterance."""
        if self._stopped:
            return False
        if self._listener.is_listening():
            return True
        self._forget()
        return False

    def push_audio(self, pcm: bytes) -> None:
        """Take the next audio: s16 mono, 16 kHz."""
        self._dtx_timer.packet_arrived()
        self._feed(pcm)

    def push_silence(self, seconds: float, *, announced: bool = False) -> None:
        """Take silence by the sender's clock. `announced`: a DTX packet says that more may follow."""
        left = seconds - self._dtx_timer.packet_arrived(announces_silence=announced)
        if 0 < left <= LOST_PACKETS_S:
            self._feed(bytes(2 * round(left * SAMPLE_RATE)))
        else:
            self._pass_silence(left)

    def close(self) -> None:
        """Stop listening. Nothing more is reported."""
        self._stopped = True
        self._drop()

    # From audio to utterances

    def _feed(self, pcm: bytes) -> None:
        size = self._detector.frame_bytes
        data = self._partial_frame + pcm if self._partial_frame else pcm
        whole = len(data) - len(data) % size
        self._partial_frame = data[whole:]
        for start in range(0, whole, size):
            self._detector.feed(data[start : start + size], self._take_frame)

    def _take_frame(self, frame: bytes, probability: float) -> None:
        if not self.accepts_audio():
            return
        utterance = self._current
        if utterance is None:
            self._take_frame_between(frame, probability)
            return
        utterance.pcm += frame
        utterance.since_lookahead_s += self._frame_s
        is_speech = probability >= self._speech_probability
        is_echo = utterance.state is UtteranceState.POSSIBLE_ECHO
        is_near = is_speech and (is_echo or self._near_speech.takes(frame))
        self._near_frames.append(is_near)
        if is_near and sum(self._near_frames) * self._frame_s >= RESUMED_S:
            utterance.speech_continues(self._loop.time())
            utterance.unreported_s += self._frame_s
        elif is_speech and not is_near and not utterance.silence_s:
            utterance.soft_s += self._frame_s
            if utterance.soft_s >= SOFT_S:  # a shorter one was the user's own soft syllable
                utterance.add_silence(utterance.soft_s, self._loop.time())
        elif not is_speech or utterance.silence_s:
            utterance.add_silence(self._frame_s, self._loop.time())
        self._advance(utterance)

    def _take_frame_between(self, frame: bytes, probability: float) -> None:
        """Take a frame between two utterances."""
        is_speech = probability >= self._onset_probability
        self._speech_run_s = self._speech_run_s + self._frame_s if is_speech else 0.0
        self._near_frames.append(is_speech and self._near_speech.is_onset(frame))
        self._pre_roll.append(frame)
        if self._speech_run_s >= ONSET_S and sum(self._near_frames) >= ONSET_NEAR_FRAMES:
            self._begin_utterance()

    def _pass_silence(self, seconds: float) -> None:
        if seconds <= 0:
            return
        self._detector.flush()
        self._detector.reset()
        self._speech_run_s = 0.0
        partial_frame, self._partial_frame = self._partial_frame, b""
        utterance = self._current
        if utterance is None:
            self._pre_roll.clear()
            return
        utterance.pcm += partial_frame
        room = max(0.0, LONGEST_TURN_S - utterance.seconds)
        utterance.pcm += bytes(2 * round(min(room, seconds) * SAMPLE_RATE))
        utterance.add_silence(seconds, self._loop.time())
        self._advance(utterance)

    def _begin_utterance(self) -> None:
        self._current = utterance = Utterance(b"".join(self._pre_roll), self._loop.time())
        self._pre_roll.clear()
        self._dtx_timer.start()
        if self._double_talk is not None and self._double_talk.is_agent_audible():
            utterance.on(UtteranceEvent.SPEECH_OVER_AGENT)
            utterance.since_lookahead_s = utterance.seconds
            self._double_talk.check(utterance, self.now)
        elif self._closed is not None:
            utterance.on(UtteranceEvent.SPEECH_BEHIND_CLOSED)
        else:
            utterance.on(UtteranceEvent.SPEECH)
            self._listener.speech_started()

    def _double_talk_confirmed(self, utterance: Utterance, seconds: float) -> None:
        if utterance is not self._current or not self.accepts_audio():
            return
        utterance.skip_until_tail(PRE_ROLL_S + seconds)
        if self._closed is not None:
            utterance.on(UtteranceEvent.DOUBLE_TALK_BEHIND_CLOSED)
        else:
            utterance.on(UtteranceEvent.DOUBLE_TALK)
            self._listener.speech_started()

    def _echo_only(self, utterance: Utterance) -> None:
        """Keep the audio as pre-roll: the user may be about to speak."""
        utterance.on(UtteranceEvent.ECHO_ONLY)
        self._current, self._speech_run_s = None, 0.0
        size, pcm = self._detector.frame_bytes, utterance.pcm
        self._pre_roll.extend(bytes(pcm[start : start + size]) for start in range(0, len(pcm) - size + 1, size))
        if self._closed is None:
            self._dtx_timer.stop()

    def _advance(self, utterance: Utterance) -> None:
        if self._double_talk is not None and utterance.state is UtteranceState.POSSIBLE_ECHO:
            self._double_talk.check(utterance, self.now)
        else:
            self._endpointer.advance(utterance)

    # The end of an utterance

    def utterance_closed(self, utterance: Utterance) -> None:
        """Let `utterance` wait for its words. New speech is another utterance."""
        self._near_speech.utterance_ended(had_words=bool(utterance.text))
        self._closed, self._current, self._speech_run_s = utterance, None, 0.0

    def utterance_ended(self, utterance: Utterance, report: Callable[[], None]) -> None:
        """Report how `utterance` ended, and then the start of the next one."""
        following = self._current if utterance is self._closed else None
        if utterance is self._current:
            self._near_speech.utterance_ended(had_words=bool(utterance.text))
        self._current, self._closed, self._speech_run_s = following, None, 0.0
        if following is None:
            self._dtx_timer.stop()
        report()
        if following is not None and following.state is UtteranceState.QUEUED:
            following.on(UtteranceEvent.PREVIOUS_ENDED)
            self._listener.speech_started()
            self._advance(following)

    def _forget(self) -> None:
        """Drop everything after consent was revoked, and end what was reported."""
        self._partial_frame = b""
        self._pre_roll.clear()
        current = self._current
        is_reported = self._closed is not None or (
            current is not None and current.state is not UtteranceState.POSSIBLE_ECHO
        )
        self._drop()
        if is_reported:
            self._listener.no_words()

    def _drop(self) -> None:
        for utterance in (self._current, self._closed):
            if utterance is not None:
                utterance.on(UtteranceEvent.DROPPED)
                utterance.cancel_tasks()
        self._current = self._closed = None
        self._speech_run_s = 0.0
        self._near_speech.utterance_ended(had_words=False)
        self._dtx_timer.stop()

    @property
    def now(self) -> float:
        """When the last whole frame was heard (s, on the event loop's clock)."""
        return self._loop.time() - len(self._partial_frame) / BYTES_PER_S

    def _is_in_pause(self) -> bool | None:
        return self._current.silence_s > 0 if self.accepts_audio() and self._current is not None else None
