"""The engines' threads give way to the media loop, whose packets are due every 20 ms."""

import os
import sys

NICENESS = 5
"""A third of the share of a thread that does not give way; all of it when nobody else wants the processor."""


def give_way() -> None:
    """Of the calling thread, and of the threads that it starts from now on (Linux; elsewhere it changes nothing)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)  # on Linux 0 is this thread, not the process: sched(7)
