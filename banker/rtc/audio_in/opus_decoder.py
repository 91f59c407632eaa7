"""Decodes Opus packets to mono PCM at the required rate, with the libopus in PyAV's wheels.

Without libopus, FFmpeg decodes to 48 kHz and resamples, for twice the CPU (96 instead of 47 us for a packet of 20 ms
on one core).
"""

import logging
from ctypes import PyDLL, c_char_p, c_int, c_int32, create_string_buffer, string_at
from ctypes.util import find_library
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

log = logging.getLogger(__name__)

MAX_PACKET_SECONDS = 0.12
"""The longest packet (RFC 6716 section 3.2.5)."""


def _load_libopus() -> PyDLL | None:
    """Return libopus from PyAV's wheel or from the system; None without either."""
    wheel = Path(av.__file__).parent
    bundled = [*wheel.parent.glob("av.libs/*opus*"), *wheel.glob(".dylibs/*opus*")]
    path = str(bundled[0]) if bundled else find_library("opus")
    try:
        opus = PyDLL(path) if path else None  # decoding a packet takes less time than releasing the interpreter lock
    except OSError:
        opus = None
    if opus is None:
        log.warning("libopus not found: FFmpeg decodes, for twice the CPU")
        return None
    opus.opus_decoder_init.argtypes = [c_char_p, c_int32, c_int]
    opus.opus_decode.argtypes = [c_char_p, c_char_p, c_int32, c_char_p, c_int, c_int]
    opus.opus_strerror.argtypes, opus.opus_strerror.restype = [c_int], c_char_p
    return opus


class LibopusDecoder:
    """Decodes one stream. Not thread-safe. `sample_rate` (Hz) is 8, 12, 16, 24 or 48 kHz."""

    def __init__(self, sample_rate: int) -> None:
        assert _opus is not None  # noqa: S101 - FFmpegDecoder is used otherwise
        self._opus = _opus
        self._decode = _opus.opus_decode
        self._state = create_string_buffer(_opus.opus_decoder_get_size(1))
        self._opus.opus_decoder_init(self._state, sample_rate, 1)
        self._max_samples = round(sample_rate * MAX_PACKET_SECONDS)
        self._pcm = create_string_buffer(self._max_samples * 2)

    def decode(self, payload: bytes) -> bytes:
        """Return the s16 mono PCM of a packet, which may be mono or stereo, of any bandwidth and length.

        An empty frame is concealed: it continues the previous sound. Raises `ValueError`.
        """
        samples = self._decode(self._state, payload, len(payload), self._pcm, self._max_samples, 0)
        if samples < 0:
            raise ValueError(self._opus.opus_strerror(samples).decode())
        return string_at(self._pcm, samples * 2)


class FFmpegDecoder:
    """Decodes one stream through PyAV. The first packet is a millisecond shorter, which the resampler holds back."""

    def __init__(self, sample_rate: int) -> None:
        self._codec: Any = av.CodecContext.create("libopus" if "libopus" in av.codecs_available else "opus", "r")
        self._codec.sample_rate, self._codec.layout = 48_000, "mono"
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=sample_rate)

    def decode(self, payload: bytes) -> bytes:
        """As `LibopusDecoder.decode`. Raises `ValueError`."""
        try:
            frames = self._codec.decode(av.Packet(payload))
        except FFmpegError as error:
            raise ValueError(str(error)) from None
        pcm = b""
        for frame in frames:
            frame.pts = None
            for resampled in self._resampler.resample(frame):
                pcm += bytes(resampled.planes[0])[: resampled.samples * 2]
        return pcm


_opus = _load_libopus()
Decoder: type[LibopusDecoder] | type[FFmpegDecoder] = LibopusDecoder if _opus is not None else FFmpegDecoder
"""The best decoder of this machine."""
