"""The trail of many hosts: a Redis stream, and beside it the head; an entry gets in only behind the one it follows."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import redis

from banker.audit.chain import Fields, Head, Seal
from banker.redisline import RedisLine, Script
from banker.together import Together

STREAM = "banker:audit"
HEAD = "{banker:audit}:head"  # the braces put it into the stream's slot of a Redis Cluster
_PAGE = 500

# Append the lines ARGV[4…] and put the head ARGV[3] in place, if head and last id are still ARGV[1] and ARGV[2]:
# {1, new last id}. Otherwise nothing is written: {0, head, last id, last entry}.
_APPEND = Script("""
local head = redis.call('GET', KEYS[2]) or ''
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local last_id = last and last[1] or ''
if head ~= ARGV[1] or last_id ~= ARGV[2] then
  local entry = ''
  for at = 1, last and #last[2] or 0, 2 do if last[2][at] == 'entry' then entry = last[2][at + 1] end end
  return {0, head, last_id, entry}
end
for number = 4, #ARGV do last_id = redis.call('XADD', KEYS[1], '*', 'entry', ARGV[number]) end
redis.call('SET', KEYS[2], ARGV[3])
return {1, last_id}
""")


@dataclass(frozen=True)
class _End:
    """What the next entry has to follow: the head and its line, and the id and the line of the last entry.

    `last` is None where there is no entry, and where it is our own: then the head, which is its equal, says all.
    """

    head: Head | None = None
    line: str = ""
    last_id: str = ""
    last: str | None = None


class RedisTrail:
    """Appends to the stream `banker:audit`; nothing trims it. `timeout` (seconds) bounds the tries of one entry.

    The end of the trail is remembered, so that an entry costs one round trip; where another process has written
    meanwhile, the script says what the end is now and the entry is sealed again. Threads that write at the same time
    share a trip.
    """

    def __init__(self, line: RedisLine, seal: Seal, timeout: float = 2.0) -> None:
        self._line = line
        self._seal = seal
        self._timeout = timeout
        self._together = Together(self._append)
        self._end = _End()

    def append(self, fields: Fields) -> None:
        """As the protocol says. Raises `RedisError`, and `TimeoutError` if others are always faster."""
        self._together.do(fields)

    def _append(self, entries: Sequence[Fields]) -> Sequence[None]:
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            if self._append_behind(self._end, entries):
                return [None] * len(entries)
        raise TimeoutError("too many writers of the audit trail at once")

    def _append_behind(self, end: _End, entries: Sequence[Fields]) -> bool:
        """Whether the entries were written; `self._end` is what the next one has to follow either way."""
        lines, head = self._seal.next_entries(end.head, end.last, entries)
        line = self._seal.head_line(head)
        written, *found = self._line.run(_APPEND, [STREAM, HEAD], [end.line, end.last_id, line, *lines])
        if written:
            self._end = _End(head, line, _text(found[0]))
            return True
        line, last_id, last = map(_text, found)
        self._end = _End(self._seal.read_head(line), line, last_id, last if last_id else None)
        return False


def read_stream(client: "redis.Redis") -> tuple[list[str], str | None]:
    """The lines of the trail, and its head line. Raises `RedisError`."""
    head = client.get(HEAD)  # first: what is written meanwhile is behind it, and is no gap
    return list(_lines(client)), None if head is None else _text(head)


def _lines(client: "redis.Redis") -> Iterator[str]:
    start = "-"
    while found := cast(list[Any], client.xrange(STREAM, min=start, count=_PAGE)):
        for _, entry in found:
            yield _text(entry.get(b"entry", b""))
        start = "(" + _text(found[-1][0])


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
