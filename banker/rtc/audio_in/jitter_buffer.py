"""The jitter buffer of a microphone: puts RTP packets in order and decodes Opus (RFC 7587) to 16 kHz mono PCM."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from banker.rtc.audio_in.opus_decoder import Decoder
from banker.rtc.audio_in.rtp_clock import RtpClock
from banker.rtc.audio_out.opus_encoder import SAMPLE_RATE as RTP_RATE

log = logging.getLogger(__name__)

SAMPLE_RATE = 16_000
"""Hz of the decoded PCM."""
MAX_HELD_PACKETS, MAX_HELD_S = 8, 0.06
"""How many packets wait for a delayed one, and for how long."""
MAX_DROPOUT, MAX_MISORDER = 3000, 100
"""A sequence number further ahead or back is the start of a new stream, if the next one follows it (RFC 3550 appendix
A.1)."""
DTX_PAYLOAD_BYTES = 2
"""A payload of at most this length announces silence (RFC 6716 section 2.1.9)."""
MAX_CONCEALED_SAMPLES = 2880
"""60 ms at 48 kHz. Longer packet loss concealment does not sound like speech."""
MAX_PACKET_SAMPLES = 5760
"""120 ms at 48 kHz: the longest Opus packet (RFC 6716 section 3.2.5)."""


class RtpLike(Protocol):
    """The parts of an RTP packet that are read (RFC 3550 section 5.1)."""

    @property
    def ssrc(self) -> int: ...
    @property
    def sequence_number(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def payload(self) -> bytes: ...


class AudioSink(Protocol):
    """A consumer of decoded audio."""

    def accepts_audio(self) -> bool:
        """Return whether it may listen now. If not, packets are discarded undecoded."""
        ...

    def push_audio(self, pcm: bytes) -> None:
        """Take the next audio: s16 mono, 16 kHz."""
        ...

    def push_silence(self, seconds: float, *, announced: bool = False) -> None:
        """Take silence instead of unsent or lost audio. `announced`: the sender has announced that more may follow."""
        ...


class JitterBuffer:
    """Orders and decodes the packets of one peer. Belongs to the media loop.

    A packet that arrives in order is decoded at once, without a thread or a task.
    """

    def __init__(self, sink: AudioSink) -> None:
        self._sink = sink
        self._ssrc: int | None = None
        self._next_number = 0
        self._clock = RtpClock(RTP_RATE)
        self._strayed: RtpLike | None = None
        """The last packet, if its sequence number was out of range."""
        self._held: dict[int, RtpLike] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._decode: Callable[[bytes], bytes] | None = None
        self._concealment = b""
        """An empty frame of the kind of the last one with sound, for which the decoder conceals a lost frame."""

    def push(self, packet: RtpLike) -> None:
        """Take a packet as it arrives from the network."""
        if not self._sink.accepts_audio():
            if self._ssrc is not None:
                self.close()
            return
        number = packet.sequence_number
        ahead = (number - self._next_number + 0x8000) % 0x10000 - 0x8000
        if packet.ssrc != self._ssrc:
            self._restart(packet)
            ahead = 0
        elif not -MAX_MISORDER <= ahead < MAX_DROPOUT:
            strayed, self._strayed = self._strayed, packet
            if strayed is None or number != (strayed.sequence_number + 1) % 0x10000:
                return
            self._restart(strayed)
            self._pass_on(strayed)
            ahead = 0
        self._strayed = None
        if ahead < 0:
            return  # a duplicate, or too late
        if ahead == 0 and not self._held:
            self._pass_on(packet)
            return
        self._held[number] = packet
        self._drain(skip_missing=len(self._held) > MAX_HELD_PACKETS)

    def close(self) -> None:
        """Drop the stream and every waiting packet. A later packet begins a new stream."""
        self._stop_timer()
        self._held.clear()
        self._ssrc = self._strayed = self._decode = None
        self._clock = RtpClock(RTP_RATE)
        self._concealment = b""

    def _restart(self, packet: RtpLike) -> None:
        """Begin a new stream. The time since the previous one is unknown."""
        self._drain(skip_missing=True)
        self.close()
        self._ssrc, self._next_number = packet.ssrc, packet.sequence_number
        self._decode = Decoder(SAMPLE_RATE).decode

    def _drain(self, *, skip_missing: bool) -> None:
        """Pass on the packets that are in order; with `skip_missing`, all packets."""
        while self._held and (skip_missing or self._next_number in self._held):
            first = min(self._held, key=lambda number: (number - self._next_number) % 0x10000)
            self._pass_on(self._held.pop(first))
        if not self._held:
            self._stop_timer()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MAX_HELD_S, self._time_out)

    def _time_out(self) -> None:
        self._timer = None
        if self._sink.accepts_audio():
            self._drain(skip_missing=True)
        else:
            self.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pass_on(self, packet: RtpLike) -> None:
        lost = (packet.sequence_number - self._next_number) % 0x10000
        self._next_number = (packet.sequence_number + 1) % 0x10000
        length = duration(packet.payload)
        gap = self._clock.gap(packet.timestamp, length, asyncio.get_running_loop().time())
        gap -= self._conceal(gap, lost)
        if gap > 0:
            self._sink.push_silence(gap / RTP_RATE)
        self._concealment = b""
        if not length:
            return
        if len(packet.payload) <= DTX_PAYLOAD_BYTES:
            self._sink.push_silence(length / RTP_RATE, announced=True)
        elif self._decode_and_push(packet.payload):
            self._concealment = bytes([packet.payload[0] & 0xFC])
        else:
            self._sink.push_silence(length / RTP_RATE)

    def _conceal(self, gap: int, lost: int) -> int:
        """Conceal `lost` packets in a gap of `gap` samples. Return how many samples were concealed.

        Without a lost packet, nothing was sent in the gap: silence needs no concealment.
        """
        frame = duration(self._concealment)
        concealed = 0
        while (
            frame
            and lost
            and concealed + frame <= min(gap, MAX_CONCEALED_SAMPLES)
            and self._decode_and_push(self._concealment)
        ):
            concealed += frame
        return concealed

    def _decode_and_push(self, payload: bytes) -> bool:
        """Push the audio of a payload; return False if it cannot be decoded."""
        try:
            pcm = self._decode(payload) if self._decode is not None else b""
        except ValueError as error:
            log.debug("a packet could not be decoded: %s", error)
            return False
        if pcm:
            self._sink.push_audio(pcm)
        return True


def duration(payload: bytes) -> int:
    """Return the samples at 48 kHz in an Opus packet (RFC 6716 section 3.1); 0 for an invalid packet."""
    if not payload:
        return 0
    configuration, code = payload[0] >> 3, payload[0] & 3
    if configuration < 12:
        frame = (480, 960, 1920, 2880)[configuration % 4]
    elif configuration < 16:
        frame = (480, 960)[configuration % 2]
    else:
        frame = (120, 240, 480, 960)[configuration % 4]
    coded = payload[1] & 0x3F if len(payload) > 1 else 0
    samples = frame * (1, 2, 2, coded)[code]
    return samples if samples <= MAX_PACKET_SAMPLES else 0
