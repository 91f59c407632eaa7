"""Speech engines of an OpenAI-compatible server: `/audio/transcriptions` and `/audio/speech`.

Reference: https://platform.openai.com/docs/api-reference/audio
"""

import io
import json
import time
import wave
from collections.abc import Iterator
from typing import Any

import httpx2

from banker.config.speech import SpeechSettings
from banker.speech.asr.recognition_result import Recognition, Segment

SAMPLE_RATE = 16_000
CONNECT_TIMEOUT_S = 2.0
MAX_SPEECH_S = 120
"""No sentence takes longer to say."""
MAX_TRANSCRIPT_BYTES = 256 * 1024


class EndpointError(Exception):
    """The request to the server failed. The message never contains what was said."""


class _Server:
    """Persistent connections to the configured server, shared by all threads.

    Redirects are not followed: only the configured server may receive the API key and the audio.
    """

    def __init__(self, speech: SpeechSettings) -> None:
        self.url = speech.endpoint
        self._timeout_s = speech.timeout_seconds
        headers = {"Authorization": f"Bearer {speech.secret}"} if speech.secret else {}
        self.client = httpx2.Client(
            headers=headers,
            timeout=httpx2.Timeout(speech.timeout_seconds, connect=min(CONNECT_TIMEOUT_S, speech.timeout_seconds)),
            limits=httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30),
        )

    def post(self, path: str, max_bytes: int, **content: Any) -> Iterator[bytes]:
        """Yield the body of the response as it arrives. Raises `EndpointError`."""
        received, deadline = 0, time.monotonic() + self._timeout_s
        try:
            with self.client.stream("POST", f"{self.url}{path}", **content) as response:
                if response.status_code != 200:
                    raise EndpointError(f"the speech server answered {response.status_code}")
                for part in response.iter_bytes():
                    received += len(part)
                    if received > max_bytes:
                        raise EndpointError("the speech server sent too large a response")
                    if time.monotonic() > deadline:
                        raise EndpointError("the speech server took too long")
                    yield part
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise EndpointError(f"the speech server failed ({type(error).__name__})") from None


class EndpointRecogniser:
    """Implements `speech.Recogniser`. Asks for `verbose_json`, whose confidence values expose invented words."""

    def __init__(self, speech: SpeechSettings) -> None:
        self._server = _Server(speech)
        self._model = str(speech.model)
        self.name = f"endpoint:{speech.model}"

    def recognise(self, audio: bytes, prompt: str, language: str = "en", *, quick: bool = False) -> Recognition:
        """Return the words in `audio` (s16 mono, 16 kHz). `quick` makes no difference. Raises `EndpointError`."""
        fields = {
            "model": self._model,
            "language": language,
            "prompt": prompt,
            "temperature": "0",
            "response_format": "verbose_json",
        }
        files = {"file": ("turn.wav", _wav(audio), "audio/wav")}
        body = b"".join(self._server.post("/audio/transcriptions", MAX_TRANSCRIPT_BYTES, data=fields, files=files))
        try:
            return _parse(json.loads(body))
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            raise EndpointError(f"the speech server's response cannot be parsed ({type(error).__name__})") from None


class EndpointSynthesiser:
    """Implements `speech.Synthesiser`. Asks for `pcm`: s16 mono at `voice_sample_rate` (24 kHz by default)."""

    def __init__(self, speech: SpeechSettings) -> None:
        self._server = _Server(speech)
        self._model, self._voice = speech.voice_model, speech.voice
        self.name = f"endpoint:{speech.voice_model}:{speech.voice}"
        self.sample_rate = speech.voice_sample_rate

    def synthesise(self, text: str, rate: float = 1.0) -> Iterator[bytes]:
        """Yield chunks of s16 mono PCM as they arrive. Raises `EndpointError`."""
        request: dict[str, Any] = {"model": self._model, "voice": self._voice, "input": text, "response_format": "pcm"}
        if rate != 1:
            request["speed"] = rate
        odd = b""
        for part in self._server.post("/audio/speech", MAX_SPEECH_S * self.sample_rate * 2, json=request):
            part = odd + part
            whole = len(part) // 2 * 2
            odd = part[whole:]
            yield part[:whole]


def _wav(pcm: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(pcm)
    return file.getvalue()


def _parse(response: Any) -> Recognition:
    """Return the segments with their confidence, or the bare text if the server sends no segments."""
    segments = response.get("segments")
    if not segments:
        return Recognition((Segment(str(response["text"]).strip()),) if response["text"] else ())
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
