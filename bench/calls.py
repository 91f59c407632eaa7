"""Live conversations a core: the cycle of speaking, silence and an answer, with peers in processes of their own.

A cycle takes 20 s: the user speaks 4 s (50 packets a second), is silent for 16 s (one packet in 400 ms, as browsers
send with `usedtx=1`), asks in writing meanwhile and is answered by voice for about 5 s. They start at different points.
"""

import array
import asyncio
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from aiortc import MediaStreamTrack
from av import Packet

from banker.media.opus import PACKET_SAMPLES, PACKET_SECONDS, SAMPLE_RATE, TIME_BASE, encode
from bench.process import cpu_seconds, memory_mib
from tests.client import LOOP, Customer
from tests.servers import ROOT, Gunicorn, config_environment, write_config

CYCLE, SPEAKING = 20.0, 4.0
QUESTION = "What is the balance of my account?"


def figures(quick: bool) -> Iterator[tuple[str, str, str]]:
    """Voice alone, then with the face."""
    sessions = 20 if quick else 40
    for face, goal in ((False, "150 and more"), (True, "100 and more")):
        cpu, memory = _measure(sessions, face, cycles=1 if quick else 3)
        what = "voice and face" if face else "voice"
        yield f"live conversations a core, {what} ({sessions} at once)", f"{1 / cpu:.0f}", goal
        yield f"memory of a live session, {what}", f"{memory:.2f} MiB", "under 1 MiB"


def _measure(sessions: int, face: bool, cycles: int) -> tuple[float, float]:
    """CPU (share of a core) and memory (MiB) of a session, the engines' own work for the answers included."""
    service = {"speech": {"synthesiser": "piper"}, "media": {"allow_private_candidates": True}}
    tenant = {"config": {"avatar_enabled": face, "allowed_tools": ["get_account_status"]}}
    with tempfile.TemporaryDirectory() as folder:
        environ = {"BANK_DATABASE": str(Path(folder) / "bank.sqlite3")}
        config = write_config(Path(folder), service, bank=tenant)
        server = Gunicorn(config, environ=environ, app="bench.bank:app", ready=True)
        users = subprocess.Popen(
            [sys.executable, "-m", "bench.calls", server.url, str(sessions), str(int(face))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=config_environment() | {"PYTHONPATH": str(ROOT)},
        )
        try:
            assert users.stdin is not None
            assert users.stdout is not None
            (pid,) = server.workers
            empty = memory_mib(pid)
            users.stdout.readline()  # all are connected
            time.sleep(CYCLE / 2)
            began, used = time.monotonic(), cpu_seconds(pid)
            time.sleep(CYCLE * cycles)
            cpu = (cpu_seconds(pid) - used) / (time.monotonic() - began) / sessions
            memory = (memory_mib(pid) - empty) / sessions
        finally:
            users.kill()
            users.wait()
            server.close()
    return cpu, memory


class Speech(MediaStreamTrack):
    """A microphone that speaks 4 s of every 20 s and sends a packet in 400 ms otherwise; encoded once for all."""

    kind = "audio"
    _tone = array.array("h", (round(9000 * math.sin(n / 40) * math.sin(n / 9000)) for n in range(SAMPLE_RATE)))
    _sound = encode([_tone.tobytes()], SAMPLE_RATE).packets
    _quiet = encode([bytes(2 * PACKET_SAMPLES)], SAMPLE_RATE).packets[0]

    def __init__(self, phase: float) -> None:
        super().__init__()
        self._began = time.monotonic() - phase
        self._next = time.monotonic()
        self._origin = self._next

    async def recv(self) -> Packet:
        """The next packet of the cycle."""
        speaking = (self._next - self._began) % CYCLE < SPEAKING
        await asyncio.sleep(max(0.0, self._next - time.monotonic()))
        number = round((self._next - self._origin) / PACKET_SECONDS)
        packet = Packet(self._sound[number % len(self._sound)] if speaking else self._quiet)
        packet.pts = number * PACKET_SAMPLES
        packet.time_base = TIME_BASE
        self._next += PACKET_SECONDS if speaking else 20 * PACKET_SECONDS
        return packet


async def _speech(phase: float) -> Speech:
    return Speech(phase)


def _talk(url: str, sessions: int, face: bool) -> None:
    """The users: connect all of them, say so, and let each ask once a cycle."""
    customers = []
    for number in range(sessions):
        phase = CYCLE * number * 0.618 % CYCLE
        customer = Customer(url, user="demo-customer")
        customer.create(portal_context={"account_id": "acc-789"})
        customer.connect()
        customer.call(microphone=LOOP.run(_speech(phase)), video=face)
        customer.consent()
        customer.socket.close()
        customers.append((customer, phase))
    print("connected", flush=True)
    began = time.monotonic()
    asked = dict.fromkeys(range(sessions), 0)
    while True:
        for number, (customer, phase) in enumerate(customers):
            due = (time.monotonic() - began + phase - SPEAKING) // CYCLE
            if due > asked[number]:
                asked[number] = int(due)
                customer.browser.send(json.dumps({"type": "message.send", "text": QUESTION}))
        time.sleep(0.1)


if __name__ == "__main__":
    _talk(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "1")
