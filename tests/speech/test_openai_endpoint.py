"""Speech engines behind HTTP, against a local server that speaks OpenAI's format."""

import contextlib
import email
import io
import json
import threading
import wave
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from banker.config.loading import ConfigError, load
from banker.config.settings import SpeechSettings
from banker.speech import Segment, load_recogniser, load_synthesiser
from banker.speech.openai_endpoint import EndpointError, EndpointRecogniser, EndpointSynthesiser
from tests.rtc.facades import tone
from tests.servers import config_environment, write_config


class RequestHandler(BaseHTTPRequestHandler):
    """Records multipart and JSON requests, and lets the server's `answer` respond."""

    protocol_version = "HTTP/1.1"
    server: "SpeechServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        request: dict[str, Any] = {
            "path": self.path,
            "key": self.headers.get("Authorization"),
            "at": self.client_address,
        }
        if kind.startswith("multipart/form-data"):
            message = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
            for part in message.get_payload():  # type: ignore[union-attr]
                name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
                request[str(name)] = part.get_payload(decode=True)  # type: ignore[union-attr]
        else:
            request |= json.loads(body)
        self.server.requests.append(request)
        self.server.answer(self)

    def body(self, data: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status == 307:
            self.send_header("Location", self.path)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()


class SpeechServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RequestHandler)
        self.requests: list[dict[str, Any]] = []
        self.answer: Callable[[RequestHandler], None] = lambda handler: handler.body(b"{}")
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    server = SpeechServer()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def given_up() -> Iterator[threading.Event]:
    """Set after the test, so that the server stops when the client has given up."""
    event = threading.Event()
    yield event
    event.set()


def settings(server: SpeechServer, **changes: Any) -> SpeechSettings:
    given = {
        "synthesiser": "endpoint",
        "recogniser": "endpoint",
        "base_url": f"http://127.0.0.1:{server.server_port}",
        "model": "whisper-1",
        "voice": "alloy",
        "secret": "the-key",
        "timeout_seconds": 1.0,
    }
    return SpeechSettings(**(given | changes))


def test_a_turn_is_sent_as_a_wav_with_prompt_and_language(server: SpeechServer) -> None:
    answer = {"text": " I lost my card. ", "segments": [{"text": " I lost my card.", "no_speech_prob": 0.01}]}
    server.answer = lambda handler: handler.body(json.dumps(answer).encode())
    recogniser = load_recogniser(settings(server))
    assert isinstance(recogniser, EndpointRecogniser)
    sound = tone(0.5, 16_000)
    assert recogniser.recognise(sound, "About cards: “Kwantis”.", "de").text == "I lost my card."
    (request,) = server.requests
    assert request["path"] == "/v1/audio/transcriptions"
    assert request["key"] == "Bearer the-key"
    assert (request["model"], request["language"]) == (b"whisper-1", b"de")
    assert request["prompt"].decode() == "About cards: “Kwantis”."
    with wave.open(io.BytesIO(request["file"])) as sent:
        assert (sent.getframerate(), sent.getnchannels(), sent.getsampwidth()) == (16_000, 1, 2)
        assert sent.readframes(sent.getnframes()) == sound


@pytest.mark.parametrize(
    ("recogniser", "configured", "interim_transcripts"),
    [("whisper", None, True), ("whisper", False, False), ("endpoint", None, False), ("endpoint", True, True)],
)
def test_an_endpoint_is_asked_for_interim_transcripts_only_when_configured(
    recogniser: str, configured: bool | None, interim_transcripts: bool
) -> None:
    assert SpeechSettings(recogniser=recogniser, partial_words=configured).interim_transcripts is interim_transcripts


def test_words_carry_the_confidence_of_the_server(server: SpeechServer) -> None:
    segments = [
        {"text": " Thank you for watching.", "no_speech_prob": 0.9, "avg_logprob": -1.0, "compression_ratio": 0.9}
    ]
    server.answer = lambda handler: handler.body(json.dumps({"text": "Thank you", "segments": segments}).encode())
    heard = EndpointRecogniser(settings(server)).recognise(tone(0.5, 16_000), "")
    assert heard.segments == (Segment("Thank you for watching.", 0.9, -1.0, 0.9),)


