"""How long a customer waits for the first sound."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure
from tests.client import Customer
from tests.servers import Gunicorn, wait_until, write_config

SERVICE = {"speech": {"synthesiser": "hibari"}, "media": {"allow_private_candidates": True}}
AT_ONCE = {"config": {"policy": {"require_consent": False, "rate_limit_per_minute": 10_000}}}


def figures(quick: bool) -> Iterator[Figure]:
    """From opening the WebSocket to the first packet of the greeting, engines warm, loopback."""
    waits = []
    with tempfile.TemporaryDirectory() as folder:
        server = Gunicorn(write_config(Path(folder), SERVICE, bank=AT_ONCE), ready=True)
        try:
            for number in range(6 if quick else 21):
                with Customer(server.url) as customer:
                    customer.create()
                    began = time.monotonic()
                    customer.connect()
                    browser = customer.call()
                    wait_until(lambda browser=browser: browser.audio.packets, what="the first packet")
                    if number:
                        waits.append(browser.audio.packets[0][3] - began)
        finally:
            server.close()
    yield Figure(
        "WebSocket open to first packet of the greeting, median",
        f"{statistics.median(waits) * 1000:.0f} ms",
        "50 ms",
    )
