"""The banker's hearing: the recogniser, the detectors and the queue that all ears of a process share."""

from collections.abc import Callable

from banker.dialogue.hearing import Listener
from banker.media.ear import Ear
from banker.metrics import Metrics
from banker.settings import Tenant
from banker.speech import Detector, Recogniser
from banker.speech.prompt import listening_prompt
from banker.speech.queue import EngineQueue

RECOGNITION_SECONDS = 10.0
"""A recogniser that takes longer for one turn, its waiting included, has failed."""


class Hearing:
    """Makes ears. Belongs to the media loop; the recogniser runs in `queue`."""

    def __init__(
        self,
        recogniser: Recogniser,
        new_detector: Callable[[], Detector],
        queue: EngineQueue,
        metrics: Metrics,
        sensitivity: float,
    ) -> None:
        self._recogniser = recogniser
        self._new_detector = new_detector
        self._queue = queue
        self._metrics = metrics
        self._sensitivity = sensitivity

    def ear(self, tenant: Tenant, listener: Listener) -> Ear:
        """An ear for one session, that knows the tenant's language and names."""
        prompt, language = listening_prompt(tenant.speech.glossary), tenant.speech.language

        async def recognise(sound: bytes) -> str:
            heard = await self._queue.run(
                lambda: self._recogniser.recognise(sound, prompt, language), RECOGNITION_SECONDS
            )
            if heard.refused:
                self._metrics.refused_words.inc()
            return heard.text

        return Ear(self._new_detector(), recognise, listener, self._metrics, sensitivity=self._sensitivity)

    def close(self) -> None:
        """Recognise nothing more."""
        self._queue.close()
