"""The command `audit`, of the service and by itself."""

import os
import subprocess
import sys

import pytest

from banker.audit.chain import Seal
from banker.audit.file_trail import FileTrail
from banker.audit.redis_trail import STREAM, RedisTrail
from tests.audit.trails import KEY, ROOT, event, lines_of, write
from tests.cli.test_commands import flask


def test_the_command_says_whether_a_file_is_intact(tmp_path, environ):
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        FileTrail(path, Seal(KEY)).append(event(time=1_800_000_000.5 + number))
    done = flask("banker", "audit", str(path), environ=environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("intact: 3 entries from 2027-01-15T08:00:00.500Z to 2027-01-15T08:00:02.500Z")
    lines = lines_of(path)
    write(path, [lines[0], lines[2]])
    done = flask("banker", "audit", str(path), environ=environ)
    assert done.returncode == 1
    assert done.stderr == "Error: broken at line 2: removed: entry 2 is missing before it\n"


def test_the_command_reads_the_stream(client, redis_server, environ):
    RedisTrail(client, Seal(KEY)).append(event())
    environ["BANKER_REDIS_URL"] = redis_server.url
    assert flask("banker", "audit", "--redis", environ=environ).stdout.startswith("intact: 1 entry from")
    client.delete(STREAM)
    done = flask("banker", "audit", "--redis", environ=environ)
    assert (done.returncode, done.stderr) == (1, "Error: broken at line 1: cut end: entry 1 is missing\n")


def verify_elsewhere(*arguments, **environ):
    """Where there is neither a configuration nor a tenant's secret."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("BANKER_")}
    return subprocess.run(
        [sys.executable, "-m", "banker.cli", "audit", *arguments],
        cwd=ROOT,
        env={**inherited, "BANKER_CONFIG": "/nonexistent", **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_key_is_enough_to_verify_a_trail(tmp_path, client, redis_server):
    path = tmp_path / "audit.jsonl"
    FileTrail(path, Seal(KEY)).append(event())
    RedisTrail(client, Seal(KEY)).append(event())
    assert verify_elsewhere(str(path), BANKER_SECRET_KEY=KEY.decode()).stdout.startswith("intact: 1 entry from")
    there = {"BANKER_SECRET_KEY": KEY.decode(), "BANKER_REDIS_URL": redis_server.url}
    assert verify_elsewhere("--redis", **there).stdout.startswith("intact: 1 entry from")
    done = verify_elsewhere(str(path), BANKER_SECRET_KEY="o" * 32)
    assert (done.returncode, done.stdout) == (1, "") and "another BANKER_SECRET_KEY" in done.stderr
    done = verify_elsewhere(str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: BANKER_SECRET_KEY is not set; it must be the key that the trail was written with\n"


@pytest.mark.parametrize(
    ("arguments", "code"), [(["nowhere.jsonl"], 1), (["--redis"], 1), ([], 2), (["x", "--redis"], 2)]
)
def test_a_trail_that_cannot_be_read_is_an_error(environ, arguments, code):
    done = flask("banker", "audit", *arguments, environ=environ)
    assert done.returncode == code
    assert "intact" not in done.stdout and "Traceback" not in done.stderr
