"""The banker's voice: texts become sound once, in the engine's own threads, and are kept for the next session."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator

from banker.rtc.audio_out.opus_encoder import PACKET_SECONDS, EncodedAudio, Encoder
from banker.speech import Synthesiser
from banker.speech.engine_queue import Busy, EngineQueue

CACHE_BYTES = 16 * 1024 * 1024
"""About an hour of speech at 32 kbit/s."""
SYNTHESIS_SECONDS = 10.0
"""A voice that takes longer for the next piece of a sentence has failed."""
CROWDED_SECONDS = 0.02
"""After so long, a sentence that has begun asks again for its place in a full queue."""
LETTER_SECONDS = 0.065
"""What a letter takes to say: how long a sentence will be, before it is finished."""
AT_EASE = 0.4
"""A voice that takes so much of a second for a second of sound, or less, is ahead from its first piece on."""

Piece = tuple[list[bytes], bytes]
"""Packets and their loudness."""


class SynthesisFailed(Exception):
    """The engine could not say a text, or not in time."""


class SpeechSynthesis:
    """`utter` gives the sound of a text. Belongs to the media loop; the engine runs in `queue`, a piece at a time, so
    that several sentences get ahead side by side.
    """

    def __init__(self, synthesiser: Synthesiser, queue: EngineQueue) -> None:
        self._synthesiser = synthesiser
        self._queue = queue
        self._cache: OrderedDict[str, EncodedAudio] = OrderedDict()
        self._cached_bytes = 0
        self._under_way: dict[str, asyncio.Future[EncodedAudio]] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._pace = AT_EASE
        """Seconds that the last pieces took, for each second of their sound."""

    async def utter(self, text: str) -> EncodedAudio:
        """The sound of `text`: from memory, or synthesised once however many ask. Raises `SynthesisFailed`.

        It may still grow: there is enough of it to begin with.
        """
        if text in self._cache:
            self._cache.move_to_end(text)
            return self._cache[text]
        if text not in self._under_way:
            self._under_way[text] = playable = asyncio.get_running_loop().create_future()
            job = asyncio.ensure_future(self._synthesise(text, playable))
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)
        return await asyncio.shield(self._under_way[text])

    async def _synthesise(self, text: str, playable: "asyncio.Future[EncodedAudio]") -> None:
        sound = EncodedAudio(whole=False)
        sound.expected = round(len(text) * LETTER_SECONDS / PACKET_SECONDS)
        pieces, clock = self._pieces(text), asyncio.get_running_loop().time
        try:
            asked = clock()
            while (piece := await self._next(pieces, begun=bool(sound.packets))) is not None:
                before, began, asked = sound.seconds, asked, clock()
                sound.grow(*piece)
                if before and piece[0]:
                    pace = (asked - began) / (sound.seconds - before)
                    self._pace += (pace - self._pace) / 2
                enough = (self._pace - AT_EASE) * sound.length * PACKET_SECONDS
                if sound.packets and not playable.done() and sound.seconds >= enough:
                    playable.set_result(sound)
        except Exception as error:
            why = "took too long" if isinstance(error, TimeoutError) else f"failed: {type(error).__name__}"
            self._end(text, sound, playable, SynthesisFailed(f"the voice {why}"))
        else:
            self._end(text, sound, playable)

    async def _next(self, pieces: Iterator[Piece], *, begun: bool) -> Piece | None:
        while True:
            try:
                return await self._queue.run(lambda: next(pieces, None), SYNTHESIS_SECONDS)
            except Busy:
                if not begun:
                    raise
                await asyncio.sleep(CROWDED_SECONDS)

    def _pieces(self, text: str) -> Iterator[Piece]:
        """Blocking at each step."""
        encoder = Encoder(self._synthesiser.sample_rate)
        for chunk in self._synthesiser.synthesise(text):
            yield encoder.encode(chunk)
        yield encoder.finish()

    def _end(
        self,
        text: str,
        sound: EncodedAudio,
        playable: "asyncio.Future[EncodedAudio]",
        error: SynthesisFailed | None = None,
    ) -> None:
        del self._under_way[text]
        sound.end(failed=error is not None)
        if error is None:
            self._keep(text, sound)
        if playable.done():
            return
        if error is None:
            playable.set_result(sound)
        else:
            playable.set_exception(error)
            playable.exception()  # perhaps nobody waits any more

    def _keep(self, text: str, sound: EncodedAudio) -> None:
        self._cache[text] = sound
        self._cached_bytes += _size(sound)
        while self._cached_bytes > CACHE_BYTES:
            self._cached_bytes -= _size(self._cache.popitem(last=False)[1])


def _size(sound: EncodedAudio) -> int:
    return sum(map(len, sound.packets)) + len(sound.levels)
