"""The banker's own voice in one user's microphone: taken out of what is heard, and told from somebody who speaks."""

import asyncio
from collections.abc import Callable

from banker.rtc.audio_in.jitter_buffer import SAMPLE_RATE
from banker.rtc.audio_in.opus_decoder import Decoder
from banker.rtc.audio_in.utterance import SECOND_BYTES, AudioSpan
from banker.rtc.audio_out.far_end_reference import FarEndReference
from banker.speech import Detector
from banker.speech.echo_cancellation import FRAME, LATEST_SECONDS, EchoCanceller

SPEECH_FRAMES = 2
"""So many in a row (64 ms) of what is left are somebody who speaks."""


class EchoRemover:
    """Of one session. Belongs to the media loop; the jobs that it makes block, and are for an engine's thread."""

    def __init__(self, played: Callable[[], FarEndReference | None], detector: Detector, sensitivity: float) -> None:
        self._played = played
        self._detector = detector
        self._sensitivity = sensitivity
        self._canceller = EchoCanceller()
        self._clock = asyncio.get_running_loop().time

    @property
    def audible(self) -> bool:
        """Whether it may be in what is heard now."""
        played = self._played()
        return played is not None and played.ended > self._clock() - LATEST_SECONDS

    def taken_out(self, stretch: AudioSpan) -> Callable[[], bytes]:
        """A job: what a recogniser is given of what was said besides; empty when nothing was."""
        rows = self._rows(stretch)

        def work() -> bytes:
            if not rows:
                return stretch.heard()
            rest = stretch.heard(self._canceller.cancel(stretch.sound, _sound(rows, stretch)).sound)
            return rest if rest.strip(b"\0") else b""

        return work

    def leaves_speech(self, stretch: AudioSpan) -> Callable[[], bool]:
        """A job: whether somebody speaks in it, besides."""
        rows = self._rows(stretch)

        def work() -> bool:
            rest = self._canceller.cancel(stretch.sound, _sound(rows, stretch))
            frames = (
                rest.sound[at : at + FRAME * 2].ljust(FRAME * 2, b"\0") for at in range(0, len(rest.sound), FRAME * 2)
            )
            row = 0
            for near, likely in zip(rest.near, self._detector.likely(frames), strict=True):
                row = row + 1 if near and likely >= self._sensitivity else 0
                if row == SPEECH_FRAMES:
                    return True
            return False

        return work

    def _rows(self, stretch: AudioSpan) -> list[tuple[float, list[bytes]]]:
        played = self._played()
        return [] if played is None else played.since(stretch.ended - stretch.seconds - LATEST_SECONDS)


def _sound(rows: list[tuple[float, list[bytes]]], stretch: AudioSpan) -> bytes:
    """What was played while it was heard and shortly before: s16 mono, 16 kHz."""
    began = stretch.ended - stretch.seconds - LATEST_SECONDS
    sound = bytearray(len(stretch.sound) + round(LATEST_SECONDS * SECOND_BYTES))
    decode = Decoder(SAMPLE_RATE).decode
    for due, packets in rows:
        at = 2 * round((due - began) * SAMPLE_RATE)
        pcm = b"".join(map(decode, packets))[max(0, -at) :][: max(0, len(sound) - max(0, at))]
        sound[max(0, at) : max(0, at) + len(pcm)] = pcm
    return bytes(sound)
