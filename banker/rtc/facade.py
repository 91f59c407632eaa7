"""The media room as WSGI threads see it: it starts with its first use, after the fork; each call crosses the bridge.

Nothing here imports aiortc or an engine before that, so that an app which only creates sessions starts at once.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from banker.agents.registry import TenantAgent, sayings
from banker.audit import Audit
from banker.config.loading import DEFAULT_FOLDER, ConfigError
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.errors import unavailable
from banker.rtc.media_worker import MediaWorker
from banker.server.metrics import Metrics
from banker.sessions import Session, Sessions, Subscription
from banker.speech import (
    Detector,
    Recogniser,
    SpeechUnavailable,
    Synthesiser,
    load_detector,
    load_recogniser,
    load_synthesiser,
)
from banker.speech.thread_priority import give_way

if TYPE_CHECKING:
    from banker.rtc.calls import CallRegistry
    from banker.rtc.video.avatar import Avatar

T = TypeVar("T")
log = logging.getLogger(__name__)

CALL_SECONDS = 5.0
PREPARED_SECONDS = 5.0
"""How long a tenant's greeting is taken to be ready once it was asked for."""
NOISE = bytes(range(256)) * 64
"""Half a second of something, to warm a recogniser with."""
ANSWER_SECONDS = 10.0
"""An answer waits for ICE gathering, which is capped at 3 s."""


