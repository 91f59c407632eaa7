"""Owns the order of a conversation: what is to be done is done by one task, one after the other."""

import asyncio
from collections.abc import Awaitable, Callable

Work = Callable[[], Awaitable[None]]


class Mailbox:
    """Belongs to the media loop. `begins` is called before each piece of work, `failed` with what one raised,
    `rests` when nothing is left to do.
    """

    def __init__(
        self, begins: Callable[[], None], failed: Callable[[Exception], None], rests: Callable[[], None]
    ) -> None:
        self._begins = begins
        self._failed = failed
        self._rests = rests
        self._queue: asyncio.Queue[Work | None] = asyncio.Queue()
        self._working = False
        self._worker: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being done, or is left to do."""
        return self._working or not self._queue.empty()

    def start(self) -> None:
        """Begin with what was put in so far."""
        self._worker = asyncio.ensure_future(self._work())

    def put(self, work: Work) -> None:
        """Do this behind everything that was put in before."""
        self._queue.put_nowait(work)

    async def close(self) -> None:
        """Wait until everything is done."""
        self._queue.put_nowait(None)
        if self._worker is not None:
            await asyncio.gather(self._worker, return_exceptions=True)

    async def _work(self) -> None:
        while (work := await self._queue.get()) is not None:
            self._working = True
            self._begins()
            try:
                await work()
            except Exception as error:
                self._failed(error)
            self._working = False
            if self._queue.empty():
                self._rests()
