"""A customer who talks: a microphone that says what a test gives it, and a session of the demo bank to say it in."""

import asyncio
import itertools
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import jwt
import requests
from aiortc import MediaStreamTrack
from av import Packet

from banker.config.tenant_files import DEMO_SECRET
from banker.rtc.audio_out.opus_encoder import PACKET_SAMPLES, PACKET_SECONDS, SAMPLE_RATE, TIME_BASE, encode
from tests.client import LIMIT, LOOP, Customer
from tests.servers import wait_until
from tests.speech.sounds import sent_in_silence, wav

CONSENT = "2026-12"


@dataclass
class Utterance:
    """Something that is said: when its first and its last packet left (s, monotonic)."""

    left: int
    began: float = 0.0
    ended: float = 0.0

    def wait(self) -> "Utterance":
        """Until it has been said."""
        wait_until(lambda: self.left == 0, limit=60, what="the end of what is said")
        return self


class Mouth(MediaStreamTrack):
    """A microphone: `say` queues sound, between which it hears silence."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._queue: deque[tuple[Utterance, bytes]] = deque()
        self._numbers = itertools.count()
        self._origin = time.monotonic()
        self._quiet = 0
        self._silence = encode([bytes(2 * PACKET_SAMPLES)], SAMPLE_RATE).packets[0]

    def say(self, pcm: bytes, rate: int = 16_000) -> Utterance:
        """Say this (s16 mono) behind what is being said; returns at once."""
        packets = encode([pcm], rate).packets
        utterance = Utterance(len(packets))
        self._queue.extend((utterance, packet) for packet in packets)
        return utterance

    async def recv(self) -> "Packet[Any]":
        """The next packet that a browser would send."""
        while True:
            number = next(self._numbers)
            await asyncio.sleep(max(0.0, self._origin + number * PACKET_SECONDS - time.monotonic()))
            payload = self._payload()
            if payload is not None:
                packet: Packet[Any] = Packet(payload)
                packet.pts = number * PACKET_SAMPLES
                packet.time_base = TIME_BASE
                return packet

    def _payload(self) -> bytes | None:
        if self._queue:
            self._quiet = 0
            utterance, payload = self._queue.popleft()
            utterance.began = utterance.began or time.monotonic()
            utterance.ended = time.monotonic()
            utterance.left -= 1
            return payload
        self._quiet += 1
        return sent_in_silence(self._silence, self._quiet)


class Talker(Customer):
    """The demo bank's customer, who agrees, hears the greeting out and talks; `say` takes s16 mono at 16 kHz."""

    def create(self, **_: Any) -> dict[str, Any]:
        """As a customer of the demo bank, whose secret is published."""
        now = int(time.time())
        claims = {"iss": "https://demo.bank.example", "sub": "demo-customer", "aud": "virtual-banker"}
        token = jwt.encode({**claims, "iat": now, "exp": now + 600}, DEMO_SECRET, algorithm="HS256")
        body = {"tenant_id": "demo", "user_id": "demo-customer", "auth_assertion": token}
        body |= {"portal_context": {"route": "/", "account_id": "acc-789"}}
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.post(f"{self.url}/v1/sessions", json=body, headers=headers, timeout=LIMIT)
        assert answer.status_code == 201, answer.text
        self.session = answer.json()
        return self.session

    def begin(self, consent: str = CONSENT) -> None:
        """Create, connect, agree, and wait until the greeting is over."""
        self.create()
        self.connect()
        self.mouth = LOOP.run(_mouth())
        self.call(microphone=self.mouth)
        self.consent(consent)
        self.events.wait_for("transcript", role="banker", final=True)
        self.wait_listening()

    def say(self, pcm: bytes) -> Utterance:
        """Begin to say something."""
        return self.mouth.say(pcm)

    def wait_listening(self, limit: float = LIMIT) -> None:
        """Until the banker has finished."""
        wait_until(lambda: self.events.of_type("state")[-1:] == [LISTENING], limit, "the banker listening")

    def turns(self, role: str) -> list[dict[str, Any]]:
        """The final turns of one side that hold words."""
        return [e for e in self.events.of_type("transcript") if e["final"] and e["role"] == role and e["text"]]

    def wait_turn(self, role: str, nth: int, limit: float = LIMIT) -> dict[str, Any]:
        """The `nth` final turn of one side."""
        wait_until(lambda: len(self.turns(role)) >= nth, limit, f"turn {nth} of the {role} in {self.words()}")
        return self.turns(role)[nth - 1]

    def words(self) -> list[str]:
        """All final turns, for whoever reads a failure."""
        return [f"{e['role']}: {e['text']}" for e in self.events.of_type("transcript") if e["final"]]

    def heard(self, since: int = 0) -> bytes:
        """What came from the banker since that packet, with its pauses: a WAV of s16 mono at 48 kHz."""
        return wav(self.browser.sound(since, gaps=True), SAMPLE_RATE)


LISTENING = {"type": "state", "state": "listening"}


async def _mouth() -> Mouth:
    return Mouth()
