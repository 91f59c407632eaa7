"""Receives session notices over Redis pub/sub, and survives outages of the server."""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
from redis.client import PubSub

from banker.server.redis import RedisClient
from banker.server.redis.outage import cause_of
from banker.sessions.notices import SessionNotice, notice_from_json

log = logging.getLogger(__name__)

CHANNEL = "banker:sessions"

POLL_S = 0.25
"""How often the thread checks for `close`. A message wakes it at once."""
RECONNECT_FIRST_PAUSE_S = 0.1
RECONNECT_LONGEST_PAUSE_S = 2.0
"""The pause before reconnecting doubles up to this, which spares the server and still notices a recovery soon."""


class RedisSubscription:
    """A thread with its own connection. Calls `on_notice`, and `on_gap` after an interruption.

    A server that is silent for `timeout` seconds is pinged. After the same time again, the connection is dropped.
    """

    def __init__(
        self,
        client: RedisClient,
        on_notice: Callable[[SessionNotice], None],
        on_gap: Callable[[], None],
        timeout: float,
    ) -> None:
        self._client = client
        self._on_notice = on_notice
        self._on_gap = on_gap
        self._timeout = timeout
        self._closed = threading.Event()
        self._subscribed = threading.Event()
        self._may_have_missed = False
        self._is_lost = False
        self._pause = RECONNECT_FIRST_PAUSE_S
        self._thread = threading.Thread(target=self._run, name="banker-session-notices", daemon=True)
        self._thread.start()

    def wait_for_start(self) -> None:
        """Wait until the server has confirmed the subscription, for `timeout` at most."""
        if not self._subscribed.wait(self._timeout):
            self._may_have_missed = True

    def close(self) -> None:
        """Stop the thread, and wait for it unless called from it."""
        self._closed.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                with self._client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
                    pubsub.subscribe(CHANNEL)
                    self._listen(pubsub)
            except (redis.RedisError, OSError) as error:
                log.log(
                    logging.DEBUG if self._is_lost else logging.WARNING,
                    "Lost the subscription to session notices: %s",
                    cause_of(error),
                )
                self._is_lost = True
            except Exception:
                log.exception("The subscription to session notices failed; it starts again.")
            self._may_have_missed = True
            self._closed.wait(self._pause * random.uniform(0.5, 1))  # noqa: S311 (spreads reconnecting workers)
            self._pause = min(self._pause * 2, RECONNECT_LONGEST_PAUSE_S)

    def _listen(self, pubsub: PubSub) -> None:
        last_message_at, pinged = time.monotonic(), False
        while not self._closed.is_set():
            message = pubsub.get_message(timeout=POLL_S)
            if message is not None:
                self._handle(message)
                last_message_at, pinged = time.monotonic(), False
            elif time.monotonic() - last_message_at > self._timeout:
                if pinged:
                    raise redis.ConnectionError("the server does not answer a ping")
                pubsub.ping()
                last_message_at, pinged = time.monotonic(), True

    def _handle(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            if self._may_have_missed:
                self._on_gap()
            if self._is_lost:
                log.warning("The subscription to session notices works again")
            self._is_lost = False
            self._may_have_missed = True  # redis-py may also reconnect by itself: another confirmation means a gap
            self._pause = RECONNECT_FIRST_PAUSE_S
            self._subscribed.set()
        elif message["type"] == "message":
            try:
                self._on_notice(notice_from_json(message["data"]))
            except Exception:
                log.exception("Handling a session notice failed.")
