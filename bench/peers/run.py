"""`make bench-peers`: Pipecat and FastRTC beside this service, under the same conversation cycle, on the same core.

    python -m bench.peers.run PYTHON [--sessions 8] [--output build/bench]

PYTHON is that of an environment with requirements-peers.txt. Each system has one core in turn, and its users the other.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from banker.config.speech import SpeechSettings
from banker.speech.loading import load_synthesiser
from bench.calls import CYCLE, Recogniser, live, measure, wait
from bench.metrics import environment
from bench.process import SERVICE_CORE, USERS_CORE, cpu_seconds, memory_mib, on_core
from bench.progress import progress
from tests.servers import ROOT, config_environment, free_port, wait_until
from tests.speech.sounds import wav

ANSWER = "Your Everyday Checking account has a balance of four thousand three hundred and seventeen dollars."
"""What the banker's answers are like: five to six seconds."""


@dataclass(frozen=True)
class Peer:
    """Another system: its server, and where it takes offers."""

    name: str
    server: str
    path: str


PEERS = (
    Peer("Pipecat, Silero", "pipecat_server.py", "/offer"),
    Peer("FastRTC, without voice-activity detection", "fastrtc_server.py", "/webrtc/offer"),
)


@dataclass(frozen=True)
class Row:
    """What a live session of one system costs: share of a core, and MiB."""

    system: str
    sessions: int
    cpu: float
    memory: float


def ours(sessions: int) -> Row:
    """This service, voice with voice-activity detection, recogniser and model elsewhere."""
    with Recogniser() as recogniser, live(sessions, False, recogniser.speech, environment()) as talks:
        cost = measure(talks, recogniser, 2)
    return Row("Virtual Banker", sessions, cost.cpu, cost.memory)


def theirs(peer: Peer, python: Path, sessions: int, answer: Path) -> Row:
    """The other system, recogniser, model and voice replaced by one recorded answer."""
    with _serving(peer, python, answer) as (pid, url):
        with _users(url, 1):
            wait(CYCLE, f"{peer.name}: a first call")
        wait(3, "the end of the first call")
        empty = memory_mib(pid)
        with _users(url, sessions):
            wait(CYCLE / 2, f"{peer.name}: {sessions} calls begin")
            began, used = time.monotonic(), cpu_seconds(pid)
            wait(2 * CYCLE, f"{peer.name}: {sessions} conversations")
            took, used = time.monotonic() - began, cpu_seconds(pid) - used
            return Row(peer.name, sessions, used / took / sessions, (memory_mib(pid) - empty) / sessions)


@contextmanager
def _serving(peer: Peer, python: Path, answer: Path) -> Iterator[tuple[int, str]]:
    port = free_port()
    script = Path(__file__).with_name(peer.server)
    with on_core(SERVICE_CORE):
        server = subprocess.Popen([python, script, str(port), answer], stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(url), 180, f"{peer.name} being up", every=0.5)
        yield server.pid, url + peer.path
    finally:
        server.kill()
        server.wait()


def _answers(url: str) -> bool:
    try:
        requests.get(url, timeout=5)
    except requests.ConnectionError:
        return False
    return True


@contextmanager
def _users(url: str, sessions: int) -> Iterator[None]:
    with on_core(USERS_CORE):
        users = subprocess.Popen(
            [sys.executable, "-m", "bench.peers.users", url, str(sessions)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=config_environment() | {"PYTHONPATH": str(ROOT)},
        )
    try:
        assert users.stdout is not None
        assert users.stdout.readline(), "the users have ended; see what they wrote above"
        yield
    finally:
        users.kill()
        users.wait()


def main() -> None:
    """Measure one after the other, and print them as a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", type=Path)
    parser.add_argument("--sessions", type=int, default=8, help="at once; more than the slowest carries means nothing")
    parser.add_argument("--output", type=Path, default=Path("build/bench"), help="folder of peers.json")
    options = parser.parse_args()
    voice = load_synthesiser(SpeechSettings())
    assert voice is not None
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.wav"
        answer.write_bytes(wav(b"".join(voice.synthesise(ANSWER)), voice.sample_rate))
        rows = [ours(options.sessions)]
        for peer in PEERS:
            progress(peer.name)
            rows.append(theirs(peer, options.python, options.sessions, answer))
    print(f"{'system':45} {'of a core each':>15} {'a core carries':>15} {'MiB each':>9} {'CPU to ours':>12}")
    for row in rows:
        ratio = f"{row.cpu / rows[0].cpu:.1f} times"
        print(f"{row.system:45} {row.cpu:>15.2%} {1 / row.cpu:>15.0f} {row.memory:>9.2f} {ratio:>12}")
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "peers.json").write_text(json.dumps([vars(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
