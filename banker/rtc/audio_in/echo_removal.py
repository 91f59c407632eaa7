"""Removes the agent's own voice (acoustic echo) from the user's microphone, and detects double talk in the rest."""

import asyncio
from collections.abc import Callable

from banker.rtc.audio_in.jitter_buffer import SAMPLE_RATE
from banker.rtc.audio_in.opus_decoder import Decoder
from banker.rtc.audio_in.utterance import BYTES_PER_S, AudioSpan
from banker.rtc.audio_out.far_end_reference import FarEndReference
from banker.speech import Detector
from banker.speech.echo_cancellation import FRAME_SAMPLES, MAX_ECHO_DELAY_S, EchoCanceller

DOUBLE_TALK_FRAMES = 2
"""How many consecutive frames of near-end speech (64 ms) are double talk. One is often residual echo."""


class EchoRemover:
    """Removes the echo of one session. Belongs to the media loop; its jobs block and run in an engine's thread.

    `far_end` returns what the agent has played so far, or None before the peer is connected. `sensitivity` is the
    speech probability (0 to 1) above which a frame is speech.
    """

    def __init__(self, far_end: Callable[[], FarEndReference | None], detector: Detector, sensitivity: float) -> None:
        self._far_end = far_end
        self._detector = detector
        self._sensitivity = sensitivity
        self._canceller = EchoCanceller()
        self._clock = asyncio.get_running_loop().time

    @property
    def is_agent_audible(self) -> bool:
        """Whether the microphone may pick up the agent's voice now."""
        far_end = self._far_end()
        return far_end is not None and far_end.ended > self._clock() - MAX_ECHO_DELAY_S

    def removal(self, span: AudioSpan) -> Callable[[], bytes]:
        """Return a job that returns the span's PCM for the recogniser without echo; empty if nothing is left."""
        reference = self._reference(span)

        def remove() -> bytes:
            if not reference:
                return span.without_skipped()
            pcm = span.without_skipped(self._canceller.cancel(span.pcm, _far_end_pcm(reference, span)).pcm)
            return pcm if pcm.strip(b"\0") else b""

        return remove

    def double_talk_check(self, span: AudioSpan) -> Callable[[], bool]:
        """Return a job that returns whether anyone but the agent speaks in the span."""
        reference = self._reference(span)

        def check() -> bool:
            residual = self._canceller.cancel(span.pcm, _far_end_pcm(reference, span))
            size, pcm = FRAME_SAMPLES * 2, residual.pcm
            frames = (pcm[start : start + size].ljust(size, b"\0") for start in range(0, len(pcm), size))
            consecutive = 0
            for is_near, probability in zip(residual.near_end, self._detector.probabilities(frames), strict=True):
                consecutive = consecutive + 1 if is_near and probability >= self._sensitivity else 0
                if consecutive == DOUBLE_TALK_FRAMES:
                    return True
            return False

        return check

    def _reference(self, span: AudioSpan) -> list[tuple[float, list[bytes]]]:
        far_end = self._far_end()
        return [] if far_end is None else far_end.since(span.ended_at - span.seconds - MAX_ECHO_DELAY_S)


def _far_end_pcm(reference: list[tuple[float, list[bytes]]], span: AudioSpan) -> bytes:
    """Return what the agent said during the span and `MAX_ECHO_DELAY_S` before it (s16 mono, 16 kHz)."""
    began = span.ended_at - span.seconds - MAX_ECHO_DELAY_S
    pcm = bytearray(len(span.pcm) + round(MAX_ECHO_DELAY_S * BYTES_PER_S))
    decode = Decoder(SAMPLE_RATE).decode
    for sent_at, packets in reference:
        at = 2 * round((sent_at - began) * SAMPLE_RATE)
        decoded = b"".join(map(decode, packets))[max(0, -at) :][: max(0, len(pcm) - max(0, at))]
        pcm[max(0, at) : max(0, at) + len(decoded)] = decoded
    return bytes(pcm)
