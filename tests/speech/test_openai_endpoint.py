"""Speech engines behind HTTP: a real server of the tests' own that speaks the OpenAI format."""

import contextlib
import email
import io
import json
import threading
import time
import wave
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from banker.config.loading import ConfigError, load
from banker.config.settings import SpeechSettings
from banker.speech import load_recogniser, load_synthesiser
from banker.speech.openai_endpoint import EndpointError, EndpointRecogniser, EndpointSynthesiser
from tests.rtc.facades import tone
from tests.servers import config_environment, write_config


class RequestHandler(BaseHTTPRequestHandler):
    """Reads multipart or JSON, and answers with what the server holds."""

    protocol_version = "HTTP/1.1"
    server: "SpeechServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        asked: dict[str, Any] = {"path": self.path, "key": self.headers.get("Authorization"), "at": self.client_address}
        if kind.startswith("multipart/form-data"):
            message = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
            for part in message.get_payload():  # type: ignore[union-attr]
                name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
                asked[str(name)] = part.get_payload(decode=True)  # type: ignore[union-attr]
        else:
            asked |= json.loads(body)
        self.server.asked.append(asked)
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
        self.asked: list[dict[str, Any]] = []
        self.answer: Callable[[RequestHandler], None] = lambda handler: handler.body(b"{}")
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    server = SpeechServer()
    yield server
    server.shutdown()
    server.server_close()


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
    (asked,) = server.asked
    assert asked["path"] == "/v1/audio/transcriptions"
    assert asked["key"] == "Bearer the-key"
    assert (asked["model"], asked["language"]) == (b"whisper-1", b"de")
    assert asked["prompt"].decode() == "About cards: “Kwantis”."
    with wave.open(io.BytesIO(asked["file"])) as sent:
        assert (sent.getframerate(), sent.getnchannels(), sent.getsampwidth()) == (16_000, 1, 2)
        assert sent.readframes(sent.getnframes()) == sound


@pytest.mark.parametrize(
    ("recogniser", "asked", "interim_transcripts"),
    [("whisper", None, True), ("whisper", False, False), ("endpoint", None, False), ("endpoint", True, True)],
)
def test_a_server_is_asked_for_partial_words_only_when_the_configuration_says_so(
    recogniser: str, asked: bool | None, interim_transcripts: bool
) -> None:
    assert SpeechSettings(recogniser=recogniser, partial_words=asked).interim_transcripts is interim_transcripts


def test_inventions_of_the_server_are_refused_by_its_own_figures(server: SpeechServer) -> None:
    segments = [
        {"text": " Thank you for watching.", "no_speech_prob": 0.9, "avg_logprob": -1.0, "compression_ratio": 0.9}
    ]
    server.answer = lambda handler: handler.body(json.dumps({"text": "Thank you", "segments": segments}).encode())
    heard = EndpointRecogniser(settings(server)).recognise(tone(0.5, 16_000), "")
    assert heard.text == ""
    assert heard.refused


@pytest.mark.parametrize(("answer", "text"), [({"text": "Hello."}, "Hello."), ({"text": ""}, "")])
def test_a_server_without_figures_is_believed(server: SpeechServer, answer: dict[str, str], text: str) -> None:
    server.answer = lambda handler: handler.body(json.dumps(answer).encode())
    assert EndpointRecogniser(settings(server)).recognise(tone(0.5, 16_000), "").text == text


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b'{"segments": [5]}', b"{}", b'{"text":"' + b"x" * 300_000])
def test_an_unreadable_answer_is_an_error_that_repeats_nothing(server: SpeechServer, body: bytes) -> None:
    server.answer = lambda handler: handler.body(body)
    with pytest.raises(EndpointError) as error:
        EndpointRecogniser(settings(server)).recognise(tone(0.5, 16_000), "")
    assert "hello" not in str(error.value)


@pytest.mark.parametrize("status", [307, 400, 401, 429, 500])
def test_an_error_of_the_server_is_told_by_its_status(server: SpeechServer, status: int) -> None:
    server.answer = lambda handler: handler.body(b"the-key", status)
    with pytest.raises(EndpointError, match=str(status)):
        EndpointRecogniser(settings(server)).recognise(tone(0.1, 16_000), "")
    assert len(server.asked) == 1


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_configured(server: SpeechServer) -> None:
    server.answer = lambda handler: time.sleep(3)
    began = time.monotonic()
    with pytest.raises(EndpointError, match="Timeout"):
        EndpointRecogniser(settings(server, timeout_seconds=0.3)).recognise(tone(0.1, 16_000), "")
    assert time.monotonic() - began < 1


def test_a_server_that_drips_is_waited_for_no_longer_either(server: SpeechServer) -> None:
    def drip(handler: RequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(30):
            handler.wfile.write(b" ")
            time.sleep(0.1)

    server.answer = drip
    began = time.monotonic()
    with pytest.raises(EndpointError):
        EndpointRecogniser(settings(server, timeout_seconds=0.5)).recognise(tone(0.1, 16_000), "")
    assert time.monotonic() - began < 1.5


def test_a_server_that_is_not_there_is_an_error() -> None:
    speech = SpeechSettings(recogniser="endpoint", base_url="http://127.0.0.1:9", model="m", timeout_seconds=1.0)
    with pytest.raises(EndpointError, match="ConnectError"):
        EndpointRecogniser(speech).recognise(tone(0.1, 16_000), "")


def test_connections_are_used_again(server: SpeechServer) -> None:
    server.answer = lambda handler: handler.body(b'{"text": "Yes."}')
    recogniser = EndpointRecogniser(settings(server))
    for _ in range(3):
        recogniser.recognise(tone(0.1, 16_000), "")
    assert len({asked["at"] for asked in server.asked}) == 1


def test_a_sentence_comes_as_whole_samples(server: SpeechServer) -> None:
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
    asked = server.asked[0]
    assert asked["path"] == "/v1/audio/speech"
    assert (asked["voice"], asked["input"], asked["response_format"]) == ("alloy", "Your balance is $5.", "pcm")


def test_endless_sound_is_cut(server: SpeechServer) -> None:
    server.answer = lambda handler: handler.body(bytes(24_000 * 2 * 121))
    with pytest.raises(EndpointError, match="more than"):
        list(EndpointSynthesiser(settings(server)).synthesise("Hello."))


def test_what_an_endpoint_needs_is_asked_for_at_the_start(tmp_path: Path) -> None:
    service = {"speech": {"recogniser": "endpoint", "synthesiser": "endpoint", "key_env": "NO_SUCH_KEY"}}
    with pytest.raises(ConfigError) as mistakes:
        load(write_config(tmp_path, service), config_environment())
    told = "\n".join(mistakes.value.mistakes)
    for part in (
        "speech.base_url",
        "speech.model",
        "speech.voice",
        "speech.key_env: the environment variable NO_SUCH_KEY is not set",
    ):
        assert part in told
