"""The speech engines of this process: loaded once, and warm before the first call."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from banker.agents.tenant_agents import example_utterances
from banker.config.loading import ConfigError
from banker.config.speech import SpeechSettings
from banker.process_cache import load_once
from banker.speech import (
    Detector,
    Recogniser,
    SpeechUnavailable,
    Synthesiser,
    load_detector,
    load_recogniser,
    load_synthesiser,
)
from banker.speech.thread_priority import lower_priority

T = TypeVar("T")
log = logging.getLogger(__name__)

NOISE = bytes(range(256)) * 64
"""Half a second of s16 sound at 16 kHz, which warms a recogniser up."""


@dataclass(frozen=True)
class SpeechEngines:
    """The loaded engines. Without a recogniser users type; without a synthesiser they read."""

    synthesiser: Synthesiser | None = None
    recogniser: Recogniser | None = None
    new_detector: Callable[[], Detector] | None = None
    """Makes a voice-activity detector for one call. Present whenever there is a recogniser."""
    has_local: bool = False
    """Whether one of the engines runs on this machine's cores."""


def load_engines(speech: SpeechSettings) -> SpeechEngines:
    """Load the configured engines; log each one that cannot be loaded, and go without it. Takes seconds."""
    # Threads that an engine starts inherit the low priority of the thread that loads it.
    with ThreadPoolExecutor(1, initializer=lower_priority) as loading:
        return loading.submit(_load, speech).result()


def _load(speech: SpeechSettings) -> SpeechEngines:
    synthesiser = _attempt("text-to-speech, so the banker writes", lambda: load_once(load_synthesiser, speech))
    listening = _attempt("speech recognition, so customers type", lambda: _load_recogniser(speech))
    has_local = (synthesiser is not None and speech.synthesiser != "endpoint") or (
        listening is not None and speech.recogniser != "endpoint"
    )
    recogniser, new_detector = listening or (None, None)
    return SpeechEngines(synthesiser, recogniser, new_detector, has_local)


def _load_recogniser(speech: SpeechSettings) -> tuple[Recogniser, Callable[[], Detector]] | None:
    recogniser = load_once(load_recogniser, speech, tuple(example_utterances()))
    if recogniser is None:
        return None
    new_detector = load_detector()
    if speech.recogniser == "whisper":
        recogniser.recognise(NOISE, "")  # the first recognition takes longer than later ones
    return recogniser, new_detector


def _attempt(what: str, load: Callable[[], T]) -> T | None:
    """Return what `load` returns; None and a log line if an engine is missing, wrongly configured or broken."""
    try:
        return load()
    except (SpeechUnavailable, ConfigError) as error:
        log.warning("no %s: %s", what, error)
    except Exception:
        log.exception("no %s: the engine could not be loaded", what)
    return None
