"""What a process costs, read from /proc."""

import os
from pathlib import Path

from banker.speech.thread_priority import ENGINE_NICENESS


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
