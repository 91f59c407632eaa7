"""What a created session costs over HTTP, as a share of the bare Flask route on the same gunicorn."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure
from bench.process import cpu_seconds
from tests.client import mint
from tests.servers import ROOT, Gunicorn, RedisServer, config_environment, write_config

CONNECTIONS = 8


def figures(quick: bool) -> Iterator[Figure]:
    """`POST /v1/sessions`: two token verifications, schema, limits and store in Redis, a signed token; one worker."""
    seconds = 3 if quick else 8
    redis = RedisServer()
    with tempfile.TemporaryDirectory() as folder:
        unlimited = {"config": {"policy": {"rate_limit_per_minute": 100_000}}}  # the limits count and refuse nobody
        config = write_config(Path(folder), {"limits": {"tenant_per_minute": 1_000_000}}, bank=unlimited)
        environ = {"BANKER_REDIS_URL": redis.url, "BANKER_LIMITS__TENANT_PER_MINUTE": "1000000"}
        service = Gunicorn(config, environ=environ, ready=True)
        bare = Gunicorn(config, app="bench.bare:app")
        try:
            ratios = []
            for _ in range(2 if quick else 3):
                created, cost = _rate_and_cost(service, _create(), seconds, b"201")
                plain, floor = _rate_and_cost(bare, _post("/bare", "{}", {}), seconds, b"200")
                ratios.append((created / plain, created, plain, cost, floor))
        finally:
            service.close()
            bare.close()
            redis.close()
    ratio, created, plain, cost, floor = sorted(ratios)[len(ratios) // 2]
    yield Figure("POST /v1/sessions against a bare Flask route, Redis", f"{ratio:.2f}", "0.33", "FastAPI 0.33")
    yield Figure("POST /v1/sessions a second; the bare route", f"{created:.0f}; {plain:.0f}")
    yield Figure("CPU of the worker for each of them; the bare route", f"{cost * 1e6:.0f}; {floor * 1e6:.0f} us")


def _rate_and_cost(server: Gunicorn, request: bytes, seconds: float, status: bytes) -> tuple[float, float]:
    """Answers a second, and the CPU seconds that one of them took."""
    (worker,) = server.workers
    before = cpu_seconds(worker)
    rate = _rate(server.port, request, seconds, status)
    return rate, (cpu_seconds(worker) - before) / (rate * seconds)


def _create() -> bytes:
    token = mint("user-456")
    body = {"tenant_id": "bank", "user_id": "user-456", "auth_assertion": token, "portal_context": {"route": "/"}}
    return _post("/v1/sessions", json.dumps(body), {"Authorization": f"Bearer {token}"})


def _post(path: str, body: str, headers: dict[str, str]) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def _rate(port: int, request: bytes, seconds: float, status: bytes) -> float:
    """Answers a second, asked by a process of its own over kept-alive connections; each answer must have `status`."""
    command = [sys.executable, "-m", "bench.creation", str(port), str(seconds), status.decode()]
    environ = config_environment() | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=request, stdout=subprocess.PIPE, check=True, cwd=ROOT, env=environ)
    return float(done.stdout)


async def _ask(port: int, request: bytes, until: float, status: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = 0
    while time.monotonic() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.split(b" ", 2)[1] == status, head
        length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        await reader.readexactly(int(length.split(b":")[1]))
        answers += 1
    writer.close()
    return answers


async def _ask_all(port: int, request: bytes, seconds: float, status: bytes) -> float:
    until = time.monotonic() + seconds
    return sum(await asyncio.gather(*(_ask(port, request, until, status) for _ in range(CONNECTIONS)))) / seconds


if __name__ == "__main__":
    _, port, seconds, status = sys.argv
    print(asyncio.run(_ask_all(int(port), sys.stdin.buffer.read(), float(seconds), status.encode())))
