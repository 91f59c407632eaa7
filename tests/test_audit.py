"""The audit trail: what is in it, that many can write it, and that whatever is done to it afterwards is noticed."""

import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import redis

from banker import Banker
from banker.audit import Audit, masked
from banker.audit.chain import Fields, Head, Seal, canonical
from banker.audit.file_trail import FileTrail, head_path, read_trail
from banker.audit.redis_trail import HEAD, STREAM, RedisTrail, read_stream
from banker.audit.verify import verify
from banker.config.settings import AuditSettings as AuditSettings
from banker.errors import ApiError
from banker.server.metrics import Metrics
from banker.server.redis_client import open_redis
from tests.cli.test_commands import flask
from tests.test_extension import CONFIG, create, no_media  # noqa: F401 - the fixture

ROOT = Path(__file__).resolve().parent.parent
KEY = b"k" * 32
WHO = {"tenant_id": "bank", "user_id": "user-1", "session_id": "sess-1"}


def fields(event="session.created", time=1_800_000_000.0, **details):
    return Fields(time, event, "bank", "user-1", "sess-1", details)


@pytest.fixture(params=[KEY, None], ids=["sealed with a key", "demo mode"])
def seal(request):
    return Seal(request.param)


@pytest.fixture
def path(tmp_path, seal):
    """A trail of eight entries."""
    path = tmp_path / "var" / "audit.jsonl"
    trail = FileTrail(path, seal)
    for number in range(1, 9):
        trail.append(fields(time=1_800_000_000.0 + number, number=number))
    return path


def lines_of(path):
    return path.read_text().splitlines()


def write(path, lines):
    path.write_text("".join(line + "\n" for line in lines))


def verdict(path, seal):
    return verify(*read_trail(path), seal)


def assert_broken(path, seal, line, how):
    found = verdict(path, seal)
    assert found.problem is not None and found.problem.startswith(how), found
    assert found.line == line, found


def test_an_untouched_trail_is_whole(path, seal):
    found = verdict(path, seal)
    assert (found.problem, found.line, found.entries) == (None, None, 8)
    assert (found.first, found.last) == ("2027-01-15T08:00:01.000Z", "2027-01-15T08:00:08.000Z")
    assert found.head == json.loads(lines_of(path)[-1])["hash"]


def test_an_entry_says_who_did_what_and_when(path):
    entry = json.loads(lines_of(path)[1])
    assert set(entry) == {
        "seq", "time", "event", "tenant_id", "user_id", "session_id", "details", "prev", "hash"
    }  # fmt: skip
    assert entry["prev"] == json.loads(lines_of(path)[0])["hash"]
    assert (entry["seq"], entry["event"], entry["details"]) == (2, "session.created", {"number": 2})
    datetime.fromisoformat(entry["time"])


@pytest.mark.parametrize("number", [1, 4, 8])
@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace("user-1", "user-2"),
        lambda line: line.replace('"number":', '"numbers":'),
        lambda line: line.replace('{"details"', '{ "details"'),
        lambda line: line[:-1],
        lambda line: line + " ",
        lambda line: line.replace('"event"', '"event":"x","event"'),
        lambda line: "",
        lambda line: "null",
        lambda line: "\x00",
        lambda line: '{"seq":1}',
    ],
)
def test_a_changed_line_is_noticed_where_it_stands(path, seal, number, change):
    lines = lines_of(path)
    lines[number - 1] = change(lines[number - 1])
    write(path, lines)
    assert_broken(path, seal, number, "changed")


@pytest.mark.parametrize("number", [1, 4, 7])
def test_a_removed_line_is_noticed_where_it_is_missing(path, seal, number):
    lines = lines_of(path)
    del lines[number - 1]
    write(path, lines)
    assert_broken(path, seal, number, f"removed: entry {number} is missing")


def test_several_removed_lines_are_named(path, seal):
    lines = lines_of(path)
    write(path, lines[:2] + lines[5:])
    assert_broken(path, seal, 3, "removed: entries 3 to 5 are missing")


@pytest.mark.parametrize("number", [1, 4, 8])
def test_an_added_line_is_noticed(path, seal, number):
    for added in (lines_of(path)[2], "", "{}", lines_of(path)[0].replace("user-1", "user-9")):
        whole = lines_of(path)
        write(path, [*whole[:number], added, *whole[number:]])
        if added == whole[2] and number < 3:
            assert_broken(path, seal, number + 1, "reordered")
        elif number == 8 and added != whole[2]:
            assert_broken(path, seal, 9, "changed")  # a line of nobody's at the end, where nothing follows
        else:
            assert_broken(path, seal, number + 1, "added")
        write(path, whole)


