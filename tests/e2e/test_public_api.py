"""A whole spoken conversation on aiortc's public API: with another aiortc than the tested one, and when so configured."""

from collections.abc import Iterator

import pytest

from tests.servers import ROOT, Gunicorn
from tests.speaking import Talker
from tests.speech.sounds import say

OTHER_AIORTC = """
from importlib import metadata

known = metadata.version
metadata.version = lambda name: "1.17.0" if name == "aiortc" else known(name)
"""


@pytest.fixture(scope="module", params=["aiortc 1.17.0", "media.fast_path is false"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gunicorn, str]]:
    """The demo bank on the public API, and the reason."""
    environ = {"BANKER_DEMO": "1", "BANKER_MEDIA__ALLOW_PRIVATE_CANDIDATES": "true"}
    environ["BANK_DATABASE"] = str(tmp_path_factory.mktemp("bank") / "bank.sqlite3")
    if request.param.startswith("aiortc"):
        packages = tmp_path_factory.mktemp("packages")
        (packages / "sitecustomize.py").write_text(OTHER_AIORTC)
        environ["PYTHONPATH"] = f"{packages}:{ROOT}"
    else:
        environ["BANKER_MEDIA__FAST_PATH"] = "false"
    server = Gunicorn(ROOT / "config", environ=environ, app="tests.apps:bank()", ready=True)
    yield server, request.param
    server.close()


def test_a_question_is_heard_and_answered(service: tuple[Gunicorn, str]) -> None:
    server, reason = service
    with Talker(server.url) as customer:
        customer.begin()
        before = len(customer.browser.audio.packets)
        customer.say(say("What is the balance of my account?")).wait()
        assert "balance" in customer.wait_turn("user", 1, 20)["text"]
        assert "1,234.56" in customer.wait_turn("banker", 2, 20)["text"]
        customer.wait_listening()
        assert len(customer.browser.audio.packets) > before + 50, "the answer was spoken"
    assert server.log.count("media runs on aiortc's public API") == 1
    assert reason in server.log
