"""A worker is ready once its engines are loaded and warm, so that the first call waits no longer than the next."""

import threading
from pathlib import Path

import pytest

from banker import Banker, create_app
from banker.config.loading import load
from banker.rtc import facade as media_room
from banker.speech import Recognition
from tests.rtc.facades import ToneVoice
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
    monkeypatch.setattr(media_room, "load_synthesiser", lambda speech: ToneVoice())
    monkeypatch.setattr(media_room, "load_recogniser", lambda speech, utterances: recogniser)
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
