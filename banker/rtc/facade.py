"""The media facade for WSGI threads: every method crosses into the media loop once.

The loop starts on first use, after the fork. aiortc and the engines are imported then, so that an app which only
creates sessions starts at once.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from banker.agents.tenant_agents import TenantAgent
from banker.audit import Audit
from banker.config.loading import ConfigError
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.errors import ApiError, unavailable
from banker.handover import HandOvers
from banker.handover.voice import VoiceRelay
from banker.rtc.media_worker import MediaWorker, measure_lag
from banker.rtc.speech_engines import load_engines
from banker.server.metrics import Metrics
from banker.sessions import Session, Sessions, Subscription

if TYPE_CHECKING:
    from banker.rtc.calls.registry import CallRegistry
    from banker.rtc.video.avatar import Avatar

T = TypeVar("T")
log = logging.getLogger(__name__)

CALL_TIMEOUT_S = 5.0
"""How long a request waits for the media loop, which answers in milliseconds unless it is overloaded."""
ANSWER_TIMEOUT_S = 10.0
"""How long an offer waits: ICE gathering alone takes up to 5 s."""
GREETING_FRESH_S = 5.0
"""A tenant's greeting is prepared at most this often, however many sessions are created."""


class MediaFacade:
    """Starts and stops the media loop, and calls into it. Methods raise `ApiError` 503 if it does not answer in time.

    `tenant_agents` builds each tenant's agent when media start, which takes seconds. If it raises `ConfigError`, the
    mistakes are logged, and media do not start.
    """

    def __init__(
        self,
        config: Config,
        sessions: Sessions,
        tenant_agents: Callable[[], Mapping[str, TenantAgent]],
        audit: Audit,
        metrics: Metrics,
        handovers: HandOvers | None = None,
        open_relay: Callable[[], VoiceRelay] = VoiceRelay,
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._handovers = handovers
        self._open_relay = open_relay
        self._tenant_agents = tenant_agents
        self._audit = audit
        self._metrics = metrics
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._closed = False
        self.refusal = ""
        """Why media could not start, for a client; empty if they could, or were not started yet."""
        self._prepared_at: dict[str, float] = {}
        self._worker: MediaWorker
        self._calls: CallRegistry
        self._subscription: Subscription

    @property
    def ready(self) -> bool:
        """Whether the engines are loaded and the loop is running in this process."""
        return self._pid == os.getpid()

    def warm_up(self) -> None:
        """Start media in the background, so that the first call does not wait."""
        if not self.ready and not self._closed and not self._lock.locked():
            threading.Thread(target=self._start_if_possible, name="banker-warm-up", daemon=True).start()

    def prepare(self, tenant: Tenant) -> None:
        """Synthesise the tenant's greeting, because a session was created and a call will follow."""
        if not self.ready:
            self.warm_up()
            return
        now = time.monotonic()
        if now - self._prepared_at.get(tenant.tenant_id, -GREETING_FRESH_S) >= GREETING_FRESH_S:
            self._prepared_at[tenant.tenant_id] = now
            self._worker.post(self._calls.prepare(tenant))

    def admit(self, session_id: str) -> None:
        """Raise `ApiError` 503 if the worker has no room for an offer of this session."""
        self._call(lambda calls: calls.admit(session_id))

    def open(
        self, session: Session, socket: Callable[[Mapping[str, Any]], None], host: int | None = None
    ) -> list[dict[str, Any]]:
        """Attach a signaling socket to the session's call; returns the ICE servers for its client.

        `host` is the number of the application that the socket came through, whose tools the session uses.
        """
        return self._call(lambda calls: calls.open(session, socket, host))

    def leave(self, session_id: str, socket: Callable[[Mapping[str, Any]], None]) -> None:
        """Detach a signaling socket that has closed. Does not wait and does not raise."""
        if self.ready:
            self._worker.post(self._calls.leave(session_id, socket))

    def offer(self, session_id: str, sdp: str) -> str:
        """Answer an offer."""
        return self._call(lambda calls: calls.offer(session_id, sdp), ANSWER_TIMEOUT_S)

    def candidate(self, session_id: str, candidate: Mapping[str, Any] | None) -> None:
        """Take a trickled candidate."""
        self._call(lambda calls: calls.candidate(session_id, candidate))

    def receive(self, session_id: str, event: Mapping[str, Any]) -> None:
        """Handle a conversation event of the signaling socket."""
        self._call(lambda calls: calls.receive(session_id, event))

    def ice_servers(self, session_id: str) -> list[dict[str, Any]]:
        """Return the ICE servers for a client of this session."""
        from banker.rtc.ice import ice_servers

        return ice_servers(self._config.ice, session_id, time.time())

    def portrait(self, tenant: Tenant) -> bytes | None:
        """Return a PNG of the tenant's banker, if the tenant shows one. Blocking."""
        from banker.rtc.video.avatar_loading import load_portrait

        return load_portrait(self._config, tenant)

    def desk_offer(self, session_id: str, sdp: str) -> str:
        """Answer the offer of a colleague who has this talk."""
        return self._call(lambda calls: calls.desk_offer(session_id, sdp), ANSWER_TIMEOUT_S)

    def hang_up(self, session_id: str) -> None:
        """Close the session's peer, because the client said bye."""
        self._call(lambda calls: calls.hang_up(session_id))

    def drain(self) -> None:
        """Answer no more offers, and ask clients to reconnect elsewhere. Current calls may finish."""
        if self.ready:
            self._worker.post(self._calls.drain())

    def talking(self) -> int:
        """Return how many customers are connected or connecting; 0 if the loop does not answer in time."""
        try:
            return self._worker.call(self._calls.peer_count(), CALL_TIMEOUT_S) if self.ready else 0
        except TimeoutError:
            return 0

    def close(self) -> None:
        """End every call of this process and stop the loop."""
        with self._lock:
            self._closed = True
            if not self.ready:
                return
            self._pid = None
        self._subscription.close()
        try:
            self._worker.call(self._calls.close(), CALL_TIMEOUT_S)
        except TimeoutError:
            log.error("not every call closed in time")
        self._worker.close()

    def _call(self, work: "Callable[[CallRegistry], Coroutine[Any, Any, T]]", timeout: float = CALL_TIMEOUT_S) -> T:
        try:
            self.start()
            return self._worker.call(work(self._calls), timeout)
        except TimeoutError:
            raise unavailable("The media loop of this worker does not answer; try again.") from None

    def start(self) -> None:
        """Load the engines and start the loop, once. Takes seconds.

        Raises `ApiError` 503 after `close`, and while the agents or the loop cannot be started.
        """
        if self.ready:
            return
        with self._lock:
            if self.ready:
                return
            if self._closed:
                raise unavailable("This worker is going away.")
            from banker.rtc.video.avatar_loading import load_avatars

            tenant_agents = self._build_agents()
            try:
                avatars = load_avatars(self._config)
                self._start_loop(tenant_agents, avatars)
            except (OSError, TimeoutError) as error:
                log.error("the media cannot start, another attempt follows: %s: %s", type(error).__name__, error)
                raise unavailable("The media of this worker cannot start; its log says why.") from error
        for avatar in avatars.values():
            avatar.warm()

    def _start_loop(self, tenant_agents: Mapping[str, TenantAgent], avatars: "Mapping[str, Avatar]") -> None:
        from banker.rtc.calls.registry import CallRegistry
        from banker.rtc.ice import has_network_address
        from banker.rtc.sockets.media_loop import MediaLoop

        engines = load_engines(self._config.speech)

        async def create_registry() -> CallRegistry:
            return CallRegistry(
                self._config,
                self._sessions,
                tenant_agents,
                self._audit,
                engines,
                avatars,
                self._metrics,
                handovers=self._handovers,
                relay=self._open_relay(),
            )

        media = self._config.media
        worker = MediaWorker(lambda: MediaLoop(media.ports, shares_ports=media.shares_ports))
        calls = worker.call(create_registry(), CALL_TIMEOUT_S)
        self._subscription = self._sessions.store.watch(
            on_notice=lambda notice: worker.post(calls.handle_notice(notice)),
            on_gap=lambda: worker.post(calls.recheck_sessions()),
        )
        worker.post(calls.watch_sessions())
        worker.post(measure_lag(self._metrics.loop_lag.observe))
        self._worker, self._calls, self._pid = worker, calls, os.getpid()
        if not has_network_address():
            log.warning(
                "this host has no network address besides the loopback one, so customers get text instead of voice: "
                "connect it to a network, or its container to one"
            )
        log.info("ready for calls, %d at a time", calls.places)

    def _start_if_possible(self) -> None:
        with contextlib.suppress(ApiError):
            self.start()

    def _build_agents(self) -> Mapping[str, TenantAgent]:
        """Build the agents. Mistakes are logged once, and checked again at the next start."""
        try:
            agents = self._tenant_agents()
        except ConfigError as error:
            if not self.refusal:
                for mistake in error.mistakes:
                    log.error("the service takes no calls: %s", mistake)
            self.refusal = "The configuration has mistakes; the log names them."
            raise unavailable(self.refusal) from None
        self.refusal = ""
        return agents
