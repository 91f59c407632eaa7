"""Live conversations a core: the cycle of speaking, silence and an answer, with peers in processes of their own.

A cycle takes 20 s: the user speaks 4 s (50 packets a second) and is silent for 16 s (one packet in 400 ms, as browsers
send with `usedtx=1`); the banker answers for about 6 s. They start at different points. A message a second goes over
the data channel.
"""

import asyncio
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from aiortc import MediaStreamTrack
from av import Packet

from banker.rtc.audio_out.opus_encoder import PACKET_SAMPLES, PACKET_SECONDS, SAMPLE_RATE, TIME_BASE, encode
from bench.figure import Figure
from bench.metrics import environment, lateness, values
from bench.process import SERVICE_CORE, USERS_CORE, cpu_seconds, memory_mib, on_core
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


@dataclass
class Live:
    """A service with conversations in it."""

    server: Gunicorn
    books: Path
    """The bank's database."""
    face: bool
    life: float
    """How long (s) a user stays; then another one comes."""
    pinned: bool
    sessions: int = 0
    empty: float = 0.0
    """MiB of the worker when it had answered one call, and that had ended."""
    users: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    """Those who talk."""

    @property
    def pid(self) -> int:
        """The worker's."""
        return self.server.workers[0]

    @property
    def memory(self) -> float:
        """MiB for each session."""
        return (memory_mib(self.pid) - self.empty) / self.sessions

    def join(self, sessions: int) -> None:
        """Have so many users more; all of them are connected then, and greeted."""
        progress(f"{sessions} calls begin")
        with on_core(USERS_CORE if self.pinned else None):
            users = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "bench.calls",
                    self.server.url,
                    *map(str, (sessions, int(self.face), self.life)),
                ],
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env=config_environment() | {"PYTHONPATH": str(ROOT)},
            )
        self.users.append(users)
        self.sessions += sessions
        assert users.stdout is not None
        users.stdout.readline()  # all are connected
        wait(CYCLE / 2, "their greetings")

    def hang_up(self) -> None:
        """Have all users vanish."""
        for users in self.users:
            users.kill()
            users.wait()
        self.users.clear()
        self.sessions = 0


def figures(quick: bool) -> Iterator[Figure]:
    """Voice alone, then with the face: voice-activity detection in the service, recogniser and model elsewhere."""
    yield from _voice((30,) if quick else (10, 50, 100, 150), quick)
    if not quick:
        yield from _face(100)


def _voice(levels: Sequence[int], quick: bool) -> Iterator[Figure]:
    with Recogniser() as recogniser, live(0, False, recogniser.speech, environment()) as talks:
        for level in levels:
            talks.join(level - talks.sessions)
            cost = measure(talks, recogniser, 1 if quick else 2)
            yield Figure(
                f"live conversations a core, voice ({level} at once)",
                f"{1 / cost.cpu:.0f}",
                "200" if level >= 100 else "",
                series={"sessions": level, "cpu": 100 * cost.cpu, "memory": cost.memory},
            )
            yield Figure("- of a core for each; MiB for each", f"{cost.cpu:.2%}; {cost.memory:.2f}", "0.5 %; 1 MiB")
            yield Figure("- recognitions asked for by each in 20 s", f"{cost.recognitions:.1f}", "1: all of the cycle")
            yield Figure("- lateness of sent packets, 99 of 100", cost.lateness, "under 20 ms")


def _face(level: int) -> Iterator[Figure]:
    with Recogniser() as recogniser, live(level, True, recogniser.speech, environment()) as talks:
        cost = measure(talks, recogniser, 2)
    yield Figure(f"live conversations a core, voice and face ({level} at once)", f"{1 / cost.cpu:.0f}", "120")
    yield Figure("memory of a live session, voice and face", f"{cost.memory:.2f} MiB", "under 1 MiB")


