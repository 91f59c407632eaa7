"""A worker is ready once its engines are loaded and warm, so that the first call waits no longer than the next."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from banker import Banker, create_app
from banker.config.loading import load
from banker.rtc import facade as media_room
from banker.rtc import ice, speech_engines
from banker.rtc.video import avatar_loading
from banker.speech import Recognition
from tests.rtc.facades import MediaHarness, ToneVoice
from tests.servers import config_environment, wait_until, write_config


class Slow:
    """A recogniser whose first recognition takes long."""

    name = "slow"

    def __init__(self) -> None:
        self.warm = threading.Event()
        self.sounds = 0

    def recognise(self, sound: bytes, prompt: str, language: str = "en", *, quick: bool = False) -> Recognition:
        self.sounds += 1
        assert self.warm.wait(60)
        return Recognition()


def test_a_worker_is_ready_once_its_engines_are_warm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recogniser = Slow()
    monkeypatch.setattr(speech_engines, "load_synthesiser", lambda speech: ToneVoice())
    monkeypatch.setattr(speech_engines, "load_recogniser", lambda speech, utterances: recogniser)
    app = create_app(load(write_config(tmp_path, {"speech": {"recogniser": "whisper"}}), config_environment()))
    banker: Banker = app.extensions["banker"]
    client = app.test_client()
    try:
        assert client.get("/health/ready").status_code == 503
        wait_until(lambda: recogniser.sounds, limit=30, what="the recogniser being tried")
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health").status_code == 200
        recogniser.warm.set()
        wait_until(lambda: client.get("/health/ready").status_code == 200, limit=60, what="readiness")
        assert recogniser.sounds == 1
    finally:
        recogniser.warm.set()
        banker.close()


@pytest.fixture
def banker(tmp_path: Path) -> Iterator[Banker]:
    """A service without engines, which shows an avatar."""
    config = write_config(tmp_path, bank={"config": {"avatar_enabled": True}})
    banker = Banker(config=load(config, config_environment()))
    yield banker
    banker.close()


def is_ready(banker: Banker) -> bool:
    return banker.app.test_client().get("/health/ready").status_code == 200


def test_media_that_cannot_start_are_one_line_in_the_log_and_are_tried_again(
    banker: Banker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(media_room, "MediaWorker", no_more_files)
    assert not is_ready(banker)
    wait_until(lambda: "the media cannot start" in caplog.text, limit=60, what="the line in the log")
    monkeypatch.undo()
    wait_until(lambda: is_ready(banker), limit=60, what="readiness")
    assert "Traceback" not in caplog.text


def no_more_files(*_: object) -> object:
    raise OSError(24, "Too many open files")


def test_a_host_without_a_network_and_an_avatar_that_cannot_be_read_are_named_and_customers_write(
    banker: Banker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreadable(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ice, "get_host_addresses", lambda **_: [])
    monkeypatch.setattr(avatar_loading, "load_avatar", unreadable)
    wait_until(lambda: is_ready(banker), limit=60, what="readiness")
    assert caplog.text.count("no network address besides the loopback one") == 1
    assert caplog.text.count("tenant bank has no avatar: [Errno 13] Permission denied") == 1
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("fast_path", [False], indirect=True)
def test_a_configuration_without_the_fast_path_is_named_in_the_log(
    make_harness: Callable[..., MediaHarness], caplog: pytest.LogCaptureFixture
) -> None:
    make_harness()
    line = "media runs on aiortc's public API (media.fast_path is false)"
    wait_until(lambda: caplog.text.count(line) == 1, what="the line in the log")
