"""Whisper base comes in two packages, and is put together from them without a network."""

import shutil
import socket
from pathlib import Path

import pytest

from banker.config.speech import SpeechSettings
from banker.speech import SpeechUnavailable, load_recogniser
from banker.speech.asr import whisper
from tests.speech.sounds import pause, say


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packages like those of requirements-whisper-base.txt, made of the small model that is installed here."""
    small = whisper.packaged_model()
    network = (small / "model.bin").read_bytes()
    middle = len(network) // 2
    for number, package in enumerate(whisper.BASE_PARTS, 1):
        data = tmp_path / package / "data"
        data.mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
        (data / f"model.bin.part{number}").write_bytes(network[:middle] if number == 1 else network[middle:])
    for file in small.iterdir():
        if file.is_file() and file.name != "model.bin":
            shutil.copy(file, tmp_path / whisper.BASE_PARTS[0] / "data")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_it_is_put_together_without_a_network(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("somebody is called")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    recogniser = load_recogniser(SpeechSettings(model="base"))
    assert recogniser is not None
    assert recogniser.name == "whisper:base"
    heard = recogniser.recognise(pause(0.3) + say("What is the balance of my account?") + pause(0.2), "")
    assert "account" in heard.text.lower()


def test_without_the_packages_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper, "BASE_PARTS", ("no_such_part1", "no_such_part2"))
    with pytest.raises(SpeechUnavailable, match=r"no_such_part1 .* \[whisper-base\]"):
        load_recogniser(SpeechSettings(model="base"))
