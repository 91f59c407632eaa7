"""The commands `export`, `forget` and `prune`, as an operator runs them beside the service."""

import json

import pytest
from flask import Flask

from banker import Banker
from banker.audit.redis_trail import verify_stream
from banker.config.loading import load
from tests.test_extension import no_media  # noqa: F401 - the fixture

WHO = {"tenant_id": "bank", "user_id": "dana"}


@pytest.fixture(autouse=True)
def no_call_to_wait_for(monkeypatch):
    """No worker has a call of these sessions, whose last entries would come late."""
    monkeypatch.setattr("banker.sessions.user_data.LAST_WRITES_S", 0)


@pytest.fixture
def environ(environ, tmp_path):
    """The same with an audit trail."""
    return environ | {"BANKER_AUDIT__FILE": str(tmp_path / "audit.jsonl")}


def flask(*arguments, environ):
    """Run `flask` in an application of its own, in this process: starting one for each command takes seconds."""
    host = Flask("operator")
    Banker(host, config=load(environ=environ))
    return host.test_cli_runner().invoke(args=list(arguments))


def talk(banker, user="dana"):
    """What a session leaves behind: a record, consent, turns, audit entries."""
    session_id = banker.create_session(user_id=user, portal_context={"account_id": "acc-1"})["session_id"]
    banker.sessions.grant_consent(session_id, "2026-12")
    banker.store.append_turn(session_id, {"turn": 1, "role": "user", "text": "My rent is late"})
    banker.audit.record("tool.called", tenant_id="bank", user_id=user, session_id=session_id, tool="create_ticket")
    return session_id


def test_everything_about_a_user_is_exported_and_forgotten(environ, client, redis_server, tmp_path):
    environ["BANKER_REDIS_URL"] = redis_server.url
    banker = Banker(config=load(environ=environ))
    session_id = talk(banker)
    other = talk(banker, "omar")

    done = flask("banker", "export", "--user", "dana", "--tenant", "bank", environ=environ)
    assert done.exit_code == 0, done.stderr
    held = json.loads(done.stdout)
    (session,) = held["sessions"]
    assert (held["user_id"], session["session_id"], session["state"]) == ("dana", session_id, "created")
    assert session["consent"]["version"] == "2026-12" and session["portal_context"] == {"account_id": "acc-1"}
    assert [turn["text"] for turn in session["turns"]] == ["My rent is late"]
    assert [(entry["event"], entry["session_id"]) for entry in held["audit"]] == [
        ("session.created", session_id),
        ("tool.called", session_id),
    ]
    assert "omar" not in done.stdout and other not in done.stdout and "token" not in done.stdout

    done = flask("banker", "forget", "--user", "dana", environ=environ)
    assert (done.exit_code, done.stdout) == (0, "forgotten: 1 session, and the key of the audit entries\n")
    assert banker.store.get(session_id) is None and banker.store.turns(session_id) == []
    assert banker.sessions.find(other).user_id == "omar"
    held = json.loads(flask("banker", "export", "--user", "dana", environ=environ).stdout)
    assert (held["sessions"], held["audit"]) == ([], [])
    verdict = verify_stream(client, banker_seal(banker))
    assert (verdict.problem, verdict.entries) == (None, 5), "the entries are still there, and whole"
    assert flask("banker", "audit", "--redis", environ=environ).stdout.startswith("intact: 5 entries")
    assert not [key for key in client.scan_iter() if session_id.encode() in key]
    banker.close()


def banker_seal(banker):
    from banker.audit import seal_of

    return seal_of(banker.config)


def test_an_export_goes_to_a_new_file_that_only_its_owner_reads(environ, tmp_path):
    banker = Banker(config=load(environ=environ))
    talk(banker)
    banker.close()
    path = tmp_path / "dana.json"
    done = flask("banker", "export", "--user", "dana", "--output", str(path), environ=environ)
    assert (done.exit_code, done.stdout) == (0, ""), done.stderr
    assert path.stat().st_mode & 0o077 == 0
    assert len(json.loads(path.read_text())["audit"]) == 2
    done = flask("banker", "export", "--user", "dana", "--output", str(path), environ=environ)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == f"Error: {path}: cannot be written: File exists"


def test_without_redis_the_commands_say_what_they_cannot_reach(environ):
    banker = Banker(config=load(environ=environ))
    session_id = talk(banker)
    note = "note: sessions in the memory of a running service are not reached"
    done = flask("banker", "export", "--user", "dana", environ=environ)
    assert done.exit_code == 0 and len(json.loads(done.stdout)["audit"]) == 2
    assert done.stderr.startswith(note) and "or wait 35 minutes" in done.stderr
    done = flask("banker", "forget", "--user", "dana", environ=environ)
    assert done.stdout == "forgotten: 0 sessions, and the key of the audit entries\n"
    assert done.stderr.startswith(note)
    assert flask("banker", "audit", environ["BANKER_AUDIT__FILE"], environ=environ).stdout.startswith(
        "intact: 2 entries"
    )
    forgotten = banker.user_data.forget("bank", "dana")
    assert forgotten.sessions == 1 and banker.store.get(session_id) is None
    banker.close()


def test_pruning_keeps_what_is_young_and_refuses_a_broken_trail(environ, tmp_path):
    path = tmp_path / "audit.jsonl"
    long_ago = Banker(config=load(environ=environ), clock=lambda: 1_700_000_000.0)
    talk(long_ago)
    long_ago.close()
    path.rename(tmp_path / "audit.jsonl.1")
    today = Banker(config=load(environ=environ))
    talk(today, "omar")
    today.close()
    done = flask("banker", "prune", "--days", "400", environ=environ)
    assert (done.exit_code, done.stdout) == (0, "deleted: 2 entries, 1 keys of users without entries\n")
    assert flask("banker", "audit", str(path), environ=environ).stdout.startswith("intact: 2 entries")
    path.write_text(path.read_text().replace("session.created", "session.ended"))
    done = flask("banker", "prune", "--days", "400", environ=environ)
    assert done.exit_code == 1 and done.stderr.startswith("Error: nothing was deleted: the trail is broken at line 1")


def test_a_trail_that_cannot_be_reached_is_one_line(environ):
    environ["BANKER_REDIS_URL"] = "redis://:hunter2@127.0.0.1:1/0"
    for command in (["export", "--user", "dana"], ["forget", "--user", "dana"], ["prune", "--days", "9"]):
        done = flask("banker", *command, environ=environ)
        assert (done.exit_code, done.stdout) == (1, ""), command
        assert done.stderr.splitlines()[-1].startswith("Error: ") and "Traceback" not in done.stderr
        assert "hunter2" not in done.stderr
    del environ["BANKER_REDIS_URL"], environ["BANKER_AUDIT__FILE"]
    environ["BANKER_DEMO"] = "1"
    done = flask("banker", "prune", "--days", "9", environ={"BANKER_DEMO": "1"})
    assert done.stderr.startswith("Error: no audit trail is configured")
    for command in ("export", "forget"):
        done = flask("banker", command, "--user", "dana", "--tenant", "demo", environ={"BANKER_DEMO": "1"})
        assert (done.exit_code, done.stdout) == (1, ""), command
        assert done.stderr.startswith("Error: nothing is stored outside the memory of the running service")
