"""The audit trail of several hosts: a Redis stream and its sealed head, appended to by compare and swap."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from banker.audit.chain import EncryptedEvent, Head, KeyDeleted, Seal, parse_canonical
from banker.audit.group_commit import GroupCommit
from banker.audit.verify import Verdict, verify
from banker.server.redis import RedisClient

STREAM = "banker:audit"
HEAD = "{banker:audit}:head"  # the braces put it into the stream's slot of a Redis Cluster
START = "{banker:audit}:start"
KEYS = "{banker:audit}:keys"
PAGE_SIZE = 500
_WRITTEN, _KEY_DELETED = 1, 2

# Append the lines ARGV[5…] and store the head ARGV[3] if the head is still ARGV[1] and the last id ARGV[2], and if the
# keys KEYS[3] have the names and texts that are the first ARGV[4] of these lines.
# Returns {1, new last id}, or without writing anything {0, head, last id, last entry} or {2}. redis-py repeats a call
# whose answer was lost; that one finds its own head, which contains the hash of its own entry.
_APPEND = """
local head = redis.call('GET', KEYS[2]) or ''
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local last_id = last and last[1] or ''
if head == ARGV[3] then return {1, last_id} end
local first = 5 + ARGV[4]
for number = 5, first - 1, 2 do
  if redis.call('HGET', KEYS[3], ARGV[number]) ~= ARGV[number + 1] then return {2} end
end
if head ~= ARGV[1] or last_id ~= ARGV[2] then
  local entry = ''
  for at = 1, last and #last[2] or 0, 2 do if last[2][at] == 'entry' then entry = last[2][at + 1] end end
  return {0, head, last_id, entry}
end
for number = first, #ARGV do last_id = redis.call('XADD', KEYS[1], '*', 'entry', ARGV[number]) end
redis.call('SET', KEYS[2], ARGV[3])
return {1, last_id}
"""

# Mark with ARGV[1] where the trail starts, and delete the entries whose ids are below ARGV[2]. Returns their number.
_PRUNE = """
redis.call('SET', KEYS[2], ARGV[1])
return redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2])
"""


@dataclass(frozen=True)
class _End:
    """The end of the trail: the head and its line, and the id and line of the last entry.

    `last` is None for an empty trail, and for our own last entry, which the head describes completely.
    """

    head: Head | None = None
    head_line: str = ""
    last_id: str = ""
    last: str | None = None


class RedisTrail:
    """Appends to the stream `banker:audit`, which only `prune` trims, through a client of `open_redis`.

    The end of the trail is cached, so that an entry costs one round trip. If another process has written since, the
    script returns the new end, and the entry is sealed again. The script also checks that the keys of the entries are
    still stored, so that they can be cached too. `timeout` is in seconds.
    """

    def __init__(self, client: RedisClient, seal: Seal, timeout: float = 2.0) -> None:
        self._client = client
        self._script = client.register_script(_APPEND)
        self._prune = client.register_script(_PRUNE)
        self._seal = seal
        self._timeout = timeout
        self._end = _End()
        self._commits = GroupCommit(self._write)

    def append(self, event: EncryptedEvent) -> None:
        """Append one entry. Raises `RedisError`, `KeyDeleted`, and TimeoutError while other processes are faster.

        If one of several entries that are written together has a deleted key, all fail.
        """
        self._commits.append(event)

    def lines(self) -> Iterator[str]:
        """Yield all entries. Raises `RedisError`."""
        return _lines(self._client)

    def verify(self) -> Verdict:
        """Verify the stream. Raises `RedisError`."""
        return verify_stream(self._client, self._seal)

    def prune(self, before: float) -> int:
        """Delete the entries that are older than `before`, and return their number.

        The sealed number and hash of the last one are kept under START. Raises `RedisError`.
        """
        limit = max(1, round(before * 1000))  # an id begins with its time in milliseconds
        found = cast(list[Any], self._client.xrevrange(STREAM, max=limit - 1, count=1))
        if not found:
            return 0
        last = parse_canonical(_entry(found[0][1])) or {}
        mark = self._seal.start_line(Head(last["seq"], last["hash"]))
        return int(self._prune(keys=[STREAM, START], args=[mark, limit]))

    def _write(self, events: Sequence[EncryptedEvent]) -> None:
        deadline = time.monotonic() + self._timeout
        while not self._write_after(self._end, events):
            if time.monotonic() > deadline:
                raise TimeoutError("too many processes write the audit trail at once")

    def _write_after(self, end: _End, events: Sequence[EncryptedEvent]) -> bool:
        """Try to append after `end`. Return whether it was still the end. `self._end` is current in both cases."""
        lines, head = self._seal.next_lines(end.head, end.last, events)
        head_line = self._seal.head_line(head)
        keys = [text for key in {event.key for event in events if event.key} for text in (key.name, key.text)]
        arguments: list[str | int] = [end.head_line, end.last_id, head_line, len(keys), *keys, *lines]
        state, *found = self._script(keys=[STREAM, HEAD, KEYS], args=arguments)
        if state == _KEY_DELETED:
            raise KeyDeleted
        if state == _WRITTEN:
            self._end = _End(head, head_line, _text(found[0]))
            return True
        head_line, last_id, last = map(_text, found)
        self._end = _End(self._seal.read_head(head_line), head_line, last_id, last if last_id else None)
        return False


class RedisKeys:
    """Implements `KeyStore` in a hash beside the stream."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    def get(self, name: str) -> str | None:
        text = cast(bytes | None, self._client.hget(KEYS, name))
        return None if text is None else _text(text)

    def add(self, name: str, text: str) -> str:
        self._client.hsetnx(KEYS, name, text)
        return self.get(name) or text

    def delete(self, names: Collection[str]) -> int:
        return self._client.hdel(KEYS, *names) if names else 0

    def all(self) -> Mapping[str, str]:
        return {_text(name): _text(text) for name, text in self._client.hscan_iter(KEYS)}


def verify_stream(client: RedisClient, seal: Seal) -> Verdict:
    """Verify the trail in Redis. Raises `RedisError`."""
    lines, head = read_stream(client)
    start = client.get(START)
    return verify(lines, head, seal, None if start is None else _text(start))


def read_stream(client: RedisClient) -> tuple[list[str], str | None]:
    """Return the lines of the trail and its head line. Raises `RedisError`."""
    head = client.get(HEAD)  # the head first: entries written meanwhile follow it without a gap
    return list(_lines(client)), None if head is None else _text(head)


def _lines(client: RedisClient) -> Iterator[str]:
    start = "-"
    while found := cast(list[Any], client.xrange(STREAM, min=start, count=PAGE_SIZE)):
        for _, members in found:
            yield _entry(members)
        start = "(" + _text(found[-1][0])


def _entry(members: Mapping[bytes, bytes]) -> str:
    return _text(members.get(b"entry", b""))


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
