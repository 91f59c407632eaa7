"""Carries voices between processes over Redis pub/sub: a thread sends, another one receives."""

import asyncio
import logging
import threading
from collections.abc import Callable
from queue import Empty, Full, Queue

import redis
from redis.client import PubSub

from banker.server.redis import RedisClient

log = logging.getLogger(__name__)

MAX_WAITING = 500
"""Packets that wait to be sent: a second of ten talks."""
POLL_S = 0.05
"""How soon a new subscription is made; a packet that arrives wakes the thread at once."""
RETRY_S = 0.5


class RedisVoiceBus:
    """A `VoiceBus`. The threads start with the first subscription: a process without such talks has none."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._received: Callable[[str, bytes], None] = lambda name, data: None
        self._wanted: frozenset[str] = frozenset()
        self._some_wanted = threading.Event()
        self._closed = threading.Event()
        self._queue: Queue[tuple[str, bytes] | None] = Queue(MAX_WAITING)
        self._has_threads = False

    def start(self, received: Callable[[str, bytes], None]) -> None:
        self._received = received

    def subscribe(self, name: str) -> None:
        self._wanted |= {name}
        self._some_wanted.set()
        if not self._has_threads:
            self._has_threads = True
            for work in (self._send_all, self._listen):
                threading.Thread(target=work, name="banker-voice", daemon=True).start()

    def unsubscribe(self, name: str) -> None:
        self._wanted -= {name}
        if not self._wanted:
            self._some_wanted.clear()

    def publish(self, name: str, data: bytes) -> None:
        try:
            self._queue.put_nowait((name, data))
        except Full:
            log.debug("a packet of a voice is dropped: Redis is slow")

    def close(self) -> None:
        self._closed.set()
        self._some_wanted.set()
        try:
            self._queue.put_nowait(None)
        except Full:
            log.debug("the voices of this process end")

    def _send_all(self) -> None:
        while not self._closed.is_set():
            try:
                item = self._queue.get(timeout=1.0)
            except Empty:
                continue
            if item is None:
                return
            try:
                self._client.publish(*item)
            except (redis.RedisError, OSError) as error:
                log.debug("a packet of a voice is lost: %s", type(error).__name__)

    def _listen(self) -> None:
        while not self._closed.is_set():
            self._some_wanted.wait()
            try:
                with self._client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
                    self._receive(pubsub)
            except (redis.RedisError, OSError) as error:
                log.warning("voices between processes are interrupted: %s", type(error).__name__)
                self._closed.wait(RETRY_S)
            except Exception:
                log.exception("voices between processes are interrupted")
                self._closed.wait(RETRY_S)

    def _receive(self, pubsub: PubSub) -> None:
        """Receive until nothing is wanted any more."""
        subscribed: frozenset[str] = frozenset()
        while not self._closed.is_set():
            wanted = self._wanted
            if new := wanted - subscribed:
                pubsub.subscribe(*new)
            if old := subscribed - wanted:
                pubsub.unsubscribe(*old)  # type: ignore[no-untyped-call]
            subscribed = wanted
            if not subscribed:
                return
            message = pubsub.get_message(timeout=POLL_S)
            if message is not None and message["type"] == "message":
                self._loop.call_soon_threadsafe(self._received, message["channel"].decode(), message["data"])