@pytest.mark.parametrize(("answer", "text"), [({"text": "Hello."}, "Hello."), ({"text": ""}, "")])
def test_a_server_that_sends_no_confidence_is_believed(server: SpeechServer, answer: dict[str, str], text: str) -> None:
    server.answer = lambda handler: handler.body(json.dumps(answer).encode())
    assert EndpointRecogniser(settings(server)).recognise(tone(0.5, 16_000), "").text == text


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b'{"segments": [5]}', b"{}", b'{"text":"' + b"x" * 300_000])
def test_an_invalid_response_is_an_error_that_does_not_quote_it(server: SpeechServer, body: bytes) -> None:
    server.answer = lambda handler: handler.body(body)
    with pytest.raises(EndpointError) as error:
        EndpointRecogniser(settings(server)).recognise(tone(0.5, 16_000), "")
    assert "hello" not in str(error.value)


@pytest.mark.parametrize("status", [307, 400, 401, 429, 500])
def test_an_http_error_is_reported_by_its_status(server: SpeechServer, status: int) -> None:
    server.answer = lambda handler: handler.body(b"the-key", status)
    with pytest.raises(EndpointError, match=str(status)):
        EndpointRecogniser(settings(server)).recognise(tone(0.1, 16_000), "")
    assert len(server.requests) == 1


def test_a_silent_server_times_out(server: SpeechServer, given_up: threading.Event) -> None:
    server.answer = lambda handler: given_up.wait(60) and None
    with pytest.raises(EndpointError, match="Timeout"):
        EndpointRecogniser(settings(server, timeout_seconds=0.3)).recognise(tone(0.1, 16_000), "")


def test_the_timeout_covers_the_whole_response_of_a_server_that_drips(
    server: SpeechServer, given_up: threading.Event
) -> None:
    def drip(handler: RequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not given_up.wait(0.05):
            handler.wfile.write(b" ")

    server.answer = drip
    with pytest.raises(EndpointError):
        EndpointRecogniser(settings(server, timeout_seconds=0.5)).recognise(tone(0.1, 16_000), "")


def test_an_unreachable_server_is_an_error() -> None:
    speech = SpeechSettings(recogniser="endpoint", base_url="http://127.0.0.1:9", model="m", timeout_seconds=1.0)
    with pytest.raises(EndpointError, match="ConnectError"):
        EndpointRecogniser(speech).recognise(tone(0.1, 16_000), "")


def test_connections_are_reused(server: SpeechServer) -> None:
    server.answer = lambda handler: handler.body(b'{"text": "Yes."}')
    recogniser = EndpointRecogniser(settings(server))
    for _ in range(3):
        recogniser.recognise(tone(0.1, 16_000), "")
    assert len({request["at"] for request in server.requests}) == 1


def test_chunks_hold_whole_samples(server: SpeechServer) -> None:
    sound = tone(0.5, 24_000)

    def chunks(handler: RequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for at in range(0, len(sound), 1001):
            part = sound[at : at + 1001]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        handler.wfile.write(b"0\r\n\r\n")

    server.answer = chunks
    synthesiser = load_synthesiser(settings(server))
    assert isinstance(synthesiser, EndpointSynthesiser)
    parts = list(synthesiser.synthesise("Your balance is $5."))
    assert b"".join(parts) == sound
    assert all(len(part) % 2 == 0 for part in parts)
    assert synthesiser.sample_rate == 24_000
    request = server.requests[0]
    assert request["path"] == "/v1/audio/speech"
    assert (request["voice"], request["input"], request["response_format"]) == ("alloy", "Your balance is $5.", "pcm")


def test_endless_speech_is_refused(server: SpeechServer) -> None:
    server.answer = lambda handler: handler.body(bytes(24_000 * 2 * 121))
    with pytest.raises(EndpointError, match="too large a response"):
        list(EndpointSynthesiser(settings(server)).synthesise("Hello."))


def test_missing_endpoint_settings_are_reported_at_start(tmp_path: Path) -> None:
    service = {"speech": {"recogniser": "endpoint", "synthesiser": "endpoint", "key_env": "NO_SUCH_KEY"}}
    with pytest.raises(ConfigError) as mistakes:
        load(write_config(tmp_path, service), config_environment())
    message = "\n".join(mistakes.value.mistakes)
    for part in (
        "speech.base_url",
        "speech.model",
        "speech.voice",
        "speech.key_env: the environment variable NO_SUCH_KEY is not set",
    ):
        assert part in message