@dataclass(frozen=True)
class Cost:
    """What each of the sessions costs: share of a core, MiB, and recognitions asked for in a cycle."""

    cpu: float
    memory: float
    recognitions: float
    lateness: str


def measure(talks: Live, recogniser: "Recogniser", cycles: int) -> Cost:
    """The cost of the conversations that are under way, over so many cycles."""
    recogniser.asked = 0
    before, began, used = values(talks.server), time.monotonic(), cpu_seconds(talks.pid)
    wait(CYCLE * cycles, f"{talks.sessions} conversations")
    took, used = time.monotonic() - began, cpu_seconds(talks.pid) - used
    return Cost(
        used / took / talks.sessions,
        talks.memory,
        recogniser.asked / talks.sessions / took * CYCLE,
        lateness(before, values(talks.server), 0.99),
    )


@contextmanager
def live(
    sessions: int,
    face: bool,
    speech: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    app: str = "bench.bank:app",
    life: float = FOREVER,
    pinned: bool = True,
) -> Iterator[Live]:
    """A service with this number of conversations, all of them under way.

    Each user stays for `life` seconds, and another one comes. `pinned` gives the service one core, and users another.
    """
    media = {"allow_private_candidates": True, "max_peers": 1000}
    service = {"speech": {"synthesiser": "hibari", **speech}, "media": media, "limits": {"calls_per_user": 1000}}
    tenant = {"config": {"avatar_enabled": face, "allowed_tools": ["get_account_status"]}}
    with tempfile.TemporaryDirectory() as folder:
        books = Path(folder) / "bank.sqlite3"
        Bank(books).accounts("demo-customer")
        settings = {"BANK_DATABASE": str(books), **(environ or {})}
        config = write_config(Path(folder), service, bank=tenant)
        with on_core(SERVICE_CORE if pinned else None):
            server = Gunicorn(config, environ=settings, app=app, ready=True)
        talks = Live(server, books, face, life, pinned)
        try:
            talks.join(1)
            wait(CYCLE, "the rest of a first cycle")
            talks.hang_up()
            wait(3, "the end of the first call")
            talks.empty = memory_mib(talks.pid)
            if sessions:
                talks.join(sessions)
            yield talks
        finally:
            talks.hang_up()
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
    """A microphone that speaks 4 s of every 20 s; encoded once for all.

    In silence it sends a packet in 400 ms as browsers do that were asked for `usedtx=1`, else one in 20 ms.
    """

    kind = "audio"

    def __init__(self, sound: list[bytes], quiet: bytes, phase: float, *, dtx: bool = True) -> None:
        super().__init__()
        self._pause = PACKET_SECONDS * (20 if dtx else 1)
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
        self._next += PACKET_SECONDS if speaking else self._pause
        return packet


async def microphone(phase: float, *, dtx: bool = True) -> Speech:
    """One that begins at this point (s) of the cycle; called in the loop of the connection."""
    sound, quiet = _encoded()
    return Speech(sound, quiet, phase, dtx=dtx)


@functools.cache
def _encoded() -> tuple[list[bytes], bytes]:
    speech = (say(QUESTION) + pause(SPEAKING))[: round(SPEAKING * 32_000)]
    return encode([speech], 16_000).packets, encode([bytes(2 * PACKET_SAMPLES)], SAMPLE_RATE).packets[0]


def phase_of(number: int) -> float:
    """Where in the cycle's silence a user begins, spread evenly over any number of users."""
    return SPEAKING + (CYCLE - SPEAKING) * number * 0.618 % (CYCLE - SPEAKING)


def _talk(url: str, sessions: int, face: bool, life: float) -> None:
    """The users: connect all of them, say so, and let each send a message a second.

    They leave one after the other, each after its `life`, and another one comes at once.
    """

    def begin(number: int) -> Customer:
        customer = Customer(url, user="demo-customer")
        customer.create(portal_context={"account_id": "acc-789"})
        customer.connect()
        customer.call(microphone=LOOP.run(microphone(phase_of(number))), video=face)
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
