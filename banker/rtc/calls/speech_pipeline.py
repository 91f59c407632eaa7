"""The speech engines of this process with the queues in front of them, which all calls share."""

from banker.config.speech import SpeechSettings
from banker.rtc.audio_in.speech_input import SpeechInput
from banker.rtc.audio_out.synthesis import SpeechSynthesis
from banker.rtc.speech_engines import SpeechEngines
from banker.server.metrics import Metrics
from banker.speech.engine_queue import EngineQueue

SYNTHESIS_QUEUE_FACTOR = 4
"""Synthesis takes a quarter of the time of recognition, so its queue may be this many times longer."""


class SpeechPipeline:
    """Speech input and output for the calls of one process; None for what no engine is loaded for."""

    def __init__(self, engines: SpeechEngines, speech: SpeechSettings, metrics: Metrics) -> None:
        self.synthesis: SpeechSynthesis | None = None
        self.input: SpeechInput | None = None
        self._synthesis_queue = EngineQueue("voice", speech.threads, speech.queue * SYNTHESIS_QUEUE_FACTOR, metrics)
        if engines.synthesiser is not None:
            self.synthesis = SpeechSynthesis(engines.synthesiser, self._synthesis_queue)
        if engines.recogniser is not None and engines.new_detector is not None:
            self.input = SpeechInput(
                engines.recogniser,
                engines.new_detector,
                EngineQueue("hearing", speech.recognitions, speech.queue, metrics),
                metrics,
                speech.sensitivity,
                interim_transcripts=speech.interim_transcripts,
            )

    def close(self) -> None:
        """Stop recognising and synthesising."""
        self._synthesis_queue.close()
        if self.input is not None:
            self.input.close()
