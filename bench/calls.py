"""Live conversations a core: the cycle of speaking, silence and an answer, with peers in processes of their own.

A cycle takes 20 s: the user speaks 4 s (50 packets a second) and is silent for 16 s (one packet in 400 ms, as browsers
send with `usedtx=1`); the banker answers for about 6 s. They start at different points. A message a second goes over
the data channel.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from aiortc import MediaStreamTrack
from av import Packet

from banker.rtc.audio_out.opus_encoder import PACKET_SAMPLES, PACKET_SECONDS, SAMPLE_RATE, TIME_BASE, encode
from bench.process import cpu_seconds, memory_mib
from bench.progress import progress
from examples.bank import Bank
from tests.client import LOOP, Customer
from tests.servers import ROOT, Gunicorn, config_environment, write_config
from tests.speech.sounds import pause, say

CYCLE, SPEAKING = 20.0, 4.0
FOREVER = 86_400.0
RETRY_S = 10.0
"""Who does not get through tries again after this time."""
QUESTION = "Could you please tell me the current balance of my everyday checking account?"
"""Takes four seconds."""


@dataclass(frozen=True)
class Live:
    """A service with conversations in it."""

    server: Gunicorn
    sessions: int
    books: Path
    """The bank's database."""
    empty: float
    """MiB of the worker when it had answered one call, and that had ended."""
    users: "subprocess.Popen[bytes]"
    """Those who talk."""

    @property
    def pid(self) -> int:
        """The worker's."""
        return self.server.workers[0]

    @property
    def memory(self) -> float:
        """MiB for each session."""
        return (memory_mib(self.pid) - self.empty) / self.sessions

    def hang_up(self) -> None:
        """Have all users vanish."""
        self.users.kill()
        self.users.wait()


def figures(quick: bool) -> Iterator[tuple[str, str, str]]:
    """Voice alone, then with the face: voice-activity detection in the service, recogniser and model elsewhere."""
    sessions = 20 if quick else 40
    for face, goal in ((False, "150 and more"), (True, "100 and more")):
        what = "voice and face" if face else "voice"
        with Recogniser() as recogniser, live(sessions, face, recogniser.speech) as talks:
            recogniser.asked = 0
            began, used = time.monotonic(), cpu_seconds(talks.pid)
            wait(CYCLE * (1 if quick else 2), what)
            took = time.monotonic() - began
            cpu, memory = (cpu_seconds(talks.pid) - used) / took / sessions, talks.memory
        yield f"live conversations a core, {what} ({sessions} at once)", f"{1 / cpu:.0f}", goal
        heard = f"{recogniser.asked / sessions / took * CYCLE:.1f}"
        yield "- recognitions asked for by each in 20 s", heard, "1 and more: the whole cycle is lived through"
        yield f"memory of a live session, {what}", f"{memory:.2f} MiB", "under 1 MiB"


@contextmanager
def live(
    sessions: int,
    face: bool,
    speech: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    app: str = "bench.bank:app",
    life: float = FOREVER,
) -> Iterator[Live]:
    """This number of conversations, all of them under way.

    Each user stays for `life` seconds, and another one comes.
    """
    media = {"allow_private_candidates": True, "max_peers": 1000}
    service = {"speech": {"synthesiser": "hibari", **speech}, "media": media, "limits": {"calls_per_user": 1000}}
    tenant = {"config": {"avatar_enabled": face, "allowed_tools": ["get_account_status"]}}
    with tempfile.TemporaryDirectory() as folder:
        books = Path(folder) / "bank.sqlite3"
        Bank(books).accounts("demo-customer")
        settings = {"BANK_DATABASE": str(books), **(environ or {})}
        config = write_config(Path(folder), service, bank=tenant)
        server = Gunicorn(config, environ=settings, app=app, ready=True)
        first = _users(server, 1, face)
        try:
            assert first.stdout is not None
            first.stdout.readline()
            wait(CYCLE * 1.5, "a first call, all of its cycle")
            first.kill()
            first.wait()
            wait(3, "the end of the first call")
            empty = memory_mib(server.workers[0])
            progress(f"{sessions} calls begin")
            users = _users(server, sessions, face, life)
            talks = Live(server, sessions, books, empty, users)
            try:
                assert users.stdout is not None
                users.stdout.readline()  # all are connected
                wait(CYCLE / 2, "their greetings")
                yield talks
            finally:
                talks.hang_up()
        finally:
            first.kill()
            server.close()


