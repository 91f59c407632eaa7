"""A customer of the demo bank whose WebRTC stack is another program, which exchanges lines of JSON with the test.

The program writes `offer`, `candidate`, `open`, `message`, `state`, and `sound` (s16 mono) or `packet` (Opus); it reads
`accept`, `send`, `say` and `close`.
"""

import base64
import json
import os
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from queue import Queue
from typing import Any

from banker.rtc.audio_out.opus_encoder import SAMPLE_RATE, encode
from tests.client import Events, Heard
from tests.servers import ROOT, wait_until
from tests.speaking import Talker
from tests.speech.sounds import RATE, wav

FOLDER = Path(__file__).parent
MODULES = ROOT / "build" / "clients" / "node_modules"
STACKS = {
    "libwebrtc": ["node", str(FOLDER / "wrtc.cjs")],
    "werift": ["node", str(FOLDER / "werift.cjs")],
    "gstreamer": ["/usr/bin/python3", str(FOLDER / "gstreamer.py")],
}


class Stack:
    """A running client program. Its events of the conversation go to `events`."""

    def __init__(self, name: str, events: Events) -> None:
        self.events = events
        self.states: list[str] = []
        self.candidates: Queue[dict[str, Any] | None] = Queue()
        self._offer: str | None = None
        self._open = threading.Event()
        self._sound: defaultdict[int, bytearray] = defaultdict(bytearray)
        self._packets = Heard()
        environ = {**os.environ, "NODE_PATH": str(MODULES)}
        self._program = subprocess.Popen(
            STACKS[name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
        )
        self._thread = threading.Thread(target=self._read, name=f"test-{name}", daemon=True)
        self._thread.start()

    def offer(self, limit: float = 30) -> str:
        """The SDP of its offer."""
        wait_until(lambda: self._offer, limit, "an offer")
        return str(self._offer)

    def accept(self, answer: str) -> None:
        """Give it the banker's answer."""
        self._tell(accept=answer)

    @property
    def is_connected(self) -> bool:
        """Whether the events channel is open."""
        return self._open.is_set()

    def send(self, event: Mapping[str, Any]) -> None:
        """Send an event on the channel."""
        self._tell(send=json.dumps(event))

    def say(self, pcm: bytes) -> None:
        """Say this (s16 mono, 16 kHz); returns at once."""
        packets = encode([pcm], RATE).packets
        decoded = Heard([(0, 0, packet, 0.0) for packet in packets]).pcm()
        self._tell(say={"pcm": _base64(decoded), "packets": [_base64(packet) for packet in packets]})

    def heard(self) -> bytes:
        """What came from the banker: a WAV of s16 mono."""
        if self._packets.packets:
            return wav(self._packets.pcm(gaps=True), SAMPLE_RATE)
        rate = max(self._sound, key=lambda rate: len(self._sound[rate]))  # libwebrtc begins with another one
        return wav(bytes(self._sound[rate]), rate)

    def hang_up(self) -> None:
        """Close the connection, as a page does."""
        self._tell(close=True)

    def close(self) -> None:
        """End the program."""
        if self._program.stdin is not None:
            self._program.stdin.close()
        try:
            self._program.wait(5)
        except subprocess.TimeoutExpired:
            self._program.kill()
        self._thread.join(5)

    def _tell(self, **message: Any) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(json.dumps(message) + "\n")
        self._program.stdin.flush()

    def _read(self) -> None:
        for line in self._program.stdout or ():
            message = json.loads(line)
            if "offer" in message:
                self._offer = message["offer"]
            elif "candidate" in message:
                self.candidates.put(message["candidate"])
            elif "open" in message:
                self._open.set()
            elif "message" in message:
                self.events.add(json.loads(message["message"]))
            elif "state" in message:
                self.states.append(message["state"])
            elif "packet" in message:
                number, timestamp, payload = message["packet"]
                self._packets.packets.append((number, timestamp, base64.b64decode(payload), time.monotonic()))
            else:
                self._sound[message["rate"]] += base64.b64decode(message["sound"])


class StackCustomer(Talker):
    """Signals as every customer, and talks with the stack of that name."""

    def __init__(self, url: str, stack: str) -> None:
        super().__init__(url)
        self.stack = Stack(stack, self.events)

    def dial(self) -> None:
        """Create a session, connect, and open the channel. Candidates are sent as they come."""
        self.create()
        self.connect()
        self.stack.accept(self.exchange(self.stack.offer()))
        wait_until(self._trickle, 30, "the events channel being open")

    def _trickle(self) -> bool:
        while not self.stack.candidates.empty():
            self.socket.send({"type": "candidate", "candidate": self.stack.candidates.get()})
        return self.stack.is_connected

    def send(self, event: Mapping[str, Any]) -> None:
        self.stack.send(event)

    def has_heard_words_of(self, turn: int) -> bool:
        """Whether the banker's voice is some words into this turn."""
        captions = [event for event in self.events.of_type("transcript") if event["turn"] == turn]
        return any(event["role"] == "banker" and len(event["text"].split()) > 2 for event in captions)

    def close(self) -> None:
        self.stack.close()
        super().close()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
