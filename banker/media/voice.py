"""The banker's voice: texts become sound once, in the engine's own threads, and are kept for the next session."""

import asyncio
from collections import OrderedDict

from banker.media.opus import Sound, encode
from banker.speech import Synthesiser
from banker.speech.queue import EngineQueue

CACHE_BYTES = 16 * 1024 * 1024
"""About an hour of speech at 32 kbit/s."""
SYNTHESIS_SECONDS = 10.0
"""A voice that takes longer for one sentence has failed."""


class VoiceFailed(Exception):
    """The engine could not say a text, or not in time."""


class Voice:
    """`utter` gives the sound of a text. Belongs to the media loop; the engine runs in `queue`."""

    def __init__(self, synthesiser: Synthesiser, queue: EngineQueue) -> None:
        self._synthesiser = synthesiser
        self._queue = queue
        self._cache: OrderedDict[tuple[str, str], Sound] = OrderedDict()
        self._cached_bytes = 0
        self._under_way: dict[tuple[str, str], asyncio.Future[Sound]] = {}

    async def utter(self, text: str) -> Sound:
        """The sound of `text`: from memory, or synthesised once however many ask. Raises `VoiceFailed`."""
        key = (self._synthesiser.name, text)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        if key not in self._under_way:
            self._under_way[key] = asyncio.ensure_future(self._synthesise(key))
            self._under_way[key].add_done_callback(lambda done: self._keep(key, done))
        try:
            return await asyncio.shield(self._under_way[key])
        except TimeoutError:
            raise VoiceFailed("the voice took too long") from None
        except Exception as error:
            raise VoiceFailed(f"the voice failed: {type(error).__name__}") from error

    async def _synthesise(self, key: tuple[str, str]) -> Sound:
        def work() -> Sound:
            return encode(self._synthesiser.synthesise(key[1]), self._synthesiser.sample_rate)

        return await self._queue.run(work, SYNTHESIS_SECONDS)

    def _keep(self, key: tuple[str, str], done: "asyncio.Future[Sound]") -> None:
        del self._under_way[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._cache[key] = done.result()
        self._cached_bytes += _size(done.result())
        while self._cached_bytes > CACHE_BYTES:
            self._cached_bytes -= _size(self._cache.popitem(last=False)[1])


def _size(sound: Sound) -> int:
    return sum(map(len, sound.packets)) + len(sound.levels)
