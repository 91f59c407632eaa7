"""Helpers of the audit tests: events, ways to tamper with a file, and processes that write at the same time."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import redis

from banker.audit.chain import EncryptedEvent, Seal
from banker.audit.file_trail import read_start_line, read_trail
from banker.audit.redis_trail import HEAD, KEYS, START, STREAM
from banker.audit.verify import verify

ROOT = Path(__file__).resolve().parents[2]
KEY = b"k" * 32


def event(name="session.created", time=1_800_000_000.0, **details):
    """An event as it comes into the chain, with readable details in the place of encrypted ones."""
    return EncryptedEvent(time, name, "bank", "user-1", json.dumps(details))


def lines_of(path):
    return path.read_text().splitlines()


def write(path, lines):
    path.write_text("".join(line + "\n" for line in lines))


def verdict(path, seal):
    return verify(*read_trail(path), seal, read_start_line(path))


def assert_broken(path, seal, line, how):
    found = verdict(path, seal)
    assert found.problem is not None and found.problem.startswith(how), found
    assert found.line == line, found


WRITER = """
import sys, threading
from pathlib import Path
from banker.audit.chain import EncryptedEvent, Seal
def trail():
    if sys.argv[1].startswith("redis:"):
        from banker.audit.redis_trail import RedisTrail
        from banker.server.redis import open_redis
        return RedisTrail(open_redis(sys.argv[1], 30), Seal(b"k" * 32), 30)
    from banker.audit.file_trail import FileTrail
    return FileTrail(Path(sys.argv[1]), Seal(b"k" * 32))
def write(thread):
    mine = trail()
    for number in range(15):
        mine.append(EncryptedEvent(0.0, "tool.called", "bank", sys.argv[2], f"{thread} {number}"))
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
            mine = [entry["personal"] for entry in entries if entry["user"] == f"process-{process}"]
            assert [text for text in mine if text.startswith(f"{thread} ")] == [f"{thread} {n}" for n in range(15)]


def write_with_threads(trail):
    """Sixteen threads of one process, each of which writes ten entries one after another."""

    def write(thread):
        for number in range(10):
            trail.append(event(thread=thread, number=number))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))


def assert_each_thread_is_in_order(lines, head):
    assert verify(lines, head, Seal(KEY)).problem is None
    details = [json.loads(json.loads(line)["personal"]) for line in lines]
    assert len(details) == 160
    for thread in range(16):
        assert [entry["number"] for entry in details if entry["thread"] == thread] == list(range(10))


def redis_without_trail(server):
    """Yield a client of the server with the trail deleted before and after."""
    with redis.Redis.from_url(server.url) as client:
        client.delete(STREAM, HEAD, START, KEYS)
        yield client
        client.delete(STREAM, HEAD, START, KEYS)
