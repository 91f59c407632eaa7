"""Lets the workers of one gunicorn count together: prometheus_client's multiprocess mode.

Each worker counts in files of its own, in a folder that all have in common, and whichever worker is scraped adds them
up. What a worker has counted stays when it ends, until the server ends. https://prometheus.github.io/client_python/multiprocess/
"""

import os
import shutil
import sys
import tempfile

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder. prometheus_client looks for it once, when it is imported."""
PREFIX = "banker-metrics-"


def are_shared() -> bool:
    """Return whether this process counts together with others."""
    return FOLDER in os.environ


def share() -> None:
    """Make the folder, unless the environment names one: its owner then empties it before each start.

    Ends the process if there is no place for it.
    """
    if are_shared():
        return
    try:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix=PREFIX)
    except OSError as error:
        sys.exit(f"metrics.enabled: no folder for temporary files can be written: {error.strerror}. Set TMPDIR")


def hand_on(environ: dict[str, str]) -> None:
    """Name the folder in the environment of a process that will count together with this one."""
    if are_shared():
        environ[FOLDER] = os.environ[FOLDER]


def forget(pid: int) -> None:
    """Remove the gauges of a worker that has ended. Its counters stay."""
    if are_shared():
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid)  # type: ignore[no-untyped-call]


def remove() -> None:
    """Remove the folder that `share` has made."""
    folder = os.environ.get(FOLDER, "")
    if os.path.basename(folder).startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)
