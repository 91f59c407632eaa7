"""Schemathesis makes requests from `/openapi.json`, right ones and wrong ones, and checks every response against it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.client import Customer, mint
from tests.servers import Gunicorn, write_config

METRICS_TOKEN = "m" * 32
USER = "user-456"
SETTINGS = """
seed = 16
headers = {{ Authorization = "Bearer {portal}" }}
[generation]
deterministic = true
max-examples = 10
[phases.stateful]
max-steps = 6
[dictionaries]
tenants = {{ values = ["bank"] }}
users = {{ values = ["{user}"] }}
assertions = {{ values = ["{portal}"] }}

[[operations]]
include-path = "/v1/sessions"
[operations.parameters]
"body.tenant_id" = {{ dictionary = "tenants", probability = 0.8 }}
"body.user_id" = {{ dictionary = "users", probability = 0.8 }}
"body.auth_assertion" = {{ dictionary = "assertions", probability = 0.8 }}

[[operations]]
include-path = "/v1/sessions/{{session_id}}/refresh-token"
parameters = {{ session_id = "{refreshed}" }}

[[operations]]
include-path = "/v1/sessions/{{session_id}}/end"
parameters = {{ session_id = "{ended}" }}
# A body that is no rating is ignored.
checks.negative_data_rejection.enabled = false

[[operations]]
include-path = "/metrics"
headers = {{ Authorization = "Bearer {metrics}" }}

# It takes WebSocket upgrades alone, which a client of HTTP does not make: 400, whoever asks.
[[operations]]
include-path = "/v1/realtime/{{session_id}}"
headers = {{ Authorization = "Bearer {ephemeral}" }}
parameters = {{ session_id = "{connected}" }}
checks.positive_data_acceptance.enabled = false
checks.missing_required_header.enabled = false
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    with_a_face = {"config": {"avatar_enabled": True}}
    folder = write_config(tmp_path_factory.mktemp("service"), {"metrics": {"enabled": True}}, bank=with_a_face)
    server = Gunicorn(folder, environ={"BANKER_METRICS_TOKEN": METRICS_TOKEN})
    yield server
    server.close()


def test_the_service_keeps_to_its_document_whatever_it_receives(service: Gunicorn, tmp_path: Path) -> None:
    """Every operation is called with valid tokens, too: what is right has to be accepted."""
    sessions = {name: Customer(service.url, user=USER).create() for name in ("refreshed", "ended", "connected")}
    names = {name: session["session_id"] for name, session in sessions.items()}
    tokens = {"portal": mint(USER), "ephemeral": sessions["connected"]["ephemeral_token"], "metrics": METRICS_TOKEN}
    settings, report = tmp_path / "schemathesis.toml", tmp_path / "report.json"
    settings.write_text(SETTINGS.format(user=USER, **names, **tokens))
    command = [Path(sys.executable).parent / "schemathesis", "--config-file", settings, "run", "--no-color"]
    command += ["--report-json-path", report, f"{service.url}/openapi.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=140)
    assert done.returncode == 0, done.stdout + done.stderr
    phases = json.loads(report.read_text())["valid_rates"]
    accepted = {name for name, rates in phases.items() if sum(rate["accepted"] for rate in rates.values())}
    paths = requests.get(f"{service.url}/openapi.json", timeout=10).json()["paths"]
    assert {name.partition(" ")[2] for name in accepted} >= set(paths) - {"/openapi.json", "/v1/realtime/{session_id}"}
    assert "Traceback" not in service.log
