"""Synthesises each text once, in the engine's threads, and caches the speech for every session of the process."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator

from banker.rtc.audio_out.opus_encoder import PACKET_SECONDS, EncodedAudio, Encoder
from banker.speech import Synthesiser
from banker.speech.engine_queue import Busy, EngineQueue
from banker.speech.tts.manner import USUAL, Manner
from banker.speech.tts.timed_pcm import TimedPcm, Timings
from banker.speech.tts.volume import amplified

MAX_CACHE_BYTES = 16 * 1024 * 1024
"""About an hour of speech at 32 kbit/s."""
CHUNK_TIMEOUT_S = 10.0
"""A synthesiser that takes longer for one chunk of a sentence has failed."""
RETRY_INTERVAL_S = 0.02
"""How often a sentence that has begun retries to enter a full queue: once per packet."""
SECONDS_PER_LETTER = 0.065
"""The speaking time of a letter, for estimating the length of a sentence."""
FIRST_PART_S = 0.3
"""The beginning of a sentence can be played while the rest of its sound is still being encoded."""
AHEAD_FACTOR = 0.4
"""A synthesiser that needs at most this share of the playing time stays ahead of the playout."""

Chunk = tuple[list[bytes], bytes, Timings]
"""Packets, their loudness, and the voice's timings from the beginning of the utterance."""
Wording = tuple[str, Manner]
"""A text and the manner in which it is said: with the same ones it sounds the same in every session."""


class SynthesisFailed(Exception):
    """The engine could not synthesise a text, or not in time."""


class SpeechSynthesis:
    """Turns texts into audio. Belongs to the media loop.

    The engine runs in `queue`, one chunk at a time, so that several sentences advance side by side.
    """

    def __init__(self, synthesiser: Synthesiser, queue: EngineQueue) -> None:
        self._synthesiser = synthesiser
        self._queue = queue
        self._cache: OrderedDict[Wording, EncodedAudio] = OrderedDict()
        self._cached_bytes = 0
        self._in_progress: dict[Wording, asyncio.Future[EncodedAudio]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._factor = AHEAD_FACTOR
        """How many seconds a second of sound took in the last chunks."""

    async def synthesise(self, text: str, manner: Manner = USUAL) -> EncodedAudio:
        """Return the audio of `text`: cached, or synthesised once for all callers. Raises `SynthesisFailed`.

        The audio may still grow, but it is long enough to start playing.
        """
        wording = text, manner
        if wording in self._cache:
            self._cache.move_to_end(wording)
            return self._cache[wording]
        if wording not in self._in_progress:
            self._in_progress[wording] = playable = asyncio.get_running_loop().create_future()
            task = asyncio.ensure_future(self._run(wording, playable))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(self._in_progress[wording])

    async def synthesise_to_end(self, text: str, manner: Manner = USUAL) -> None:
        """Synthesise the whole `text` in advance. Raises `SynthesisFailed`."""
        audio, changed = await self.synthesise(text, manner), asyncio.Event()
        audio.listeners.add(changed.set)
        try:
            while not audio.complete:
                changed.clear()
                await changed.wait()
        finally:
            audio.listeners.discard(changed.set)

    async def _run(self, wording: Wording, playable: "asyncio.Future[EncodedAudio]") -> None:
        audio, (text, manner) = EncodedAudio(complete=False), wording
        audio.expected_packets = round(len(text) * SECONDS_PER_LETTER / manner.rate / PACKET_SECONDS)
        loop = asyncio.get_running_loop()

        def add(chunk: Chunk) -> None:
            if audio.complete:  # it has failed meanwhile
                return
            audio.extend(*chunk)
            enough = (self._factor - AHEAD_FACTOR) * audio.length * PACKET_SECONDS
            if audio.packets and not playable.done() and audio.seconds >= enough:
                playable.set_result(audio)

        chunks = self._chunks(text, manner, lambda chunk: loop.call_soon_threadsafe(add, chunk))
        try:
            before, began = 0.0, loop.time()
            while (chunk := await self._next(chunks, started=bool(audio.packets))) is not None:
                took = loop.time() - began
                if before and chunk[0]:
                    factor = took / (len(chunk[0]) * PACKET_SECONDS)
                    self._factor += (factor - self._factor) / 2
                add(chunk)
                before, began = audio.seconds, loop.time()
        except Exception as error:
            reason = "took too long" if isinstance(error, TimeoutError) else f"failed: {type(error).__name__}"
            self._finish(wording, audio, playable, SynthesisFailed(f"The speech synthesis {reason}."))
        else:
            self._finish(wording, audio, playable)

    async def _next(self, chunks: Iterator[Chunk], *, started: bool) -> Chunk | None:
        while True:
            try:
                return await self._queue.run(lambda: next(chunks, None), CHUNK_TIMEOUT_S)
            except Busy:
                if not started:
                    raise
                await asyncio.sleep(RETRY_INTERVAL_S)

    def _chunks(self, text: str, manner: Manner, early: Callable[[Chunk], object]) -> Iterator[Chunk]:
        """Yield the chunks of a text. Each step blocks. `early` gets the beginning while the rest is encoded."""
        rate = self._synthesiser.sample_rate
        encoder, seconds = Encoder(rate), 0.0
        for pcm in self._synthesiser.synthesise(text, manner.rate):
            timings = pcm.timings.later(seconds) if isinstance(pcm, TimedPcm) else Timings()
            sound = amplified(pcm, manner.gain_db)
            if not seconds:
                first = 2 * round(FIRST_PART_S * rate)
                early((*encoder.encode(sound[:first]), timings))
                sound, timings = sound[first:], Timings()
            seconds += len(pcm) / 2 / rate
            yield *encoder.encode(sound), timings
        yield *encoder.finish(), Timings()

    def _finish(
        self,
        wording: Wording,
        audio: EncodedAudio,
        playable: "asyncio.Future[EncodedAudio]",
        error: SynthesisFailed | None = None,
    ) -> None:
        del self._in_progress[wording]
        audio.finish(failed=error is not None)
        if error is None:
            self._cache_audio(wording, audio)
        if playable.done():
            return
        if error is None:
            playable.set_result(audio)
        else:
            playable.set_exception(error)
            playable.exception()  # retrieved, because nobody may be waiting any more

    def _cache_audio(self, wording: Wording, audio: EncodedAudio) -> None:
        self._cache[wording] = audio
        self._cached_bytes += _size(audio)
        while self._cached_bytes > MAX_CACHE_BYTES:
            self._cached_bytes -= _size(self._cache.popitem(last=False)[1])


def _size(audio: EncodedAudio) -> int:
    return sum(map(len, audio.packets)) + len(audio.levels)
