"""A model server and an agent that asks it."""

from collections.abc import Iterator

import pytest

from banker.agents.llm import client
from tests.agents.llm.world import World
from tests.model_server import ModelServer


@pytest.fixture
def model_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(client, "RETRY_DELAY_S", 0.01)
    server = ModelServer()
    yield server
    server.close()


@pytest.fixture
def world(model_server: ModelServer) -> World:
    return World(model_server)


@pytest.fixture
def impatient(model_server: ModelServer) -> World:
    """Waits 0.5 s for a token and 1.5 s for a reply."""
    return World(model_server, {"timeout_seconds": 1.5, "idle_seconds": 0.5})
