"""Speech engines behind an OpenAI-compatible server: `/audio/transcriptions` and `/audio/speech`.

Source: https://platform.openai.com/docs/api-reference/audio
"""

import io
import json
import time
import wave
from collections.abc import Iterator
from typing import Any

import httpx2

from banker.config.speech import SpeechSettings
from banker.speech.asr.recognition import Recognition, Segment

SAMPLE_RATE = 16_000
CONNECT_SECONDS = 2.0
SOUND_SECONDS = 120
"""More than this is no sentence's sound."""
TEXT_BYTES = 256 * 1024


class EndpointError(Exception):
    """The server did not do what it was asked; the message never holds what was said."""


class _Server:
    """Connections to the configured server, kept open and shared by all threads.

    Redirects are not followed: the configuration names the place that gets the key and the sound, not an answer.
    """

    def __init__(self, speech: SpeechSettings) -> None:
        self.url = speech.endpoint
        self._seconds = speech.timeout_seconds
        headers = {"Authorization": f"Bearer {speech.secret}"} if speech.secret else {}
        self.client = httpx2.Client(
            headers=headers,
            timeout=httpx2.Timeout(speech.timeout_seconds, connect=min(CONNECT_SECONDS, speech.timeout_seconds)),
            limits=httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30),
        )

    def post(self, path: str, most_bytes: int, **content: Any) -> Iterator[bytes]:
        """The body of the answer as it comes. Raises `EndpointError`."""
        received, deadline = 0, time.monotonic() + self._seconds
        try:
            with self.client.stream("POST", f"{self.url}{path}", **content) as response:
                if response.status_code != 200:
                    raise EndpointError(f"the speech server answered {response.status_code}")
                for part in response.iter_bytes():
                    received += len(part)
                    if received > most_bytes:
                        raise EndpointError("the speech server answered more than can be meant")
                    if time.monotonic() > deadline:
                        raise EndpointError("the speech server took too long")
                    yield part
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise EndpointError(f"the speech server failed ({type(error).__name__})") from None


class EndpointRecogniser:
    """Implements `speech.Recogniser`; asks for `verbose_json`, whose figures tell inventions from words."""

    def __init__(self, speech: SpeechSettings) -> None:
        self._server = _Server(speech)
        self._model = str(speech.model)
        self.name = f"endpoint:{speech.model}"

    def recognise(self, sound: bytes, prompt: str, language: str = "en", *, quick: bool = False) -> Recognition:
        """The words in `sound` (s16 mono, 16 kHz), which cost the same however they are asked for.

        Raises `EndpointError`.
        """
        fields = {
            "model": self._model,
            "language": language,
            "prompt": prompt,
            "temperature": "0",
            "response_format": "verbose_json",
        }
        files = {"file": ("turn.wav", _wav(sound), "audio/wav")}
        body = b"".join(self._server.post("/audio/transcriptions", TEXT_BYTES, data=fields, files=files))
        try:
            return _read(json.loads(body))
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            raise EndpointError(f"the speech server's answer cannot be read ({type(error).__name__})") from None


class EndpointSynthesiser:
    """Implements `speech.Synthesiser`; asks for `pcm`: s16 mono at 24 kHz, or what `voice_sample_rate` says."""

    def __init__(self, speech: SpeechSettings) -> None:
        self._server = _Server(speech)
        self._model, self._voice = speech.voice_model, speech.voice
        self.name = f"endpoint:{speech.voice_model}:{speech.voice}"
        self.sample_rate = speech.voice_sample_rate

    def synthesise(self, text: str) -> Iterator[bytes]:
        """Chunks of s16 mono PCM as they come. Raises `EndpointError`."""
        asked = {"model": self._model, "voice": self._voice, "input": text, "response_format": "pcm"}
        odd = b""
        for part in self._server.post("/audio/speech", SOUND_SECONDS * self.sample_rate * 2, json=asked):
            part = odd + part
            whole = len(part) // 2 * 2
            odd = part[whole:]
            yield part[:whole]


def _wav(sound: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(sound)
    return file.getvalue()


def _read(answer: Any) -> Recognition:
    """Its segments with their figures; of a server that gives none, its text as it is."""
    segments = answer.get("segments")
    if not segments:
        return Recognition((Segment(str(answer["text"]).strip()),) if answer["text"] else ())
    return Recognition(
        tuple(
            Segment(
                str(segment["text"]).strip(),
                float(segment.get("no_speech_prob", 0)),
                float(segment.get("avg_logprob", 0)),
                float(segment.get("compression_ratio", 1)),
            )
            for segment in segments
        )
    )
