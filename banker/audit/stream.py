"""The trail of many hosts: a Redis stream, and beside it the head; an entry gets in only behind the one it follows."""

import time
from collections.abc import Iterator
from typing import Any, cast

import redis

from banker.audit.chain import Fields, Seal

STREAM = "banker:audit"
HEAD = "{banker:audit}:head"  # the braces put it into the stream's slot of a Redis Cluster
_PAGE = 500

# Append the lines ARGV[4…] and put the head ARGV[3] in place, if head and last id are still ARGV[1] and ARGV[2].
_APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] or (last[1] and last[1][1] or '') ~= ARGV[2] then return 0 end
for number = 4, #ARGV do redis.call('XADD', KEYS[1], '*', 'entry', ARGV[number]) end
redis.call('SET', KEYS[2], ARGV[3])
return 1
"""


class StreamTrail:
    """Appends to the stream `banker:audit`; nothing trims it. `timeout` (seconds) bounds the tries of one entry."""

    def __init__(self, client: "redis.Redis", seal: Seal, timeout: float = 2.0) -> None:
        self._redis = client
        self._seal = seal
        self._timeout = timeout
        self._append = client.register_script(_APPEND)

    def append(self, fields: Fields) -> None:
        """As the protocol says. Raises `RedisError`, and `TimeoutError` if others are always faster."""
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            with self._redis.pipeline(transaction=False) as both:
                both.get(HEAD)
                both.xrevrange(STREAM, count=1)
                head, found = both.execute()
            head = _text(head)
            last_id, last = (_text(found[0][0]) or "", _text(found[0][1].get(b"entry"))) if found else ("", None)
            lines, after = self._seal.next_entries(self._seal.read_head(head), last, fields)
            if self._append(keys=[STREAM, HEAD], args=[head or "", last_id, self._seal.head_line(after), *lines]):
                return
        raise TimeoutError("too many writers of the audit trail at once")


def read_stream(client: "redis.Redis") -> tuple[list[str], str | None]:
    """The lines of the trail, and its head line. Raises `RedisError`."""
    head = _text(client.get(HEAD))  # first: what is written meanwhile is behind it, and is no gap
    return list(_lines(client)), head


def _lines(client: "redis.Redis") -> Iterator[str]:
    start = "-"
    while found := cast(list[Any], client.xrange(STREAM, min=start, count=_PAGE)):
        for _, entry in found:
            yield _text(entry.get(b"entry")) or ""
        start = "(" + str(_text(found[-1][0]))


def _text(value: Any) -> str | None:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
