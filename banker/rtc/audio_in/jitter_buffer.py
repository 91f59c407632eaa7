"""The user's microphone: Opus packets of any order and shape become 16 kHz mono, with their gaps (RFC 7587)."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from banker.rtc.audio_in.opus_decoder import Decoder
from banker.rtc.audio_out.opus_encoder import SAMPLE_RATE as RTP_RATE

log = logging.getLogger(__name__)

SAMPLE_RATE = 16_000
"""Hz of what comes out."""
HELD_PACKETS, HELD_SECONDS = 8, 0.06
"""A packet that overtook another waits for it so long; no more than these wait."""
RESTART = 500
"""A sequence number this far off is of a new stream."""
LONGEST_GAP_SECONDS = 3600.0
SILENT_BYTES = 2
"""A payload as short as this says that nothing is sent (RFC 6716 §2.1.9)."""
CONCEALED = 2880
"""Samples at 48 kHz: so much of what is lost in one go is concealed; whatever is made up for longer is no speech."""


class RtpLike(Protocol):
    """What is needed of an RTP packet."""

    @property
    def ssrc(self) -> int: ...
    @property
    def sequence_number(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def payload(self) -> bytes: ...


class AudioSink(Protocol):
    """Where the sound goes."""

    def accepts_audio(self) -> bool:
        """Whether it may listen now; what comes otherwise is dropped undecoded."""
        ...

    def push_audio(self, pcm: bytes) -> None:
        """The next sound: s16 mono, 16 kHz."""
        ...

    def push_silence(self, seconds: float, *, announced: bool = False) -> None:
        """Nothing was sent, or what was sent is lost, for so long; `announced`: nothing is going to be, either."""
        ...


class JitterBuffer:
    """One peer's. Belongs to the media loop; packets in order pass at once, without a thread or a task."""

    def __init__(self, sink: AudioSink) -> None:
        self._sink = sink
        self._ssrc: int | None = None
        self._next = 0
        self._clock: int | None = None
        self._held: dict[int, RtpLike] = {}
        self._waiting: asyncio.TimerHandle | None = None
        self._decode: Callable[[bytes], bytes] | None = None
        self._filler = b""
        """An empty frame like the last one that held sound, for which the decoder makes up what it is likely to be."""

    def push(self, packet: RtpLike) -> None:
        """Take a packet as it comes from the network."""
        if not self._sink.accepts_audio():
            if self._ssrc is not None:
                self.close()
            return
        number = packet.sequence_number
        ahead = (number - self._next + 0x8000) % 0x10000 - 0x8000
        if packet.ssrc != self._ssrc or not -RESTART < ahead < RESTART:
            self._restart(packet)
            ahead = 0
        if ahead < 0:
            return  # a duplicate, or later than it was waited for
        if ahead == 0 and not self._held:
            self._pass_on(packet)
            return
        self._held[number] = packet
        self._drain(len(self._held) > HELD_PACKETS)

    def close(self) -> None:
        """Forget everything, what is held included. Packets that come after that begin anew."""
        self._stop_waiting()
        self._held.clear()
        self._ssrc = self._clock = self._decode = None
        self._filler = b""

    def _restart(self, packet: RtpLike) -> None:
        """A stream begins: the first one, or another after it. Nothing is known of the time between."""
        self._drain(give_up=True)
        self.close()
        self._ssrc, self._next = packet.ssrc, packet.sequence_number
        self._decode = Decoder(SAMPLE_RATE).decode

    def _drain(self, give_up: bool) -> None:
        """Pass on what is in order; with `give_up` also what is behind missing packets."""
        while self._held and (give_up or self._next in self._held):
            first = min(self._held, key=lambda number: (number - self._next) % 0x10000)
            self._pass_on(self._held.pop(first))
        if not self._held:
            self._stop_waiting()
        elif self._waiting is None:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(HELD_SECONDS, self._lose_patience)

    def _lose_patience(self) -> None:
        self._waiting = None
        if self._sink.accepts_audio():
            self._drain(give_up=True)
        else:
            self.close()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _pass_on(self, packet: RtpLike) -> None:
        lost = (packet.sequence_number - self._next) % 0x10000
        self._next = (packet.sequence_number + 1) % 0x10000
        if self._clock is not None:
            gap = (packet.timestamp - self._clock + 0x80000000) % 0x100000000 - 0x80000000
            gap -= self._conceal(gap, lost)
            if gap > 0:
                self._sink.push_silence(min(gap / RTP_RATE, LONGEST_GAP_SECONDS))
        length = duration(packet.payload)
        self._clock = (packet.timestamp + length) % 0x100000000
        self._filler = b""
        if not length:
            return
        if len(packet.payload) <= SILENT_BYTES:
            self._sink.push_silence(length / RTP_RATE, announced=True)
        elif self._hear(packet.payload):
            self._filler = bytes([packet.payload[0] & 0xFC])
        else:
            self._sink.push_silence(length / RTP_RATE)

    def _conceal(self, gap: int, lost: int) -> int:
        """Go on for what `lost` packets may have held, of the `gap` that they left; how much that was.

        A gap without a lost packet is one in which nothing was sent: that is silence and nothing else.
        """
        frame = duration(self._filler)
        concealed = 0
        while frame and lost and concealed + frame <= min(gap, CONCEALED) and self._hear(self._filler):
            concealed += frame
        return concealed

    def _hear(self, payload: bytes) -> bool:
        """Whether it could be decoded."""
        try:
            pcm = self._decode(payload) if self._decode is not None else b""
        except ValueError as error:
            log.debug("a packet could not be decoded: %s", error)
            return False
        if pcm:
            self._sink.push_audio(pcm)
        return True


def duration(payload: bytes) -> int:
    """Samples at 48 kHz that an Opus packet lasts (RFC 6716 §3.1); 0 for what is no packet."""
    if not payload:
        return 0
    configuration, code = payload[0] >> 3, payload[0] & 3
    if configuration < 12:
        frame = (480, 960, 1920, 2880)[configuration % 4]
    elif configuration < 16:
        frame = (480, 960)[configuration % 2]
    else:
        frame = (120, 240, 480, 960)[configuration % 4]
    told = payload[1] & 0x3F if len(payload) > 1 else 0
    samples = frame * (1, 2, 2, told)[code]
    return samples if samples <= 5760 else 0  # 120 ms at most
