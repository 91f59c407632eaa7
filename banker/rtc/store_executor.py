"""The session store, which blocks, as the media loop calls it: in threads, for so long, and whatever becomes of it."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from banker.errors import ApiError

log = logging.getLogger(__name__)

THREADS = 4


class StoreExecutor:
    """Belongs to the media loop; a call is waited for `timeout` s at most."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="banker-store")

    async def run(self, work: Callable[[], Any]) -> Any:
        """What `work` returns; None when it failed, which is logged: a call outlives an outage of the store."""
        try:
            return await asyncio.wait_for(
                asyncio.get_running_loop().run_in_executor(self._threads, work), self._timeout
            )
        except ApiError as error:
            log.info("store: %s", error.error)
        except Exception:
            log.exception("the session store failed")
        return None

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False)
