"""Tasks that run beside the code that starts them: kept alive, and logged if they fail."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from banker.tools.results import redacted_traceback

log = logging.getLogger(__name__)


class BackgroundTasks:
    """The running tasks of one owner. Belongs to the media loop; `owner` names it in the log."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` to its end."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def cancel(self) -> None:
        """Cancel every task."""
        for task in self._tasks:
            task.cancel()

    async def wait(self, timeout: float) -> None:
        """Wait until every task has ended, but at most `timeout` seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of %s failed: %s", self._owner, redacted_traceback(error))
