"""The service of `bench.bank`, which also says what its process holds: tasks and objects, at `/bench/inside`."""

import asyncio
import gc
import re
import threading
from collections import Counter

from flask import request

from bench.bank import app


@app.get("/bench/inside")
def inside() -> dict[str, object]:
    """Count the tasks of the media loop and the objects in use that are younger than the start.

    `?types`: objects by type and threads by name.
    """
    tasks = app.extensions["banker"].media._worker.call(_tasks(), 5)
    gc.collect()  # what was frozen after the start is left alone, so this takes milliseconds
    objects = gc.get_objects()
    if "types" in request.args:
        pools = Counter(re.sub(r"[-_]?\d+$", "", thread.name) for thread in threading.enumerate())
        return {"types": Counter(type(each).__name__ for each in objects).most_common(200), "threads": pools}
    return {"tasks": tasks, "objects": len(objects)}


async def _tasks() -> int:
    return len(asyncio.all_tasks())
