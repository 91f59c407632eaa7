"""The user's microphone through aiortc's public API: decoded frames become 16 kHz mono, with their gaps."""

import asyncio

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler

from banker.rtc.audio_in.jitter_buffer import SAMPLE_RATE, AudioSink
from banker.rtc.audio_in.rtp_clock import RtpClock


class DecodedTrack:
    """Feeds `sink` from a received track until that ends. Belongs to the media loop.

    It takes the place of `jitter_buffer.JitterBuffer` where aiortc orders and decodes the packets.
    """

    def __init__(self, sink: AudioSink, track: MediaStreamTrack) -> None:
        self._sink = sink
        self._track = track
        self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        self._clock: RtpClock | None = None
        self._task = asyncio.ensure_future(self._receive())

    def close(self) -> None:
        """Pass on nothing more."""
        self._task.cancel()

    async def _receive(self) -> None:
        try:
            while True:
                frame = await self._track.recv()
                if isinstance(frame, AudioFrame):
                    self._pass_on(frame)
        except MediaStreamError:
            return

    def _pass_on(self, frame: AudioFrame) -> None:
        if not self._sink.accepts_audio() or frame.pts is None:
            self._clock = None
            return
        self._clock = self._clock or RtpClock(frame.sample_rate)
        gap = self._clock.gap(frame.pts, frame.samples, asyncio.get_running_loop().time())
        if gap:
            self._sink.push_silence(gap / frame.sample_rate)
        frame.pts = None  # the resampler fills no gaps
        for resampled in self._resampler.resample(frame):
            self._sink.push_audio(bytes(resampled.planes[0])[: resampled.samples * 2])
