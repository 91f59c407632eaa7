"""What a process costs, read from /proc, and the core that it runs on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from banker.speech.thread_priority import ENGINE_NICENESS

SERVICE_CORE, USERS_CORE = 0, -1
"""Of the cores that this process may use: what is measured has one for itself, and those who talk have another."""


@contextmanager
def on_core(number: int | None) -> Iterator[None]:
    """Whatever process is started within the block runs on one core (None: on any), and so do its own."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores if number is None else {sorted(cores)[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def cpu_seconds(pid: int) -> float:
    """CPU of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def engine_seconds(pid: int) -> float:
    """CPU of the threads of a process that give way to others: those of its speech engines."""
    seconds = 0.0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        fields = (thread / "stat").read_text().rpartition(")")[2].split()
        if int(fields[16]) == ENGINE_NICENESS:
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024