def wait(seconds: float, what: str) -> None:
    """While figures are taken."""
    progress(f"{what}: {seconds:.0f} s")
    time.sleep(seconds)


class Recogniser(ThreadingHTTPServer):
    """A recogniser elsewhere, that always hears the question; what it costs is not the service's."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Transcription)
        self.asked = 0
        self.speech = {
            "recogniser": "endpoint",
            "model": "none",
            "base_url": f"http://127.0.0.1:{self.server_port}/v1",
            "timeout_seconds": 5,
        }
        Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Transcription(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1  # type: ignore[attr-defined]
        body = json.dumps({"text": QUESTION}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class Speech(MediaStreamTrack):
    """A microphone that speaks 4 s of every 20 s and sends a packet in 400 ms otherwise; encoded once for all."""

    kind = "audio"

    def __init__(self, sound: list[bytes], quiet: bytes, phase: float) -> None:
        super().__init__()
        self._sound = sound
        self._quiet = quiet
        self._origin = self._next = time.monotonic()
        self._began = self._origin - phase

    async def recv(self) -> Packet:
        """The next packet of the cycle."""
        at = (self._next - self._began) % CYCLE
        speaking = at < SPEAKING
        await asyncio.sleep(max(0.0, self._next - time.monotonic()))
        packet = Packet(self._sound[int(at / PACKET_SECONDS) % len(self._sound)] if speaking else self._quiet)
        packet.pts = round((self._next - self._origin) / PACKET_SECONDS) * PACKET_SAMPLES
        packet.time_base = TIME_BASE
        self._next += PACKET_SECONDS if speaking else 20 * PACKET_SECONDS
        return packet


async def _speech(sound: list[bytes], quiet: bytes, phase: float) -> Speech:
    return Speech(sound, quiet, phase)


def _users(server: Gunicorn, sessions: int, face: bool, life: float = FOREVER) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "bench.calls", server.url, str(sessions), str(int(face)), str(life)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=config_environment() | {"PYTHONPATH": str(ROOT)},
    )


def _talk(url: str, sessions: int, face: bool, life: float) -> None:
    """The users: connect all of them, say so, and let each send a message a second.

    They leave one after the other, each after its `life`, and another one comes at once.
    """
    speech = (say(QUESTION) + pause(SPEAKING))[: round(SPEAKING * 32_000)]
    sound = encode([speech], 16_000).packets
    quiet = encode([bytes(2 * PACKET_SAMPLES)], SAMPLE_RATE).packets[0]

    def begin(number: int) -> Customer:
        phase = SPEAKING + (CYCLE - SPEAKING) * number * 0.618 % (CYCLE - SPEAKING)
        customer = Customer(url, user="demo-customer")
        customer.create(portal_context={"account_id": "acc-789"})
        customer.connect()
        customer.call(microphone=LOOP.run(_speech(sound, quiet, phase)), video=face)
        customer.consent()
        customer.socket.close()
        return customer

    customers = [begin(number) for number in range(sessions)]
    began = time.monotonic()
    leaves = [began + life * (number + 1) / sessions for number in range(sessions)]
    print("connected", flush=True)
    while True:
        for number, customer in enumerate(customers):
            time.sleep(1 / sessions)
            if "session.ended" in customer.events or time.monotonic() > leaves[number]:
                with suppress(AssertionError, OSError):
                    customer.end()  # the service may have done so
                customer.close()
                try:
                    customers[number] = begin(number)
                    leaves[number] = time.monotonic() + life
                except (AssertionError, OSError) as error:
                    print(f"user {number} did not get through: {error}", file=sys.stderr, flush=True)
                    leaves[number] = time.monotonic() + RETRY_S
            elif customer.browser.channel.readyState == "open":
                customer.browser.audio.packets.clear()
                customer.browser.send({"type": "confirm", "call_id": "none", "approved": False})


if __name__ == "__main__":
    _talk(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "1", float(sys.argv[4]))
