"""The speech input of a process: builds a segmenter for each session over one shared recogniser."""

import asyncio
from collections.abc import Callable

from banker.config.tenant import Tenant
from banker.conversation.conversation import Conversation
from banker.conversation.handover.colleague_speech import ColleagueSpeech
from banker.conversation.turns.listener import SpeechListener
from banker.rtc.audio_in.endpointer import OnFinal
from banker.rtc.audio_in.segmenter import UtteranceSegmenter
from banker.rtc.audio_in.utterance import AudioSpan
from banker.rtc.audio_out.far_end_reference import FarEndReference
from banker.server.metrics import Metrics
from banker.speech import Detector, Recogniser, Recognition
from banker.speech.asr.prompt import recognition_prompt
from banker.speech.engine_queue import Busy, EngineQueue

RECOGNITION_TIMEOUT_S = 10.0
"""A recogniser that takes longer for one turn has failed."""
QUEUE_TIMEOUT_S = 5.0
"""A turn that has waited this long for the recogniser is reported as unavailable. Nobody waits longer for an answer."""
INTERIM_REST, INTERIM_REST_OVER_AGENT = 9.0, 3.0
"""After an interim transcript, none is made for this many times its duration. So they take a tenth of a core at most,
and a quarter while the agent is audible, when a "stop" has to be found quickly."""
DOUBLE_TALK_TIMEOUT_S = 0.3
"""If a double-talk check takes longer, double talk is assumed: the agent pauses."""


class SpeechInput:
    """Builds segmenters. Belongs to the media loop; the recogniser runs in `queue`.

    Interim transcripts have a separate thread and begin only while the queue is empty, so that they delay no turn.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        new_detector: Callable[[], Detector],
        queue: EngineQueue,
        metrics: Metrics,
        sensitivity: float,
        *,
        interim_transcripts: bool = True,
    ) -> None:
        self._recogniser = recogniser
        self._new_detector = new_detector
        self._queue = queue
        self._interim_queue = EngineQueue("interim", threads=1, places=0) if interim_transcripts else None
        self._double_talk_queue = EngineQueue("double-talk", threads=1, places=8)
        self._metrics = metrics
        self._sensitivity = sensitivity
        self._interim_ended_at, self._interim_duration_s = 0.0, 0.0

    def colleague_segmenter(self, tenant: Tenant, conversation: Conversation) -> UtteranceSegmenter:
        """Build a segmenter for captions of what a colleague of the bank says."""
        listener = ColleagueSpeech(conversation.person, conversation.mailbox, tenant.turns.silence_ms / 1000)
        return self.segmenter(tenant, listener, lambda silence, recognition: None, lambda: None)

    def segmenter(
        self, tenant: Tenant, listener: SpeechListener, on_final: OnFinal, far_end: Callable[[], FarEndReference | None]
    ) -> UtteranceSegmenter:
        """Build a segmenter for one session of `tenant`; `far_end` returns what the agent has played to this user."""
        from banker.rtc.audio_in.echo_removal import EchoRemover  # needs NumPy, which comes with the speech extras

        prompt, language = recognition_prompt(tenant.speech.glossary), tenant.speech.language
        detector = self._new_detector()
        echo = EchoRemover(far_end, detector, self._sensitivity)

        def recognition(span: AudioSpan, *, quick: bool = False) -> Callable[[], Recognition]:
            remove_echo = echo.removal(span)

            def recognise() -> Recognition:
                pcm = remove_echo()
                return self._recogniser.recognise(pcm, prompt, language, quick=quick) if pcm else Recognition()

            return recognise

        async def recognise(span: AudioSpan) -> str:
            result = await self._queue.run(recognition(span), RECOGNITION_TIMEOUT_S, QUEUE_TIMEOUT_S)
            text = listener.credible_text(result)
            if text != result.text:
                self._metrics.refused_words.inc()
            return text

        async def recognise_interim(span: AudioSpan) -> str:
            rest = INTERIM_REST_OVER_AGENT if echo.is_agent_audible else INTERIM_REST
            return listener.credible_text(await self._run_interim(recognition(span, quick=True), rest))

        async def is_user_speaking(span: AudioSpan) -> bool:
            return await self._double_talk_queue.run(echo.double_talk_check(span), DOUBLE_TALK_TIMEOUT_S)

        return UtteranceSegmenter(
            detector,
            recognise,
            listener,
            self._metrics,
            sensitivity=self._sensitivity,
            recognise_interim=None if self._interim_queue is None else recognise_interim,
            is_agent_audible=lambda: echo.is_agent_audible,
            is_user_speaking=is_user_speaking,
            on_final=on_final,
        )

    async def _run_interim(self, job: Callable[[], Recognition], rest: float) -> Recognition:
        """Run `job` if nothing else is waiting and the last one was long enough ago. Raises `Busy` otherwise."""
        clock = asyncio.get_running_loop().time
        too_soon = clock() < self._interim_ended_at + rest * self._interim_duration_s
        if self._interim_queue is None or self._queue.jobs or too_soon:
            raise Busy
        began = clock()
        try:
            return await self._interim_queue.run(job, RECOGNITION_TIMEOUT_S)
        finally:
            self._interim_ended_at = clock()
            self._interim_duration_s = self._interim_ended_at - began

    def close(self) -> None:
        """Stop recognising."""
        self._queue.close()
        self._double_talk_queue.close()
        if self._interim_queue is not None:
            self._interim_queue.close()
