"""The audit trail of one host: a file and its sealed head, to which any number of processes append."""

import fcntl
import glob
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from banker.audit.chain import EncryptedEvent, Head, Seal, entry_time, parse_canonical
from banker.audit.group_commit import GroupCommit
from banker.audit.verify import Verdict, verify

log = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024
"""How much is read at once in search of the last line. Most entries are a hundred times shorter."""


class FileTrail:
    """Appends to `path`, whose head is `path` + `.head`. The first entry creates both, and their folder.

    A lock on the file keeps processes apart. Rotated files stand beside it, under names that begin with its own.
    """

    def __init__(self, path: Path, seal: Seal) -> None:
        self._path = path
        self._seal = seal
        self._commits = GroupCommit(self._write)

    def append(self, event: EncryptedEvent) -> None:
        """Append one entry, and return when it is on the disk. Raises `OSError`."""
        self._commits.append(event)

    def lines(self) -> Iterator[str]:
        """Yield all entries, those of the rotated files first. Raises `OSError`."""
        for path in [*rotated_files(self._path), self._path]:
            if path.exists():
                yield from read_trail(path)[0]

    def verify(self) -> Verdict:
        """Verify all files together. Raises `OSError`."""
        lines = list(self.lines())
        return verify(lines, read_head_line(self._path), self._seal, read_start_line(self._path))

    def prune(self, before: float) -> int:
        """Delete the rotated files whose last entry is older than `before`. Return how many entries they had.

        The sealed number and hash of the last one are kept in `path` + `.start`. Raises `OSError`.
        """
        deleted = 0
        for path in rotated_files(self._path):
            lines, _ = read_trail(path)
            last = parse_canonical(lines[-1]) or {}
            if not str(last.get("time")) < entry_time(before):
                break
            _replace(start_path(self._path), self._seal.start_line(Head(last["seq"], last["hash"])) + "\n")
            for file in (path, head_path(path)):
                file.unlink(missing_ok=True)
            deleted += len(lines)
        return deleted

    def _write(self, events: Sequence[EncryptedEvent]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with _open_locked(self._path) as file:
            head = self._seal.read_head(read_head_line(self._path))
            last, torn = _last_line(file)
            if torn:
                # A process died while writing it, before its caller could rely on the entry.
                log.warning("Removing a torn line of %d bytes from the end of the audit trail.", torn)
                file.truncate(file.seek(0, os.SEEK_END) - torn)
            lines, new_head = self._seal.next_lines(head, last, events)
            file.write("".join(line + "\n" for line in lines).encode())
            file.flush()
            os.fsync(file.fileno())
            _replace(head_path(self._path), self._seal.head_line(new_head) + "\n")


def head_path(path: Path) -> Path:
    """Return the path of a trail's head."""
    return path.with_name(path.name + ".head")


def start_path(path: Path) -> Path:
    """Return the path of a trail's start mark, which names the last pruned entry."""
    return path.with_name(path.name + ".start")


def keys_path(path: Path) -> Path:
    """Return the path of the users' keys of a trail."""
    return path.with_name(path.name + ".keys")


def rotated_files(path: Path) -> list[Path]:
    """Return the rotated files of the trail at `path`, oldest first."""
    found = {}
    for candidate in path.parent.glob(f"{glob.escape(path.name)}?*"):
        if candidate.name.startswith(keys_path(path).name):
            continue  # closing it would release the locks of SQLite's connections to it
        with candidate.open("rb") as file:
            entry = parse_canonical(file.readline().decode("utf-8", errors="replace").removesuffix("\n"))
        if entry is not None and "prev" in entry and isinstance(entry.get("seq"), int):
            found[candidate] = entry["seq"]
    return sorted(found, key=lambda candidate: found[candidate])


def read_head_line(path: Path) -> str | None:
    """Return the head line of the trail at `path`, if any."""
    return _read_line(head_path(path))


def read_start_line(path: Path) -> str | None:
    """Return the start mark of the trail at `path`, if any."""
    return _read_line(start_path(path))


def read_trail(path: Path) -> tuple[list[str], str | None]:
    """Return the lines of a trail and its head line, with writers locked out. Raises `OSError`."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        text = file.read().decode("utf-8", errors="replace")
        return text.removesuffix("\n").split("\n") if text else [], read_head_line(path)


@contextmanager
def _open_locked(path: Path) -> Iterator[BinaryIO]:
    """Open and lock the file for reading and appending. With the lock held, it is still the one at `path`."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(path, file):  # rotated while we waited
                continue
            yield file
            return


def _is_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _last_line(file: BinaryIO) -> tuple[str | None, int]:
    """Return the last complete line, and the number of bytes after it."""
    end = file.seek(0, os.SEEK_END)
    start, data = end, b""
    while start > 0 and data.count(b"\n") < 2:
        start = max(0, start - CHUNK_BYTES)
        file.seek(start)
        data = file.read(end - start)
    complete, newline, torn = data.rpartition(b"\n")
    if not newline:
        return None, len(torn)
    return complete.rpartition(b"\n")[2].decode("utf-8", errors="replace"), len(torn)


def _read_line(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").removesuffix("\n")
    except FileNotFoundError:
        return None


def _replace(path: Path, text: str) -> None:
    """Replace the file atomically. A half-written head would look like a forged one."""
    temporary = path.with_name(path.name + ".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
