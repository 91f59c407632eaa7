"""Without the speech packages the service serves text and says that it neither speaks nor hears."""

from collections.abc import Iterator

import pytest

from tests.client import Customer
from tests.servers import ROOT, Gunicorn, write_config

NOT_INSTALLED = """
import sys

NAMES = {"numpy", "scipy", "sklearn", "joblib", "onnxruntime", "ctranslate2", "faster_whisper", "piper", "tokenizers"}


class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, NotInstalled())
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """gunicorn in whose processes the speech packages cannot be imported, with every engine configured."""
    packages = tmp_path_factory.mktemp("packages")
    (packages / "sitecustomize.py").write_text(NOT_INSTALLED)
    settings = {
        "speech": {"synthesiser": "piper", "recogniser": "whisper"},
        "media": {"allow_private_candidates": True},
    }
    config = write_config(tmp_path_factory.mktemp("service"), settings, bank={"config": {"avatar_enabled": True}})
    server = Gunicorn(config, environ={"PYTHONPATH": f"{packages}:{ROOT}"}, ready=True)
    yield server
    server.close()


@pytest.fixture
def customer(service: Gunicorn) -> Iterator[Customer]:
    with Customer(service.url) as customer:
        customer.create()
        customer.connect()
        yield customer


def assert_answers_honestly(customer: Customer) -> None:
    ready = customer.events.wait_for("session.ready")
    assert (ready["voice"], ready["hearing"]) == (False, False)
    customer.consent()
    customer.events.wait_for("transcript", role="banker", final=True)
    customer.send({"type": "message.send", "text": "What is my balance?"})
    customer.events.wait_for("transcript", role="user", text="What is my balance?", final=True)
    answer = customer.events.wait_for("transcript", role="banker", final=True, nth=2)
    assert answer["text"].startswith("I'm sorry, I can't answer questions at the moment.")


def test_a_conversation_in_text_over_the_websocket(customer: Customer) -> None:
    assert_answers_honestly(customer)


def test_a_conversation_in_text_over_the_data_channel(customer: Customer) -> None:
    customer.call(video=True)
    assert_answers_honestly(customer)


def test_the_log_names_the_extra_to_install(service: Gunicorn) -> None:
    assert service.log.count("install the extra [speech]") == 3
    assert "Traceback" not in service.log
