"""The user's microphone through aiortc's public API: converts decoded frames to 16 kHz mono and keeps their gaps."""

import asyncio
import secrets
from collections.abc import Callable

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler

from banker.handover.voice import VoicePacket
from banker.rtc.audio_in.jitter_buffer import SAMPLE_RATE, AudioSink
from banker.rtc.audio_in.rtp_clock import RtpClock
from banker.rtc.audio_out.opus_encoder import PACKET_SAMPLES, Encoder
from banker.rtc.audio_out.opus_encoder import SAMPLE_RATE as RTP_RATE


class DecodedTrack:
    """Feeds `sink` from a received track until the track ends. Belongs to the media loop.

    It replaces `jitter_buffer.JitterBuffer` when aiortc orders and decodes the packets.
    """

    def __init__(self, sink: AudioSink, track: MediaStreamTrack) -> None:
        self._sink = sink
        self._track = track
        self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        self._clock: RtpClock | None = None
        self._task = asyncio.ensure_future(self._receive())

    def close(self) -> None:
        """Stop passing on audio."""
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


class EncodingSink:
    """An `AudioSink` that passes audio on to `sink`, if any, and encoded as packets to `tap`.

    Used with `media.fast_path = false` only. Costs 1 ms of the media loop for 100 ms of sound.
    """

    def __init__(self, sink: AudioSink | None, tap: Callable[[VoicePacket], None]) -> None:
        self._sink = sink
        self._tap = tap
        self._encoder = Encoder(SAMPLE_RATE)
        self._ssrc = secrets.randbits(32)
        self._number = 0
        self._timestamp = 0

    def accepts_audio(self) -> bool:
        """Return True: `tap` decides packet by packet, and `sink` is asked when audio arrives."""
        return True

    def push_audio(self, pcm: bytes) -> None:
        """Take the next audio (s16 mono, 16 kHz)."""
        if self._sink is not None and self._sink.accepts_audio():
            self._sink.push_audio(pcm)
        for payload in self._encoder.encode(pcm)[0]:
            self._tap(VoicePacket(self._ssrc, self._number, self._timestamp, payload))
            self._number = (self._number + 1) % 0x10000
            self._timestamp = (self._timestamp + PACKET_SAMPLES) % 0x100000000

    def push_silence(self, seconds: float, *, announced: bool = False) -> None:
        """Let silence pass."""
        if self._sink is not None and self._sink.accepts_audio():
            self._sink.push_silence(seconds, announced=announced)
        self._timestamp = (self._timestamp + round(seconds * RTP_RATE)) % 0x100000000
