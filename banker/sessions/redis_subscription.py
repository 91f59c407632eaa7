"""Listening for the ends of sessions over Redis pub/sub, through outages of the server."""

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
from redis.client import PubSub
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

CHANNEL = "banker:ends"

_POLL = 0.25  # s; how soon the thread sees that it was closed. A message wakes it at once.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # s between attempts to connect


def packed(session_id: str, reason: str) -> str:
    """The announcement of one end."""
    return json.dumps({"session_id": session_id, "reason": reason}, separators=(",", ":"))


class RedisSubscription:
    """A thread with a connection of its own that calls `heard(session_id, reason)`, and `gap()` after an outage.

    `patience` (seconds): a server that is silent for so long is pinged, and given up after as long again.
    """

    def __init__(
        self,
        client: "redis.Redis",
        heard: Callable[[str, str], None],
        gap: Callable[[], None],
        patience: float,
    ) -> None:
        self._redis = client
        self._heard = heard
        self._gap = gap
        self._patience = patience
        self._closed = threading.Event()
        self._listening = threading.Event()
        self._missed = False
        self._pause = _FIRST_PAUSE
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="banker-session-ends", daemon=True)
        self._thread.start()

    def wait_for_start(self) -> None:
        """Wait until the server has confirmed the subscription, `patience` at most."""
        self._listening.wait(self._patience)

    def close(self) -> None:
        self._closed.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                with PubSub(self._redis.connection_pool) as pubsub:
                    pubsub.subscribe(CHANNEL)
                    self._listen(pubsub)
            except (RedisError, OSError) as error:
                log.warning("Not listening for the ends of sessions: %s: %s", type(error).__name__, error)
            except Exception:
                log.exception("Listening for the ends of sessions failed; it begins again.")
            self._missed = True
            self._closed.wait(self._pause * random.uniform(0.5, 1))  # noqa: S311 (spreads reconnecting workers)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _listen(self, pubsub: PubSub) -> None:
        last, asked = time.monotonic(), False
        while not self._closed.is_set():
            message = pubsub.get_message(timeout=_POLL)
            if message is not None:
                self._take(message)
                last, asked = time.monotonic(), False
            elif time.monotonic() - last > self._patience:
                if asked:
                    raise redis.ConnectionError("the server has fallen silent")
                pubsub.ping()
                last, asked = time.monotonic(), True

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            # Confirmed too late for wait_for_start: ends may have been announced since it returned.
            if self._missed or time.monotonic() - self._started > self._patience:
                self._gap()
            self._missed = False
            self._pause = _FIRST_PAUSE
            self._listening.set()
        elif message["type"] == "message":
            try:
                end = json.loads(message["data"])
                self._heard(end["session_id"], end["reason"])
            except Exception:
                log.exception("What was called for the end of a session failed.")
