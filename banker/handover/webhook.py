"""Delivers events to an address of the bank, signed as Standard Webhooks asks (https://www.standardwebhooks.com).

The bank gets each event at least once, and tells a repeated one by its `webhook-id`. Events wait in the memory of the
process; a bounded number of them, so that an address that is down costs nothing else.
"""

import base64
import hashlib
import hmac
import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from queue import Full, Queue
from typing import Any

log = logging.getLogger(__name__)

RETRY_DELAYS_S = (0.5, 2.0, 10.0, 60.0, 300.0)
"""Pauses before an event is sent again; after the last attempt it is dropped and logged."""
TIMEOUT_S = 5.0
MAX_WAITING = 1000
"""Events that wait at most."""
CLOSE_TIMEOUT_S = 2.0
"""How long the end of the process waits for what is being sent."""


class Webhook:
    """Implements `EventSink`. A thread sends one event after the other; it starts with the first one."""

    def __init__(self, url: str, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._url = url
        self._secret = secret
        self._clock = clock
        self._events: Queue[tuple[str, bytes] | None] = Queue(MAX_WAITING)
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, kind: str, event_id: str, data: Mapping[str, Any]) -> None:
        """Send an event later. Returns at once; the event is dropped when too many wait."""
        body = json.dumps({"type": kind, "timestamp": int(self._clock()), "data": dict(data)}).encode()
        try:
            self._events.put_nowait((event_id, body))
        except Full:
            log.error("an event for the webhook is dropped: %d others wait", MAX_WAITING)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="banker-webhook", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Send what waits if that is quick, and stop."""
        self._closed.set()
        if self._thread is not None:
            try:
                self._events.put_nowait(None)
            except Full:
                return
            self._thread.join(CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            self._deliver(*event)

    def _deliver(self, event_id: str, body: bytes) -> None:
        for delay in (0.0, *RETRY_DELAYS_S):
            if delay and self._closed.wait(delay):
                break
            try:
                self._send(event_id, body)
                return
            except OSError as error:
                log.warning("the webhook did not take an event: %s", type(error).__name__)
            except Exception as error:
                log.error("the webhook failed: %s", type(error).__name__)
        log.error("an event for the webhook is dropped after %d attempts", 1 + len(RETRY_DELAYS_S))

    def _send(self, event_id: str, body: bytes) -> None:
        sent_at = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "virtual-banker",
            "webhook-id": event_id,
            "webhook-timestamp": sent_at,
            "webhook-signature": signature(self._secret, event_id, sent_at, body),
        }
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310 - checked at the start
        with _opener().open(request, timeout=TIMEOUT_S) as response:
            if not 200 <= response.status < 300:
                raise OSError(f"status {response.status}")


def signature(secret: bytes, event_id: str, sent_at: str, body: bytes) -> str:
    """Return the value of `webhook-signature`: HMAC-SHA256 over id, time and body, in base64."""
    signed = b".".join((event_id.encode(), sent_at.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener without redirects: the configuration names the address, not a server's answer."""
    opener = urllib.request.OpenerDirector()
    for handler in (urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
        opener.add_handler(handler())
    return opener
