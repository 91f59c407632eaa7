"""The trail of one host: a file, and beside it the head, written under a lock by any number of processes."""

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from banker.audit.chain import Fields, Seal
from banker.together import Together

log = logging.getLogger(__name__)
_CHUNK = 64 * 1024


class FileTrail:
    """Appends to `path`; its head is `path` + `.head`. Made, with its folder, when the first entry is written.

    Threads that write at the same time wait for the disk once.
    """

    def __init__(self, path: Path, seal: Seal) -> None:
        self._path = path
        self._seal = seal
        self._together = Together(self._append)

    def append(self, fields: Fields) -> None:
        """As the protocol says: on the disk when it returns. Raises `OSError`."""
        self._together.do(fields)

    def _append(self, entries: Sequence[Fields]) -> Sequence[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self._path) as file:
            head = self._seal.read_head(read_head_line(self._path))
            last, torn = _last_line(file)
            if torn:
                # What a process wrote when it died in the middle; nobody was told that it is kept.
                log.warning("the audit trail ends in a torn line of %d bytes, which is removed", torn)
                file.truncate(file.seek(0, os.SEEK_END) - torn)
            lines, after = self._seal.next_entries(head, last, entries)
            file.write("".join(line + "\n" for line in lines).encode())
            file.flush()
            os.fsync(file.fileno())
            _replace(head_path(self._path), self._seal.head_line(after) + "\n")
        return [None] * len(entries)


def head_path(path: Path) -> Path:
    """Where the head of a trail is kept."""
    return path.with_name(path.name + ".head")


def read_head_line(path: Path) -> str | None:
    """The head of the trail at `path`, as it is kept; None if it has none."""
    try:
        return head_path(path).read_text(encoding="ascii", errors="replace").removesuffix("\n")
    except FileNotFoundError:
        return None


def read_trail(path: Path) -> tuple[list[str], str | None]:
    """The lines of a trail, and its head line; nobody writes meanwhile. Raises `OSError`."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        text = file.read().decode("utf-8", errors="replace")
        return text.removesuffix("\n").split("\n") if text else [], read_head_line(path)


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """The file, open for appending and reading, with nobody else writing; it is the one that `path` names now."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(path, file):  # moved away while we waited
                continue
            yield file
            return


def _is_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _last_line(file: BinaryIO) -> tuple[str | None, int]:
    """The last whole line, and how many bytes stand behind it without an end."""
    end = file.seek(0, os.SEEK_END)
    start, data = end, b""
    while start > 0 and data.count(b"\n") < 2:
        start = max(0, start - _CHUNK)
        file.seek(start)
        data = file.read(end - start)
    whole, newline, torn = data.rpartition(b"\n")
    if not newline:
        return None, len(torn)
    return whole.rpartition(b"\n")[2].decode("utf-8", errors="replace"), len(torn)


def _replace(path: Path, text: str) -> None:
    """Whole or not at all: a head that was half written would look like one that was changed."""
    fresh = path.with_name(path.name + ".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
