"""A customer's microphone and loudspeaker in virtual time: what they say goes out as packets, what comes is kept."""

import asyncio
import itertools
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, CodecContext

from banker.rtc.audio_in.jitter_buffer import SAMPLE_RATE, JitterBuffer
from banker.rtc.audio_in.opus_decoder import Decoder
from banker.rtc.audio_out.opus_encoder import PACKET_SAMPLES, PACKET_SECONDS, SILENCE
from banker.rtc.audio_out.playout import Speaker
from tests.speech.sounds import Rtp, mixed, packets, sent_in_silence, wav

FRAME_BYTES = round(PACKET_SECONDS * SAMPLE_RATE) * 2
ECHO_SECONDS = 0.12
"""The way from the loudspeaker into the microphone, and both jitter buffers."""


@dataclass
class Utterance:
    """Something that is said: when it began and when it ends (s, virtual)."""

    left: int
    began: float = 0.0
    ended: float = 0.0
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Handset:
    """Plays and records from the moment that it is made, until the speaker stops.

    `muted`: nothing is sent at all. `echo`: how much of the loudspeaker the microphone hears (0.1 is -20 dB).
    `noise`: what there is in the room all the time (s16 mono, 16 kHz; again and again). `lost`: the share of packets
    that never arrive.
    """

    def __init__(self, microphone: JitterBuffer, speaker: Speaker) -> None:
        self.muted = False
        self.echo = 0.0
        self.noise = b""
        self.lost = 0.0
        self.heard: list[tuple[float, bytes]] = []
        """What came from the banker, with its times."""
        self._chance = random.Random(6)
        self._microphone, self._speaker = microphone, speaker
        self._queue: deque[tuple[Utterance, bytes, bytes]] = deque()
        self._echoes: deque[tuple[float, bytes]] = deque()
        self._decode, self._undecoded = Decoder(SAMPLE_RATE).decode, b""
        self._encoder = _encoder()
        self._quiet = 0
        self._loop = asyncio.get_running_loop()
        self._tasks = [asyncio.ensure_future(self._talk()), asyncio.ensure_future(self._listen())]

    def say(self, pcm: bytes, times: int = 1) -> Utterance:
        """Say this (s16 mono, 16 kHz), so often, behind what is being said; returns at once."""
        payloads = [packet.payload for packet in packets(pcm)]
        utterance = Utterance(len(payloads) * times)
        frames = [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES)]
        pieces = [(utterance, payload, frame) for payload, frame in zip(payloads, frames, strict=False)]
        utterance.left = len(pieces) * times
        self._queue.extend(pieces * times)
        return utterance

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def loud(self, since: float, until: float = float("inf")) -> bool:
        """Whether the banker was heard at any time between these."""
        return any(since < at <= until for at, _ in self.heard)

    def recording(self, since: float = 0.0, *, gaps: bool = True) -> bytes:
        """What came from the banker, with its pauses or without: a WAV of s16 mono at 16 kHz."""
        decode, pcm, origin = Decoder(SAMPLE_RATE).decode, b"", None
        for at, payload in self.heard:
            if at >= since:
                origin = at if origin is None else origin
                pcm = pcm.ljust(round((at - origin) * SAMPLE_RATE) * 2 if gaps else 0, b"\0") + decode(payload)
        return wav(pcm, SAMPLE_RATE)

    async def _talk(self) -> None:
        origin, sent = self._loop.time(), 0
        for tick in itertools.count():
            await asyncio.sleep(max(0.0, origin + tick * PACKET_SECONDS - self._loop.time()))
            payload = self._payload()
            if payload is None or self.muted:
                continue
            sent += 1
            if self._chance.random() >= self.lost:
                self._microphone.push(Rtp(sent % 2**16, tick * PACKET_SAMPLES % 2**32, payload))

    async def _listen(self) -> None:
        try:
            while True:
                packet = await self._speaker.recv()
                self.heard.append((self._loop.time(), bytes(packet)))
                if self.echo:
                    self._undecoded += self._decode(bytes(packet))
                    self._echoes.append((self._loop.time() + ECHO_SECONDS, self._undecoded[:FRAME_BYTES]))
                    self._undecoded = self._undecoded[FRAME_BYTES:]
        except MediaStreamError:
            return

    def _payload(self) -> bytes | None:
        said, frame = self._said()
        around = []
        if self._echoes and self._echoes[0][0] <= self._loop.time():
            around.append((self._echoes.popleft()[1], self.echo))
        if self.noise:
            around.append((self.noise[:FRAME_BYTES], 1.0))
            self.noise = self.noise[FRAME_BYTES:] + self.noise[:FRAME_BYTES]
        if around:
            self._quiet = 0
            heard = (frame or b"").ljust(FRAME_BYTES, b"\0")
            for sound, loudness in around:
                heard = mixed(heard, sound.ljust(FRAME_BYTES, b"\0"), loudness)
            return self._encode(heard)
        self._quiet = 0 if said else self._quiet + 1
        return said or sent_in_silence(SILENCE.packets[-1], self._quiet)

    def _said(self) -> tuple[bytes | None, bytes | None]:
        """The next 20 ms of what is being said, encoded and plain."""
        if not self._queue:
            return None, None
        utterance, payload, frame = self._queue.popleft()
        utterance.began = utterance.began or self._loop.time()
        utterance.ended = self._loop.time() + PACKET_SECONDS
        utterance.left -= 1
        if not utterance.left:
            utterance.done.set()
        return payload, frame

    def _encode(self, pcm: bytes) -> bytes:
        frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.sample_rate = SAMPLE_RATE
        frame.planes[0].update(pcm)
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame)) or SILENCE.packets[-1]


def _encoder() -> Any:
    codec: Any = CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = SAMPLE_RATE, "mono", "s16", 32_000
    codec.options = {"application": "voip"}
    return codec
