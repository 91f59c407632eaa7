"""The trail in a file: what an entry contains, crashes, rotation, and many writers."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from banker.audit.chain import Seal
from banker.audit.file_trail import FileTrail, head_path, read_trail
from banker.audit.verify import verify
from tests.audit.trails import (
    KEY,
    assert_all_there,
    assert_broken,
    assert_each_thread_is_in_order,
    event,
    lines_of,
    verdict,
    write_at_once,
    write_with_threads,
)
from tests.servers import wait_until


def test_an_entry_says_who_did_what_and_when(path):
    entry = json.loads(lines_of(path)[1])
    assert set(entry) == {"seq", "time", "event", "tenant_id", "user", "personal", "prev", "hash"}
    assert entry["prev"] == json.loads(lines_of(path)[0])["hash"]
    assert (entry["seq"], entry["event"], entry["personal"]) == (2, "session.created", '{"number": 2}')
    datetime.fromisoformat(entry["time"])


def test_a_crash_between_an_entry_and_its_head_keeps_the_trail_intact(path, seal):
    head = head_path(path).read_text()
    FileTrail(path, seal).append(event())
    head_path(path).write_text(head)
    assert verdict(path, seal).problem is None
    FileTrail(path, seal).append(event())
    assert verdict(path, seal).problem is None
    assert verdict(path, seal).entries == 10


def test_a_crash_within_an_entry_leaves_nothing_behind(path, seal, caplog):
    with path.open("a") as file:
        file.write('{"details":{"number":9},"ev')
    assert_broken(path, seal, 9, "changed")
    FileTrail(path, seal).append(event())
    assert verdict(path, seal).problem is None
    assert verdict(path, seal).entries == 9
    assert "torn line" in caplog.text


def test_a_file_that_was_moved_away_goes_on_in_a_new_one(path, seal):
    older = path.with_name("audit.jsonl.1")
    path.rename(older)
    FileTrail(path, seal).append(event())
    first, _ = read_trail(older)
    second, head = read_trail(path)
    assert verify([*first, *second], head, seal).problem is None
    assert verify(second, head, seal).problem.endswith("name earlier files first")


def test_entries_of_any_length_follow_each_other(tmp_path, seal):
    path = tmp_path / "audit.jsonl"
    for size in (10, 200_000, 10, 70_000, 65_536):
        FileTrail(path, seal).append(event(text="x" * size))
    assert verdict(path, seal).problem is None


def test_only_the_owner_can_read_the_file(path):
    assert path.stat().st_mode & 0o077 == 0
    assert head_path(path).stat().st_mode & 0o077 == 0


def test_many_threads_of_many_processes_write_one_intact_file(tmp_path):
    write_at_once(str(tmp_path / "audit.jsonl"))
    assert_all_there(*read_trail(tmp_path / "audit.jsonl"))


def test_threads_that_share_a_file_lose_no_entry_and_keep_their_order(tmp_path):
    path = tmp_path / "audit.jsonl"
    write_with_threads(FileTrail(path, Seal(KEY)))
    assert_each_thread_is_in_order(*read_trail(path))


def test_threads_that_wait_for_the_disk_share_the_next_write(tmp_path, monkeypatch):
    syncs, proceed = [], threading.Event()

    def fsync(descriptor):
        syncs.append(descriptor)
        assert proceed.wait(5)

    monkeypatch.setattr("banker.audit.file_trail.os.fsync", fsync)
    trail = FileTrail(tmp_path / "audit.jsonl", Seal(KEY))
    with ThreadPoolExecutor(9) as pool:
        entries = [pool.submit(trail.append, event())]
        wait_until(lambda: syncs)
        entries += [pool.submit(trail.append, event()) for _ in range(8)]
        wait_until(lambda: len(trail._commits._waiting) == 8)
        assert not any(entry.done() for entry in entries)
        proceed.set()
        for entry in entries:
            entry.result(5)
    assert len(syncs) == 4  # file and head, twice
    assert verdict(tmp_path / "audit.jsonl", Seal(KEY)).entries == 9


def test_a_failed_write_is_an_error_for_every_thread_that_waited_for_it_and_no_other(tmp_path, monkeypatch):
    blocked, proceed = threading.Event(), threading.Event()
    trail = FileTrail(tmp_path / "audit.jsonl", Seal(KEY))

    def fsync(descriptor):
        blocked.set()
        assert proceed.wait(5)
        if len(lines_of(tmp_path / "audit.jsonl")) > 1:
            raise OSError("no space left")

    with monkeypatch.context() as patch, ThreadPoolExecutor(4) as pool:
        patch.setattr("banker.audit.file_trail.os.fsync", fsync)
        first = pool.submit(trail.append, event())
        assert blocked.wait(5)
        others = [pool.submit(trail.append, event()) for _ in range(3)]
        wait_until(lambda: len(trail._commits._waiting) == 3)
        proceed.set()
        first.result(5)
        for other in others:
            with pytest.raises(OSError, match="no space left"):
                other.result(5)
    trail.append(event())
    assert verdict(tmp_path / "audit.jsonl", Seal(KEY)).problem is None