@pytest.mark.parametrize(("one", "other"), [(1, 2), (3, 4), (2, 7), (7, 8)])
def test_reordered_lines_are_noticed(path, seal, one, other):
    lines = lines_of(path)
    lines[one - 1], lines[other - 1] = lines[other - 1], lines[one - 1]
    write(path, lines)
    assert_broken(path, seal, one, "reordered")


@pytest.mark.parametrize("left", [0, 1, 7])
def test_a_cut_end_is_noticed(path, seal, left):
    write(path, lines_of(path)[:left])
    assert_broken(path, seal, left + 1, "cut end")


def test_an_end_cut_within_a_line_is_noticed(path, seal):
    path.write_text(path.read_text()[:-30])
    assert_broken(path, seal, 8, "changed")


def test_a_cut_end_is_noticed_after_more_was_written_too(path, seal):
    write(path, lines_of(path)[:5])
    FileTrail(path, seal).append(fields("session.ended"))
    assert_broken(path, seal, 6, "removed: entries 6 to 8 are missing")


@pytest.mark.parametrize("text", [None, "", "{}", "8"])
def test_a_cut_end_is_not_hidden_by_a_head_that_is_gone_or_changed(path, seal, text):
    write(path, lines_of(path)[:5])
    head = head_path(path)
    head.unlink() if text is None else head.write_text(text)
    assert_broken(path, seal, 6, "cut end")
    FileTrail(path, seal).append(fields("session.ended"))
    assert_broken(path, seal, 6, "cut end")
    assert json.loads(lines_of(path)[5])["event"] == "audit.resumed"


def test_the_whole_file_gone_is_noticed_when_more_was_written(path, seal):
    path.unlink()
    FileTrail(path, seal).append(fields())
    assert_broken(path, seal, 1, "removed: entries 1 to 8 are missing")


def test_whoever_makes_all_hashes_fit_again_has_no_key(path):
    """The file and its head, rewritten by somebody who knows this code and can write to both."""
    seal = Seal(KEY if "hmac-sha256" in lines_of(path)[0] else None)
    for forger in (Seal(b"x" * 32), Seal(None)):
        lines, base = [], Head(0, "start")
        for number in range(1, 5):
            new, base = forger.next_lines(base if number > 1 else None, None, fields(number=number * 10))
            lines += new
        write(path, lines)
        head_path(path).write_text(forger.head_line(base) + "\n")
        if seal.scheme == forger.scheme == "sha256":
            continue  # demo mode: anybody can, and the documentation says so
        assert_broken(path, seal, 1, "changed")


def test_a_replaced_last_line_is_noticed_in_demo_mode_too(tmp_path):
    path, seal = tmp_path / "audit.jsonl", Seal(None)
    for _ in range(3):
        FileTrail(path, seal).append(fields())
    lines = lines_of(path)
    entry = {**json.loads(lines[-1]), "user_id": "user-9"}
    write(path, [*lines[:-1], seal.sealed({name: value for name, value in entry.items() if name != "hash"})])
    assert_broken(path, seal, 3, "changed: the head has another hash")


def test_a_trail_written_with_another_key_is_told(path):
    assert "another BANKER_SECRET_KEY" in verdict(path, Seal(b"o" * 32)).problem or "sha256" in lines_of(path)[0]


def test_a_crash_between_an_entry_and_its_head_breaks_nothing(path, seal):
    head = head_path(path).read_text()
    FileTrail(path, seal).append(fields())
    head_path(path).write_text(head)
    assert verdict(path, seal).problem is None
    FileTrail(path, seal).append(fields())
    assert verdict(path, seal).problem is None
    assert verdict(path, seal).entries == 10


def test_a_crash_within_an_entry_leaves_nothing_behind(path, seal, caplog):
    with path.open("a") as file:
        file.write('{"details":{"number":9},"ev')
    assert_broken(path, seal, 9, "changed")
    FileTrail(path, seal).append(fields())
    assert verdict(path, seal).problem is None
    assert verdict(path, seal).entries == 9
    assert "torn line" in caplog.text


