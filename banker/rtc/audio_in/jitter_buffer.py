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
"""How many packets wait for one that they overtook, and how long."""
MAX_DROPOUT, MAX_MISORDER = 3000, 100
"""A sequence number further ahead, or further back, belongs to a stream that began anew, if the next one follows it
(RFC 3550 appendix A.1)."""
DTX_PAYLOAD_BYTES = 2
"""A payload of this length or less announces that nothing is sent (RFC 6716 section 2.1.9)."""
MAX_CONCEALED_SAMPLES = 2880
"""At 48 kHz, 60 ms. Packet loss concealment that goes on for longer does not sound like speech."""
MAX_PACKET_SAMPLES = 5760
"""At 48 kHz, 120 ms: the longest Opus packet (RFC 6716 section 3.2.5)."""


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
    """Takes the decoded audio."""

    def accepts_audio(self) -> bool:
        """Whether it may listen now. If not, packets are discarded without being decoded."""
        ...

    def push_audio(self, pcm: bytes) -> None:
        """Take the next audio: s16 mono, 16 kHz."""
        ...

    def push_silence(self, seconds: float, *, announced: bool = False) -> None:
        """Let silence pass: nothing was sent, or it was lost. `announced`: the sender says that more may follow."""
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
        """The last packet, if its sequence number was far off."""
        self._held: dict[int, RtpLike] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._decode: Callable[[bytes], bytes] | None = None
        self._concealment = b""
        """An empty frame of the same kind as the last one with sound: the decoder conceals a lost one for it."""

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
        """Forget the stream and every packet held. A later packet begins a new stream."""
        self._stop_timer()
        self._held.clear()
        self._ssrc = self._strayed = self._decode = None
        self._clock = RtpClock(RTP_RATE)
        self._concealment = b""

    def _restart(self, packet: RtpLike) -> None:
        """A new stream begins. How much time lies between it and the one before is unknown."""
        self._drain(skip_missing=True)
        self.close()
        self._ssrc, self._next_number = packet.ssrc, packet.sequence_number
        self._decode = Decoder(SAMPLE_RATE).decode

    def _drain(self, *, skip_missing: bool) -> None:
        """Pass on the packets that are in order, or all of them."""
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
        """Conceal `lost` packets in a gap of `gap` samples; return how many samples were concealed.

        A gap without a lost packet is one in which nothing was sent: it is silence and needs no concealment.
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
    """Samples at 48 kHz in an Opus packet (RFC 6716 section 3.1); 0 if it is not a packet."""
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
