"""Lowers the priority of engine threads, so that the media loop sends its packets every 20 ms."""

import os
import sys

ENGINE_NICENESS = 5
"""A third of the CPU share of a thread at normal priority, and all of the CPU when no other thread needs it."""


def lower_priority() -> None:
    """Lower the priority of the calling thread and of the threads that it starts later. Only Linux can do so."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, ENGINE_NICENESS)  # on Linux 0 is this thread, not the process: sched(7)
