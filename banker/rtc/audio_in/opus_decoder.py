"""Opus packets become mono sound of the rate that is needed, by the libopus that PyAV's wheels bring.

FFmpeg has it decode to 48 kHz, which is then converted: three times the CPU for the same sound at 16 kHz.
"""

from ctypes import PyDLL, c_char_p, c_int, c_int32, create_string_buffer, string_at
from ctypes.util import find_library
from pathlib import Path

import av

LONGEST_SECONDS = 0.12
"""Of a packet (RFC 6716 §3.2.5)."""


def _library() -> PyDLL:
    """The library, as built into the wheel or as the system has it. Raises `ImportError` without either."""
    wheel = Path(av.__file__).parent
    bundled = [*wheel.parent.glob("av.libs/*opus*"), *wheel.glob(".dylibs/*opus*")]
    path = str(bundled[0]) if bundled else find_library("opus")
    if path is None:
        raise ImportError("there is no libopus: neither in PyAV's wheel nor on this system", name="opus")
    return PyDLL(path)  # a packet takes less time than other threads are let in for


_opus = _library()
_opus.opus_decoder_init.argtypes = [c_char_p, c_int32, c_int]
_opus.opus_decode.argtypes = [c_char_p, c_char_p, c_int32, c_char_p, c_int, c_int]
_opus.opus_strerror.argtypes, _opus.opus_strerror.restype = [c_int], c_char_p
_decoder_bytes = _opus.opus_decoder_get_size(1)
_decode = _opus.opus_decode


class Decoder:
    """Of one stream; for one thread at a time."""

    def __init__(self, sample_rate: int) -> None:
        """`sample_rate`: 8, 12, 16, 24 or 48 kHz, in Hz."""
        self._state = create_string_buffer(_decoder_bytes)
        _opus.opus_decoder_init(self._state, sample_rate, 1)
        self._longest = round(sample_rate * LONGEST_SECONDS)
        self._sound = create_string_buffer(self._longest * 2)

    def decode(self, payload: bytes) -> bytes:
        """The sound of a packet, mono or stereo, of any bandwidth and length: s16 mono.

        For a packet whose frame is empty it makes up what is likely. Raises `ValueError`.
        """
        samples = _decode(self._state, payload, len(payload), self._sound, self._longest, 0)
        if samples < 0:
            raise ValueError(_opus.opus_strerror(samples).decode())
        return string_at(self._sound, samples * 2)
