"""Calls one after the other through the real service: what each costs, and that none leaves anything behind.

A call is a session, its socket, offer, connection and end; a third of the customers vanish, a third drop the socket.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure
from bench.process import cpu_seconds, memory_mib
from tests.client import Customer
from tests.servers import Gunicorn, wait_until, write_config


def state(server: Gunicorn) -> str:
    pid = server.workers[0]
    return f"{server.threads()} threads, {server.descriptors()} fds, {memory_mib(pid):.0f} MiB"


def call(server: Gunicorn, number: int) -> None:
    with Customer(server.url) as customer:
        customer.create()
        customer.connect()
        customer.call()
        customer.consent()
        if number % 3 == 1:
            customer.browser.vanish()
        elif number % 3 == 2:
            customer.socket.drop()
        customer.end()


def figures(quick: bool) -> Iterator[Figure]:
    """A hundred calls, or a thousand."""
    calls = 100 if quick else 1000
    with tempfile.TemporaryDirectory() as folder:
        config = write_config(Path(folder), {"media": {"allow_private_candidates": True}})
        server = Gunicorn(config, ready=True)
        try:
            for number in range(20):
                call(server, number)
            before, descriptors = state(server), server.descriptors()
            began, used = time.monotonic(), cpu_seconds(server.workers[0])
            for number in range(calls):
                call(server, number)
            took, used = time.monotonic() - began, cpu_seconds(server.workers[0]) - used
            wait_until(lambda: server.descriptors() <= descriptors + 3, limit=10, what="descriptors as before")
            after = state(server)
        finally:
            server.close()
    yield Figure(f"a call, connected and ended, of {calls} one after another", f"{took / calls * 1000:.0f} ms")
    yield Figure("its CPU in the service", f"{used / calls * 1000:.1f} ms")
    yield Figure(f"after {calls} calls", after, f"before: {before}")
