"""The banker's hearing: the recogniser, the detectors and the queue that all ears of a process share."""

import asyncio
from collections.abc import Callable

from banker.config.tenant import Tenant
from banker.conversation.turns.listener import SpeechListener
from banker.rtc.audio_in.segmenter import Heard, UtteranceSegmenter
from banker.rtc.audio_in.utterance import AudioSpan
from banker.rtc.audio_out.far_end_reference import FarEndReference
from banker.server.metrics import Metrics
from banker.speech import Detector, Recogniser, Recognition
from banker.speech.asr.prompt import listening_prompt
from banker.speech.engine_queue import Busy, EngineQueue

RECOGNITION_SECONDS = 10.0
"""A recogniser that takes longer for one turn has failed."""
WAITING_SECONDS = 5.0
"""A turn that has waited so long for the recogniser is told that it is busy: nobody waits longer for an answer."""
SPARED, SPARED_OVER_VOICE = 9.0, 3.0
"""After a glimpse there is none for so many times as long as it took: a tenth of a core at most goes into them, and a
quarter while a "stop" may have to be found in words over the banker's voice."""
DOUBT_SECONDS = 0.3
"""Whether it is somebody who speaks is not waited for any longer: then it is taken for it."""


class SpeechInput:
    """Makes ears. Belongs to the media loop; the recogniser runs in `queue`.

    A recognition while somebody still speaks (a glimpse) has a thread of its own, and begins only while there is no
    other work: it keeps no turn waiting for the queue.
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
        self._glimpses = EngineQueue("glimpses", threads=1, places=0) if interim_transcripts else None
        self._doubts = EngineQueue("doubts", threads=1, places=8)
        self._metrics = metrics
        self._sensitivity = sensitivity
        self._glimpsed, self._glimpse_took = 0.0, 0.0
        """When the last glimpse ended, and how long it took."""

    def segmenter(
        self, tenant: Tenant, listener: SpeechListener, ended: Heard, played: Callable[[], FarEndReference | None]
    ) -> UtteranceSegmenter:
        """An ear for one session, that knows the tenant's language and names, and what was `played` to the user."""
        prompt, language = listening_prompt(tenant.speech.glossary), tenant.speech.language
        from banker.rtc.audio_in.echo_removal import EchoRemover  # needs NumPy, which comes with the speech extras

        detector = self._new_detector()
        own = EchoRemover(played, detector, self._sensitivity)

        def work(stretch: AudioSpan, *, quick: bool = False) -> Callable[[], Recognition]:
            taken_out = own.taken_out(stretch)

            def recognise() -> Recognition:
                sound = taken_out()
                return self._recogniser.recognise(sound, prompt, language, quick=quick) if sound else Recognition()

            return recognise

        async def recognise(stretch: AudioSpan) -> str:
            heard = await self._queue.run(work(stretch), RECOGNITION_SECONDS, WAITING_SECONDS)
            text = listener.credible_text(heard)
            if heard.refused or text != heard.text:
                self._metrics.refused_words.inc()
            return text

        async def interim(stretch: AudioSpan) -> str:
            clock = asyncio.get_running_loop().time
            spared = (SPARED_OVER_VOICE if own.audible else SPARED) * self._glimpse_took
            if self._glimpses is None or self._queue.jobs or clock() < self._glimpsed + spared:
                raise Busy
            began = clock()
            try:
                heard = await self._glimpses.run(work(stretch, quick=True), RECOGNITION_SECONDS)
            finally:
                self._glimpsed = clock()
                self._glimpse_took = self._glimpsed - began
            return listener.credible_text(heard)

        async def speaks(stretch: AudioSpan) -> bool:
            return await self._doubts.run(own.leaves_speech(stretch), DOUBT_SECONDS)

        return UtteranceSegmenter(
            detector,
            recognise,
            listener,
            self._metrics,
            sensitivity=self._sensitivity,
            interim=interim if self._glimpses is not None else None,
            over_voice=lambda: own.audible,
            speaks=speaks,
            heard=ended,
        )

    def close(self) -> None:
        """Recognise nothing more."""
        self._queue.close()
        self._doubts.close()
        if self._glimpses is not None:
            self._glimpses.close()
