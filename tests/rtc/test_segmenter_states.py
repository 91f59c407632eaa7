"""Random sounds, engines and consent: whatever happens, each turn that was reported ends exactly once."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from banker.rtc.audio_in.segmenter import UtteranceSegmenter
from banker.rtc.audio_in.utterance import AudioSpan
from banker.rtc.audio_in.utterance_states import UtteranceState
from banker.server.metrics import Metrics
from banker.speech import Recognition
from banker.speech.engine_queue import Busy
from tests.rtc.segmenters import VirtualLoop

CHUNK_S = 0.1
VOICE, SILENCE = b"\x01" * 3200, bytes(3200)
REPORTED = {UtteranceState.SPEAKING, UtteranceState.RECOGNISING, UtteranceState.RECOGNISED, UtteranceState.FAILED}
durations = st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 2.2])


class FakeDetector:
    """Hears speech in every frame that is not zeros."""

    frame_bytes = 1024

    def feed(self, frame: bytes, told: Callable[[bytes, float], None]) -> None:
        told(frame, 0.9 if frame.strip(b"\0") else 0.1)

    def flush(self) -> None: ...

    def reset(self) -> None: ...

    def probabilities(self, frames: Iterable[bytes]) -> Iterator[float]:
        raise NotImplementedError


class StrictListener:
    """A `SpeechListener` that fails if its events come in another order than it promises."""

    def __init__(self) -> None:
        self.consented = True
        self.delay = 0.6
        self.is_open = False
        self.turns = 0

    def speech_started(self) -> None:
        assert self.consented and not self.is_open
        self.is_open = True
        self.turns += 1

    def speech_continued(self) -> None:
        assert self.is_open

    def interim(self, text: str) -> None:
        assert self.is_open and text

    def may_be_all(self, text: str) -> None:
        assert self.is_open and text

    def final(self, text: str) -> None:
        assert self.is_open and text
        self.is_open = False

    def no_words(self) -> None:
        assert self.is_open
        self.is_open = False

    def unavailable(self) -> None:
        assert self.is_open
        self.is_open = False

    def credible_text(self, recognition: Recognition) -> str:
        return recognition.text

    def endpointing_delay(self, text: str) -> float:
        return self.delay

    def is_listening(self) -> bool:
        return self.consented


class SlowEngine:
    """Its calls wait until a rule answers them."""

    def __init__(self) -> None:
        self._calls: list[asyncio.Future[Any]] = []

    async def __call__(self, span: AudioSpan) -> Any:
        assert span.seconds > 0
        self._calls.append(asyncio.get_running_loop().create_future())
        return await self._calls[-1]

    @property
    def waiting(self) -> list["asyncio.Future[Any]"]:
        self._calls = [call for call in self._calls if not call.done()]
        return self._calls

    def answer(self, result: Any) -> None:
        for call in self.waiting[:1]:
            call.set_exception(result) if isinstance(result, Exception) else call.set_result(result)


class SegmenterMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.loop = VirtualLoop()
        self.listener = StrictListener()
        self.recogniser, self.interim, self.double_talk = SlowEngine(), SlowEngine(), SlowEngine()
        self.agent_audible = False

        async def build() -> UtteranceSegmenter:
            return UtteranceSegmenter(
                FakeDetector(),
                self.recogniser,
                self.listener,
                Metrics(False),
                recognise_interim=self.interim,
                is_agent_audible=lambda: self.agent_audible,
                is_user_speaking=self.double_talk,
            )

        self.segmenter = self.run(build())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def pass_time(self, duration: float, pcm: bytes = b"") -> None:
        async def go() -> None:
            for _ in range(max(1, round(duration / CHUNK_S))):
                if pcm and self.segmenter.accepts_audio():
                    self.segmenter.push_audio(pcm)
                await asyncio.sleep(CHUNK_S)

        self.run(go())

    @rule(duration=durations)
    def user_speaks(self, duration: float) -> None:
        self.pass_time(duration, VOICE)

    @rule(duration=durations)
    def user_is_silent(self, duration: float) -> None:
        self.pass_time(duration, SILENCE)

    @rule(speech=durations, pause=st.sampled_from([0.2, 0.3, 0.4, 0.7]))
    def user_speaks_and_pauses(self, speech: float, pause: float) -> None:
        self.pass_time(speech, VOICE)
        self.pass_time(pause, SILENCE)

    @rule(duration=durations)
    def no_packet_arrives(self, duration: float) -> None:
        self.pass_time(duration)

    @rule(duration=durations, announced=st.booleans())
    def sender_reports_silence(self, duration: float, announced: bool) -> None:
        self.pass_time(duration)

        async def report() -> None:
            if self.segmenter.accepts_audio():
                self.segmenter.push_silence(duration, announced=announced)

        self.run(report())

    @rule()
    def user_speaks_for_half_a_minute(self) -> None:
        if self.listener.turns % 4 == 0:  # now and then: it is slow
            self.pass_time(30.0, VOICE)

    @precondition(lambda self: self.recogniser.waiting)
    @rule(result=st.sampled_from(["words", "some words", "", Busy(), RuntimeError("no")]))
    def recogniser_answers(self, result: Any) -> None:
        self.recogniser.answer(result)
        self.pass_time(CHUNK_S)

    @precondition(lambda self: self.interim.waiting)
    @rule(result=st.sampled_from(["words", "", Busy()]))
    def interim_recogniser_answers(self, result: Any) -> None:
        self.interim.answer(result)
        self.pass_time(CHUNK_S)

    @precondition(lambda self: self.double_talk.waiting)
    @rule(result=st.sampled_from([True, False, TimeoutError()]))
    def double_talk_check_answers(self, result: Any) -> None:
        self.double_talk.answer(result)
        self.pass_time(CHUNK_S)

    @rule(audible=st.booleans())
    def agent_speaks(self, audible: bool) -> None:
        self.agent_audible = audible

    @rule(delay=st.sampled_from([0.6, 1.5, 1.75]))
    def words_need_another_delay(self, delay: float) -> None:
        self.listener.delay = delay

    @rule(often=st.integers(0, 9), pcm=st.sampled_from([VOICE, SILENCE, b""]))
    def consent_is_revoked_and_granted(self, often: int, pcm: bytes) -> None:
        if often:  # most of the time it is not
            return
        self.listener.consented = False
        self.pass_time(CHUNK_S, pcm)
        assert not self.listener.is_open, "not even a packet has to arrive"
        assert self.segmenter._current is None and self.segmenter._closed is None
        self.listener.consented = True

    @invariant()
    def one_turn_is_open_at_most(self) -> None:
        current, closed = self.segmenter._current, self.segmenter._closed
        if closed is not None:
            assert closed.state is UtteranceState.CLOSED
            assert current is None or current.state in (UtteranceState.QUEUED, UtteranceState.POSSIBLE_ECHO)
        elif current is not None:
            assert current.state in REPORTED | {UtteranceState.POSSIBLE_ECHO}
        reported = closed is not None or (current is not None and current.state in REPORTED)
        assert self.listener.is_open == reported

    @invariant()
    def every_state_has_a_way_out(self) -> None:
        """Either the recogniser owes an answer, or the timer lets silence pass even if no packet arrives."""
        for utterance in (self.segmenter._current, self.segmenter._closed):
            if utterance is None:
                continue
            assert self.segmenter._dtx_timer._timer is not None
            if utterance.state in (UtteranceState.RECOGNISING, UtteranceState.CLOSED):
                assert utterance.recognition is not None and not utterance.recognition.done()

    def teardown(self) -> None:
        if not hasattr(self, "segmenter"):
            return
        self.agent_audible = False
        for _ in range(6):
            for engine, result in ((self.double_talk, False), (self.interim, ""), (self.recogniser, "words")):
                engine.answer(result)
            self.pass_time(3.0)
        assert self.segmenter._current is None and self.segmenter._closed is None
        assert not self.listener.is_open
        self.segmenter.close()
        self.loop.close()


TestSegmenterStates = SegmenterMachine.TestCase
TestSegmenterStates.settings = settings(
    max_examples=100, stateful_step_count=100, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
