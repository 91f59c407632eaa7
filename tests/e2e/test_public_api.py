"""A whole spoken conversation on aiortc's public API, as with any other aiortc than the tested ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import ROOT, Gunicorn
from tests.speaking import Talker
from tests.speech.sounds import say

OTHER_AIORTC = """
from importlib import metadata

known = metadata.version
metadata.version = lambda name: "1.17.0" if name == "aiortc" else known(name)
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Gunicorn]:
    """The demo bank on the public API."""
    environ = {"BANKER_DEMO": "1", "BANKER_MEDIA__ALLOW_PRIVATE_CANDIDATES": "true"}
    environ["BANK_DATABASE"] = str(tmp_path / "bank.sqlite3")
    (tmp_path / "sitecustomize.py").write_text(OTHER_AIORTC)
    environ["PYTHONPATH"] = f"{tmp_path}:{ROOT}"
    server = Gunicorn(ROOT / "config", environ=environ, app="tests.apps:bank()", ready=True)
    yield server
    server.close()


def test_a_question_is_heard_and_answered(service: Gunicorn) -> None:
    with Talker(service.url) as customer:
        customer.begin()
        before = len(customer.browser.audio.packets)
        customer.say(say("What is the balance of my account?")).wait()
        assert "balance" in customer.wait_turn("user", 1, 20)["text"]
        assert "1,234.56" in customer.wait_turn("banker", 2, 20)["text"]
        customer.wait_listening()
        assert len(customer.browser.audio.packets) > before + 50, "the answer was spoken"
    assert service.log.count("media runs on aiortc's public API") == 1
    assert "aiortc 1.17.0" in service.log
