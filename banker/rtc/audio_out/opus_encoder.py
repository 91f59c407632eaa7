"""Encodes PCM as Opus packets once, for every session that plays it (RFC 6716, RFC 7587)."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from fractions import Fraction

from av import AudioFrame, AudioResampler, CodecContext

from banker.speech.tts.timed_pcm import MouthMark, Timings, WordMark

SAMPLE_RATE = 48_000
"""The RTP clock of Opus in Hz, at any bandwidth (RFC 7587 section 4.1)."""
PACKET_SAMPLES = 960
"""Samples in a packet: 20 ms."""
PACKET_SECONDS = PACKET_SAMPLES / SAMPLE_RATE
TIME_BASE = Fraction(1, SAMPLE_RATE)
BIT_RATE = 32_000
"""bit/s: full-band speech, mono (RFC 7587 section 3.1.1 recommends 28 to 40 kbit/s)."""


class EncodedAudio:
    """An encoded utterance: one Opus packet and one loudness (0 to 255) for each 20 ms.

    It can be played while it grows. Belongs to the media loop until it is complete.
    """

    def __init__(self, packets: Iterable[bytes] = (), levels: bytes = b"", *, complete: bool = True) -> None:
        self.packets = list(packets)
        self.levels = bytearray(levels)
        self.complete = complete
        """Whether it will not grow any more."""
        self.failed = False
        """Whether the end is missing."""
        self.expected_packets = 0
        """The estimated final number of packets."""
        self._words: list[WordMark] = []
        self._mouths: list[MouthMark] = []
        self.listeners: set[Callable[[], None]] = set()
        """Called when packets are added, and when it is complete."""

    @property
    def seconds(self) -> float:
        """The playing time of the packets so far."""
        return len(self.packets) * PACKET_SECONDS

    @property
    def length(self) -> int:
        """The number of packets or, while it grows, the expected number."""
        return len(self.packets) if self.complete else max(self.expected_packets, len(self.packets) + 1)

    def extend(self, packets: Iterable[bytes], levels: bytes, timings: Timings | None = None) -> None:
        """Append packets. `timings` count from the beginning of the utterance."""
        self.packets += packets
        self.levels += levels
        if timings is not None:
            self._words += timings.words
            self._mouths += timings.mouths
        self._notify()

    def said(self, packets: int) -> float:
        """Return the fraction (0 to 1) of the text that the first `packets` speak.

        With the voice's own timings, a word counts at its end. Without timings, speech counts as even.
        """
        if self.complete and packets >= len(self.packets):
            return 1.0
        if not self._words:
            return packets / max(1, self.length)
        over = bisect_right(self._words, WordMark(packets * PACKET_SECONDS, 1.0))
        return self._words[over - 1].said if over else 0.0

    def viseme(self, packet: int) -> str | None:
        """Return the viseme while a packet plays; None for a voice without visemes."""
        at = bisect_right(self._mouths, MouthMark(packet * PACKET_SECONDS, "~"))
        return self._mouths[min(at, len(self._mouths) - 1)].viseme if self._mouths else None

    def finish(self, *, failed: bool = False) -> None:
        """Complete the utterance. `failed`: its end is missing."""
        self.complete, self.failed = True, failed
        self._notify()

    def _notify(self) -> None:
        for listener in list(self.listeners):
            listener()


class Encoder:
    """Encodes s16 mono PCM at `sample_rate` Hz. Blocking: about 1 ms of CPU for 100 ms of sound."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE, frame_size=PACKET_SAMPLES)
        self._codec = codec = CodecContext.create("libopus", "w")
        codec.bit_rate = BIT_RATE
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = SAMPLE_RATE
        codec.time_base = TIME_BASE
        codec.options = {"application": "voip"}
        self._levels = bytearray()

    def encode(self, pcm: bytes) -> tuple[list[bytes], bytes]:
        """Return the packets that `pcm` completes, and their loudness."""
        if not pcm:
            return [], b""
        frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.sample_rate = self._sample_rate
        frame.planes[0].update(pcm)
        return self._encode_frames(self._resampler.resample(frame))

    def finish(self) -> tuple[list[bytes], bytes]:
        """Return the remaining packets, the last one padded with silence."""
        packets, levels = self._encode_frames(map(_padded, self._resampler.resample(None)))
        packets += [bytes(packet) for packet in self._codec.encode(None)]
        return packets, levels.ljust(len(packets), b"\0")

    def _encode_frames(self, frames: Iterable[AudioFrame]) -> tuple[list[bytes], bytes]:
        packets: list[bytes] = []
        for frame in frames:
            self._levels.append(_loudness(frame))
            packets += [bytes(packet) for packet in self._codec.encode(frame)]
        levels = bytes(self._levels[: len(packets)])
        del self._levels[: len(packets)]
        return packets, levels


def encode(chunks: Iterable[bytes], sample_rate: int) -> EncodedAudio:
    """Encode s16 mono PCM at `sample_rate` Hz. Blocking."""
    encoder, audio = Encoder(sample_rate), EncodedAudio()
    for chunk in chunks:
        audio.extend(*encoder.encode(chunk))
    audio.extend(*encoder.finish())
    return audio


def _padded(frame: AudioFrame) -> AudioFrame:
    if frame.samples == PACKET_SAMPLES:
        return frame
    padded = AudioFrame(format="s16", layout="mono", samples=PACKET_SAMPLES)
    padded.sample_rate = SAMPLE_RATE
    padded.pts = frame.pts
    padded.planes[0].update(bytes(frame.planes[0])[: frame.samples * 2].ljust(PACKET_SAMPLES * 2, b"\0"))
    return padded


def _loudness(frame: AudioFrame) -> int:
    """Return 0 (silent) to 255 (full scale): the mean absolute sample on a square-root scale."""
    samples = memoryview(bytes(frame.planes[0])[: frame.samples * 2]).cast("h")[::8]
    mean = sum(map(abs, samples)) / max(1, len(samples))
    return min(255, int(255 * (mean / 8192) ** 0.5))


SILENCE = encode([b"\0\0" * (SAMPLE_RATE // 5)], SAMPLE_RATE)
"""200 ms of silence, played before the first words so that the receiver's jitter buffer has started by then."""
