"""What the service records, and what happens when it cannot."""

import logging
from dataclasses import replace

import pytest

from banker import Banker
from banker.audit import Audit
from banker.audit.chain import Seal
from banker.audit.redis_trail import read_stream
from banker.audit.verify import verify
from banker.config.settings import AuditSettings
from banker.errors import ApiError
from banker.server.metrics import Metrics
from tests.audit.trails import verdict
from tests.test_extension import CONFIG, create, no_media  # noqa: F401 - the fixture

WHO = {"tenant_id": "bank", "user_id": "user-1", "session_id": "sess-1"}


class BrokenTrail:
    def append(self, event):
        raise OSError("no space left")


def test_a_trail_that_fails_is_logged_and_counted(caplog):
    metrics = Metrics(True)
    Audit(BrokenTrail(), metrics).record("tool.called", **WHO, arguments={"account": "12345678"})
    assert "tool.called" in caplog.text and "12345678" not in caplog.text
    assert b"banker_audit_failures_total 1.0" in metrics.exposition()[0]


def test_a_required_trail_that_fails_is_503(caplog):
    with pytest.raises(ApiError) as refusal:
        Audit(BrokenTrail(), Metrics(False), required=True).record("tool.called", **WHO)
    assert refusal.value.status == 503


def test_without_a_trail_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Audit(None, Metrics(False)).record("tool.called", **WHO)
    Banker(config=CONFIG).audit.record("tool.called", **WHO)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def banker(tmp_path):
    banker = Banker(config=replace(CONFIG, audit=AuditSettings(file=str(tmp_path / "var" / "audit.jsonl"))))
    yield banker
    banker.close()


def test_the_life_of_a_session_is_in_the_trail(banker, tmp_path):
    client = banker.app.test_client()
    session = create(client).json
    banker.audit.record("consent.granted", **{**WHO, "session_id": session["session_id"]}, version="2026-11")
    banker.audit.record(
        "tool.called", **WHO, tool="get_account_status", arguments={"account_id": "DE89370400440532013000"}
    )
    headers = {"Authorization": f"Bearer {session['ephemeral_token']}"}
    for _ in range(2):
        assert client.post(f"/v1/sessions/{session['session_id']}/end", headers=headers).status_code == 200
    path = tmp_path / "var" / "audit.jsonl"
    entries = banker.user_data.export("bank", "user-1")["audit"]
    assert [(entry["event"], entry["details"]) for entry in entries] == [
        ("session.created", {}),
        ("consent.granted", {"version": "2026-11"}),
        ("tool.called", {"tool": "get_account_status", "arguments": {"account_id": "****3000"}}),
        ("session.ended", {"reason": "ended"}),
    ]
    assert {entries[0]["session_id"], entries[3]["session_id"]} == {session["session_id"]}
    assert entries[0]["user_id"] == "user-1" and entries[0]["tenant_id"] == "bank"
    assert session["ephemeral_token"] not in path.read_text()
    assert '"user-1"' not in path.read_text() and session["session_id"] not in path.read_text()
    assert verdict(path, Seal(CONFIG.secret_key)).problem is None


@pytest.mark.parametrize("required", [False, True])
def test_a_full_disk_stops_sessions_only_if_the_trail_is_required(tmp_path, required, caplog):
    (tmp_path / "file").write_text("")
    audit = AuditSettings(file=str(tmp_path / "file" / "audit.jsonl"), required=required)
    client = Banker(config=replace(CONFIG, audit=audit)).app.test_client()
    answer = create(client)
    assert answer.status_code == (503 if required else 201)
    assert any(record.levelno == logging.ERROR and "session.created" in record.message for record in caplog.records)


def test_with_redis_the_trail_is_a_stream(client, redis_server):
    banker = Banker(config=replace(CONFIG, redis_url=redis_server.url, audit=AuditSettings(file="unused")))
    create(banker.app.test_client(), user_id="audited")
    entries = banker.user_data.export("bank", "audited")["audit"]
    banker.close()
    assert [(entry["seq"], entry["event"], entry["user_id"]) for entry in entries] == [
        (1, "session.created", "audited")
    ]
    lines, head = read_stream(client)
    assert "audited" not in lines[0]
    assert verify(lines, head, Seal(CONFIG.secret_key)).problem is None


def test_demo_mode_writes_no_trail_unless_configured():
    from banker.config.loading import load

    assert load(environ={"BANKER_DEMO": "1"}).audit.file is None
    assert load(environ={"BANKER_DEMO": "1", "BANKER_AUDIT__FILE": "var/x.jsonl"}).audit.file == "var/x.jsonl"