def test_a_file_that_was_moved_away_goes_on_in_a_new_one(path, seal):
    older = path.with_name("audit.jsonl.1")
    path.rename(older)
    FileTrail(path, seal).append(fields())
    first, _ = read_trail(older)
    second, head = read_trail(path)
    assert verify([*first, *second], head, seal).problem is None
    assert verify(second, head, seal).problem.endswith("name earlier files first")


def test_entries_of_any_length_follow_each_other(tmp_path, seal):
    path = tmp_path / "audit.jsonl"
    for size in (10, 200_000, 10, 70_000, 65_536):
        FileTrail(path, seal).append(fields(text="x" * size))
    assert verdict(path, seal).problem is None


def test_the_file_is_for_its_owner_alone(path):
    assert path.stat().st_mode & 0o077 == 0
    assert head_path(path).stat().st_mode & 0o077 == 0


WRITER = """
import sys, threading
from pathlib import Path
from banker.audit.chain import Fields, Seal
def trail():
    if sys.argv[1].startswith("redis:"):
        from banker.audit.redis_trail import RedisTrail
        from banker.server.redis_client import open_redis
        return RedisTrail(open_redis(sys.argv[1], 30), Seal(b"k" * 32), 30)
    from banker.audit.file_trail import FileTrail
    return FileTrail(Path(sys.argv[1]), Seal(b"k" * 32))
def write(thread):
    mine = trail()
    for number in range(15):
        mine.append(Fields(0.0, "tool.called", "bank", sys.argv[2], str(thread), {"number": number}))
threads = [threading.Thread(target=write, args=(thread,)) for thread in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def write_at_once(where):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, where, f"process-{number}"], cwd=ROOT) for number in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]


def assert_all_there(lines, head):
    assert verify(lines, head, Seal(KEY)).problem is None
    entries = [json.loads(line) for line in lines]
    assert len(entries) == 135
    for process in range(3):
        for thread in range(3):
            mine = [
                e["details"]["number"]
                for e in entries
                if (e["user_id"], e["session_id"]) == (f"process-{process}", str(thread))
            ]
            assert mine == list(range(15))


def test_many_threads_of_many_processes_write_one_whole_file(tmp_path):
    write_at_once(str(tmp_path / "audit.jsonl"))
    assert_all_there(*read_trail(tmp_path / "audit.jsonl"))


def write_with_threads(trail):
    """Sixteen threads of one process, each of which writes ten entries one after another."""

    def write(thread):
        for number in range(10):
            trail.append(fields(thread=thread, number=number))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))


def assert_each_thread_is_in_order(lines, head):
    assert verify(lines, head, Seal(KEY)).problem is None
    details = [json.loads(line)["details"] for line in lines]
    assert len(details) == 160
    for thread in range(16):
        assert [entry["number"] for entry in details if entry["thread"] == thread] == list(range(10))


def test_threads_that_share_a_file_lose_no_entry_and_keep_their_order(tmp_path):
    path = tmp_path / "audit.jsonl"
    write_with_threads(FileTrail(path, Seal(KEY)))
    assert_each_thread_is_in_order(*read_trail(path))


def test_threads_that_share_a_stream_lose_no_entry_and_keep_their_order(client):
    write_with_threads(RedisTrail(client, Seal(KEY)))
    assert_each_thread_is_in_order(*read_stream(client))


@pytest.fixture
def client(redis_server):
    client = redis.Redis.from_url(redis_server.url)
    client.delete(STREAM, HEAD)
    yield client
    client.delete(STREAM, HEAD)
    client.close()


def test_many_threads_of_many_processes_write_one_whole_stream(client, redis_server):
    write_at_once(redis_server.url)
    assert_all_there(*read_stream(client))


def test_a_stream_longer_than_a_page_is_read_whole(client):
    trail = RedisTrail(client, Seal(KEY))
    for _ in range(1001):
        trail.append(fields())
    assert verify(*read_stream(client), Seal(KEY)).entries == 1001
    assert verify(*read_stream(client), Seal(KEY)).problem is None


def test_tampering_with_the_stream_is_noticed(client):
    trail = RedisTrail(client, Seal(KEY))
    for number in range(6):
        trail.append(fields(number=number))
    ids = [entry_id for entry_id, _ in client.xrange(STREAM)]
    client.xdel(STREAM, ids[2])
    found = verify(*read_stream(client), Seal(KEY))
    assert (found.line, found.problem) == (3, "removed: entry 3 is missing before it")
    client.xtrim(STREAM, maxlen=2, approximate=False)
    assert verify(*read_stream(client), Seal(KEY)).problem.startswith("removed: entries 1 to 4")
    client.delete(STREAM)
    assert verify(*read_stream(client), Seal(KEY)).problem.startswith("cut end: entries 1 to 6")
    trail.append(fields())
    assert verify(*read_stream(client), Seal(KEY)).problem.startswith("removed: entries 1 to 6")
    client.delete(HEAD)
    trail.append(fields())
    assert [json.loads(line)["event"] for line in read_stream(client)[0]][1] == "audit.resumed"


def test_a_cluster_takes_stream_and_head_in_one_slot(redis_cluster):
    client = open_redis(redis_cluster.url, 2.0)
    RedisTrail(client, Seal(KEY)).append(fields())
    assert verify(*read_stream(client), Seal(KEY)).problem is None
    client.close()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("DE89 3704 0044 0532 0130 00", "****3000"),
        ("pay to GB29NWBK60161331926819 now", "pay to ****6819 now"),
        ("pay GB29 NWBK 6016 1331 9268 19 now and then", "pay ****6819 now and then"),
        ("de89 3704 0044 0532 0130 00", "****3000"),
        ("MT84MALT011000012345MTLCAST001S", "****001S"),
        ("4111 1111 1111 1111", "****1111"),
        ("4111-1111-1111-1111", "****1111"),
        ("4111.1111.1111.1111", "****1111"),
        ("account 12345678 please", "account ****5678 please"),
        ("123456", "****3456"),
        ("12-34-56", "****3456"),
        ("٤١١١١١١١١١١١١١١١", "****١١١١"),
        ("4111\u00a01111\u00a01111\u00a01111", "****1111"),
        (12345678, "****5678"),
        (-12345678, "-****5678"),
        ("12345", "12345"),
        (42, 42),
        (1234.56, 1234.56),
        ("on 2026-11-24", "on 2026-11-24"),
        ("version 2026-11", "version 2026-11"),
        ("1234-56", "****3456"),
        ("1,234.56", "1,234.56"),
        (True, True),
        (None, None),
        ("My card is broken", "My card is broken"),
        ({"account_id": "acc-789"}, {"account_id": "****c789"}),
        ({"account_id": "789"}, {"account_id": "****"}),
        ({"accountId": 789123}, {"accountId": "****9123"}),
        ({"cards": ["1234567", "x-7654321"]}, {"cards": ["****4567", "****4321"]}),
        ({"from": {"iban": "AT61"}}, {"from": {"iban": "****"}}),
        ({"pin": "1234", "Password": "hunter2", "cvv": 123}, {"pin": "****", "Password": "****", "cvv": "****"}),
        ({"opinion": "good", "pinned": True}, {"opinion": "good", "pinned": True}),
        ({"4111111111111111": 1}, {"****1111": 1}),
        ([["12345678"], ("a",)], [["****5678"], ["a"]]),
        (Decimal("1.5"), "1.5"),
        (float("nan"), "nan"),
        ("x" * 5000, "x" * 1000 + "…"),
    ],
)
def test_numbers_of_accounts_and_cards_show_their_last_four(value, shown):
    assert masked(value) == shown
    canonical({"details": masked(value)})


def test_what_is_nested_without_end_is_cut():
    endless = []
    endless.append(endless)
    assert "…" in repr(masked(endless))


class Broken:
    def append(self, fields):
        raise OSError("no space left")


def test_a_trail_that_fails_is_logged_and_counted_and_breaks_nothing(caplog):
    metrics = Metrics(True)
    Audit(Broken(), metrics).record("tool.called", **WHO, arguments={"account": "12345678"})
    assert "tool.called" in caplog.text and "12345678" not in caplog.text
    assert b"banker_audit_failures_total 1.0" in metrics.exposition()[0]


def test_a_required_trail_that_fails_is_503(caplog):
    with pytest.raises(ApiError) as refusal:
        Audit(Broken(), Metrics(False), required=True).record("tool.called", **WHO)
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
    entries = [json.loads(line) for line in lines_of(path)]
    assert [(entry["event"], entry["details"]) for entry in entries] == [
        ("session.created", {}),
        ("consent.granted", {"version": "2026-11"}),
        ("tool.called", {"tool": "get_account_status", "arguments": {"account_id": "****3000"}}),
        ("session.ended", {"reason": "ended"}),
    ]
    assert {entries[0]["session_id"], entries[3]["session_id"]} == {session["session_id"]}
    assert entries[0]["user_id"] == "user-1" and entries[0]["tenant_id"] == "bank"
    assert session["ephemeral_token"] not in path.read_text()
    assert verdict(path, Seal(CONFIG.secret_key)).problem is None


@pytest.mark.parametrize("required", [False, True])
def test_a_disk_that_is_full_stops_sessions_only_where_that_is_wanted(tmp_path, required, caplog):
    (tmp_path / "file").write_text("")
    audit = AuditSettings(file=str(tmp_path / "file" / "audit.jsonl"), required=required)
    client = Banker(config=replace(CONFIG, audit=audit)).app.test_client()
    answer = create(client)
    assert answer.status_code == (503 if required else 201)
    assert any(record.levelno == logging.ERROR and "session.created" in record.message for record in caplog.records)


def test_with_redis_the_trail_is_a_stream(client, redis_server):
    banker = Banker(config=replace(CONFIG, redis_url=redis_server.url, audit=AuditSettings(file="unused")))
    create(banker.app.test_client(), user_id="audited")
    banker.close()
    lines, head = read_stream(client)
    assert [json.loads(line)["user_id"] for line in lines] == ["audited"]
    assert verify(lines, head, Seal(CONFIG.secret_key)).problem is None


@pytest.fixture
def environ(tmp_path):
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "bank.toml").write_text(
        'tenant_id = "bank"\n[identity]\nissuer = "https://b.example"\nalgorithms = ["HS256"]\nsecret_env = "S"\n'
    )
    return {"BANKER_CONFIG": str(tmp_path), "BANKER_SECRET_KEY": KEY.decode(), "S": "s" * 32}


def test_the_command_says_whether_a_file_is_whole(tmp_path, environ):
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        FileTrail(path, Seal(KEY)).append(fields(time=1_800_000_000.5 + number))
    done = flask("banker", "audit", str(path), environ=environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("whole: 3 entries from 2027-01-15T08:00:00.500Z to 2027-01-15T08:00:02.500Z")
    lines = lines_of(path)
    write(path, [lines[0], lines[2]])
    done = flask("banker", "audit", str(path), environ=environ)
    assert done.returncode == 1
    assert done.stderr == "Error: broken at line 2: removed: entry 2 is missing before it\n"


def test_the_command_reads_the_stream(client, redis_server, environ):
    RedisTrail(client, Seal(KEY)).append(fields())
    environ["BANKER_REDIS_URL"] = redis_server.url
    assert flask("banker", "audit", "--redis", environ=environ).stdout.startswith("whole: 1 entry from")
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


def test_whoever_has_the_key_alone_can_verify_a_trail(tmp_path, client, redis_server):
    path = tmp_path / "audit.jsonl"
    FileTrail(path, Seal(KEY)).append(fields())
    RedisTrail(client, Seal(KEY)).append(fields())
    assert verify_elsewhere(str(path), BANKER_SECRET_KEY=KEY.decode()).stdout.startswith("whole: 1 entry from")
    there = {"BANKER_SECRET_KEY": KEY.decode(), "BANKER_REDIS_URL": redis_server.url}
    assert verify_elsewhere("--redis", **there).stdout.startswith("whole: 1 entry from")
    done = verify_elsewhere(str(path), BANKER_SECRET_KEY="o" * 32)
    assert (done.returncode, done.stdout) == (1, "") and "another BANKER_SECRET_KEY" in done.stderr
    done = verify_elsewhere(str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: BANKER_SECRET_KEY is not set; it must be the key that the trail was written with\n"


@pytest.mark.parametrize(
    ("arguments", "code"), [(["nowhere.jsonl"], 1), (["--redis"], 1), ([], 2), (["x", "--redis"], 2)]
)
def test_what_cannot_be_read_is_an_error_and_not_whole(environ, arguments, code):
    done = flask("banker", "audit", *arguments, environ=environ)
    assert done.returncode == code
    assert "whole" not in done.stdout and "Traceback" not in done.stderr


def test_demo_mode_leaves_no_trail_unless_it_is_asked_to():
    from banker.config.loading import load

    assert load(environ={"BANKER_DEMO": "1"}).audit.file is None
    assert load(environ={"BANKER_DEMO": "1", "BANKER_AUDIT__FILE": "var/x.jsonl"}).audit.file == "var/x.jsonl"