class MediaFacade:
    """Every method may raise `ApiError` 503 when the media loop does not answer in time."""

    def __init__(
        self,
        config: Config,
        sessions: Sessions,
        tenant_agents: Callable[[], Mapping[str, TenantAgent]],
        audit: Audit,
        metrics: Metrics,
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._tenant_agents = tenant_agents
        self._audit = audit
        self._metrics = metrics
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._closed = False
        self._prepared: dict[str, float] = {}
        self._worker: MediaWorker
        self._calls: CallRegistry
        self._subscription: Subscription

    @property
    def ready(self) -> bool:
        """Whether the engines are loaded and the loop is running in this process."""
        return self._pid == os.getpid()

    def warm_up(self) -> None:
        """Start in the background what the first call would otherwise wait for."""
        if not self.ready and not self._closed and not self._lock.locked():
            threading.Thread(target=self.start, name="banker-warm-up", daemon=True).start()

    def prepare(self, tenant: Tenant) -> None:
        """A session of this tenant was created: a call will follow. Asks the loop once in a while, however many."""
        if not self.ready:
            self.warm_up()
            return
        now = time.monotonic()
        if now - self._prepared.get(tenant.tenant_id, -PREPARED_SECONDS) >= PREPARED_SECONDS:
            self._prepared[tenant.tenant_id] = now
            self._worker.post(self._calls.prepare(tenant))

    def admit(self, session_id: str) -> None:
        """Raise `ApiError` 503 when an offer would find no room."""
        self._call(lambda calls: calls.admit(session_id))

    def open(self, session: Session, socket: Callable[[Mapping[str, Any]], None]) -> list[dict[str, Any]]:
        """A signaling socket is there; the ICE servers for it."""
        return self._call(lambda calls: calls.open(session, socket))

    def leave(self, session_id: str, socket: Callable[[Mapping[str, Any]], None]) -> None:
        """A signaling socket has gone. Waits for nothing and raises nothing."""
        if self.ready:
            self._worker.post(self._calls.leave(session_id, socket))

    def offer(self, session_id: str, sdp: str) -> str:
        """The answer to an offer."""
        return self._call(lambda calls: calls.offer(session_id, sdp), ANSWER_SECONDS)

    def candidate(self, session_id: str, candidate: Mapping[str, Any] | None) -> None:
        """A trickled candidate."""
        self._call(lambda calls: calls.candidate(session_id, candidate))

    def receive(self, session_id: str, event: Mapping[str, Any]) -> None:
        """A conversation event that came over the signaling socket."""
        self._call(lambda calls: calls.receive(session_id, event))

    def hang_up(self, session_id: str) -> None:
        """The client said bye."""
        self._call(lambda calls: calls.hang_up(session_id))

    def drain(self) -> None:
        """Send those who talk elsewhere; calls that go on may finish."""
        if self.ready:
            self._worker.post(self._calls.drain())

    def talking(self) -> int:
        """How many customers are connected or connecting; none when the loop does not answer in time."""
        try:
            return self._worker.call(self._calls.talking(), CALL_SECONDS) if self.ready else 0
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
            self._worker.call(self._calls.close(), CALL_SECONDS)
        except TimeoutError:
            log.error("not every call closed in time")
        self._worker.close()

    def _call(self, work: "Callable[[CallRegistry], Coroutine[Any, Any, T]]", timeout: float = CALL_SECONDS) -> T:
        try:
            self.start()
            return self._worker.call(work(self._calls), timeout)
        except TimeoutError:
            raise unavailable("The media of this worker does not answer; try again.") from None

    def start(self) -> None:
        """Load the engines and start the loop, unless that is done; takes seconds. `ApiError` 503 after `close`."""
        if self.ready:
            return
        with self._lock:
            if self.ready:
                return
            if self._closed:
                raise unavailable("This worker is going away.")
            from banker.rtc.calls import CallRegistry
            from banker.rtc.ice import MediaLoop

            worker = MediaWorker(lambda: MediaLoop(self._config.media.ports))
            with ThreadPoolExecutor(1, initializer=give_way) as loading:  # some engines start threads of their own
                synthesiser = loading.submit(self._load_voice).result()
                ears = loading.submit(self._load_ears).result()
            avatars = self._load_avatars()
            tenant_agents = self._tenant_agents()

            async def furnish() -> CallRegistry:
                return CallRegistry(
                    self._config,
                    self._sessions,
                    tenant_agents,
                    self._audit,
                    synthesiser,
                    avatars,
                    self._metrics,
                    ears=ears,
                )

            calls = worker.call(furnish(), CALL_SECONDS)
            self._subscription = self._sessions.store.watch(
                on_notice=lambda notice: worker.post(calls.handle_notice(notice)),
                on_gap=lambda: worker.post(calls.look_again()),
            )
            self._worker, self._calls, self._pid = worker, calls, os.getpid()
            log.info("ready for calls")
        for avatar in avatars.values():
            avatar.warm()

    def _load_avatars(self) -> "dict[str, Avatar]":
        """The face of each tenant that shows one, by tenant_id; those whose pictures cannot be used talk without."""
        from banker.rtc.video.avatar import AvatarError

        avatars = {}
        for tenant in self._config.tenants.values():
            if not tenant.config.avatar_enabled:
                continue
            try:
                avatars[tenant.tenant_id] = load_avatar(self._config, tenant)
            except AvatarError as error:
                log.error("the banker of %s has no face: %s", tenant.tenant_id, error)
        return avatars

    def _load_voice(self) -> Synthesiser | None:
        try:
            return load_synthesiser(self._config.speech)
        except (SpeechUnavailable, ConfigError) as error:
            log.warning("the banker has no voice and serves text: %s", error)
        except Exception:
            log.exception("the banker has no voice and serves text: the engine could not be loaded")
        return None

    def _load_ears(self) -> tuple[Recogniser, Callable[[], Detector]] | None:
        try:
            recogniser = load_recogniser(self._config.speech, sayings())
            if recogniser is None:
                return None
            new_detector = load_detector()
            if self._config.speech.recogniser == "whisper":
                recogniser.recognise(NOISE, "")  # the first recognition takes longer than those after it
            return recogniser, new_detector
        except (SpeechUnavailable, ConfigError) as error:
            log.warning("the banker does not hear and is written to: %s", error)
        except Exception:
            log.exception("the banker does not hear and is written to: the engine could not be loaded")
        return None


def load_avatar(config: Config, tenant: Tenant) -> "Avatar":
    """The pictures of a tenant: those of the configuration's folder, or else of the package. Raises `AvatarError`."""
    from banker.rtc.video.avatar import Avatar

    folder = config.folder / "avatars" / tenant.avatar
    if not folder.exists():
        folder = DEFAULT_FOLDER / "avatars" / tenant.avatar
    return Avatar.load(folder, tenant.config.theme.get("primaryColor", "#0066cc"))
