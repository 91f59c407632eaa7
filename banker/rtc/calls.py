"""Every call of this process: how it begins, what it is told, and how it ends."""

import asyncio
import functools
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from banker.agents.registry import TenantAgent
from banker.audit import Audit
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.errors import ApiError, session_not_found
from banker.rtc.audio_in.speech_input import SpeechInput
from banker.rtc.audio_out.synthesis import SpeechSynthesis
from banker.rtc.call import Call, Send
from banker.rtc.ice import ice_servers
from banker.rtc.peers import Peers
from banker.rtc.session_records import StoredSessionRecords
from banker.rtc.store_executor import StoreExecutor
from banker.rtc.video.avatar import Avatar
from banker.server.metrics import Metrics
from banker.sessions import Reason, Session, SessionEnded, SessionMoved, SessionNotice, Sessions
from banker.speech import Detector, Recogniser, Synthesiser
from banker.speech.engine_queue import EngineQueue

log = logging.getLogger(__name__)

LINGER_SECONDS = 60.0
"""A call that nothing connects to its user any more is kept this long for the browser to come back to."""
VOICE_PLACES = 4
"""A sentence is said in a quarter of the time that a turn is recognised in: so much longer may the voice's queue be."""


class CallRegistry:
    """Belongs to the media loop: WSGI threads reach its coroutines through `MediaWorker.call` alone."""

    def __init__(
        self,
        config: Config,
        sessions: Sessions,
        tenant_agents: Mapping[str, TenantAgent],
        audit: Audit,
        synthesiser: Synthesiser | None,
        avatars: Mapping[str, Avatar],
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
        ears: tuple[Recogniser, Callable[[], Detector]] | None = None,
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._tenant_agents = tenant_agents
        self._audit = audit
        self._clock = clock
        self._metrics = metrics
        self._calls: dict[str, Call] = {}
        self.peers = Peers(config, self._calls, avatars, metrics, clock, self._lost)
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        self._jobs: set[asyncio.Task[Any]] = set()
        self._entering: dict[str, asyncio.Future[Call]] = {}
        self._name = secrets.token_hex(8)
        speech = config.speech
        self._voice_queue = EngineQueue("voice", speech.threads, speech.queue * VOICE_PLACES)
        self._speech_input = None
        if ears is not None:
            queue = EngineQueue("hearing", speech.recognitions, speech.queue)
            self._speech_input = SpeechInput(
                *ears, queue, metrics, speech.sensitivity, interim_transcripts=speech.interim_transcripts
            )
        self._store = StoreExecutor(config.sessions.redis_timeout_seconds * 3)
        self._voice = SpeechSynthesis(synthesiser, self._voice_queue) if synthesiser is not None else None

    async def talking(self) -> int:
        """How many customers are connected or connecting."""
        return len(self.peers)

    async def admit(self, session_id: str) -> None:
        """Raise `ApiError` (503) when an offer of this session would find no place."""
        call = self._calls.get(session_id)
        if call is None or call.peer is None:
            self.peers.require_room()

    async def open(self, session: Session, socket: Send) -> list[dict[str, Any]]:
        """A signaling socket is there; returns the ICE servers that it is told of. Raises `ApiError` 404."""
        call = await self._enter(session)
        self._keep(session.session_id)
        if call.socket is not None and call.socket != socket:
            call.socket({"type": "bye"})  # a session has one socket: the newest
        call.attach(socket)
        return ice_servers(self._config.ice, session.session_id, self._clock())

    async def leave(self, session_id: str, socket: Send) -> None:
        """The signaling socket has gone."""
        call = self._calls.get(session_id)
        if call is not None and call.detach(socket):
            self._linger(session_id)

    async def offer(self, session_id: str, sdp: str) -> str:
        """Answer an offer; an earlier peer of the session is closed. Raises `ApiError`."""
        return await self.peers.answer(self._find(session_id), sdp)

    async def candidate(self, session_id: str, candidate: Mapping[str, Any] | None) -> None:
        """Take a trickled candidate. Raises `ApiError`."""
        self.peers.add_candidate(self._find(session_id), candidate)

    async def receive(self, session_id: str, event: Mapping[str, Any]) -> None:
        """A conversation event from the signaling socket. Raises `ApiError`."""
        await self._find(session_id).receive(event)

    async def hang_up(self, session_id: str) -> None:
        """The client said bye: the peer goes, the session stays."""
        call = self._calls.get(session_id)
        if call is not None:
            await self.peers.hang_up(call)

    async def end(self, session_id: str, reason: str) -> None:
        """The session has ended, here or elsewhere."""
        call = self._calls.pop(session_id, None)
        self._keep(session_id)
        if call is not None:
            await call.close(reason)
            self.peers.count()

    async def handle_notice(self, notice: SessionNotice) -> None:
        """A session has ended, or has moved to the worker that the notice names.

        Every worker receives the notices in the same order, so that of two workers that take a session over the later
        one keeps it.
        """
        if isinstance(notice, SessionEnded):
            await self.end(notice.session_id, notice.reason)
            return
        call = self._calls.get(notice.session_id)
        if call is not None and notice.worker == self._name:
            call.taken = True
        elif call is not None and call.taken:
            log.info("another worker took the session over", extra={"session_id": notice.session_id})
            await self._forget(notice.session_id)

    async def look_again(self) -> None:
        """Announcements may have been missed: end what has ended meanwhile."""
        for session_id in list(self._calls):
            session = await self._store.run(functools.partial(self._sessions.recall, session_id))
            if session is not None and not session.is_live(self._clock()):
                await self.end(session_id, session.reason or "expired")

    async def drain(self) -> None:
        """No more offers; those who talk are told to come back to another worker."""
        self.peers.draining = True
        for call in self._calls.values():
            call.send({"type": "error", "error": "going_away", "message": "This worker is going away; connect again."})

    async def close(self) -> None:
        """Close every call of this process."""
        calls = list(self._calls.values())
        self._calls.clear()
        await asyncio.gather(*(call.close() for call in calls), return_exceptions=True)
        for handle in self._lingering.values():
            handle.cancel()
        self._voice_queue.close()
        if self._speech_input is not None:
            self._speech_input.close()
        self._store.close()

    async def prepare(self, tenant: Tenant) -> None:
        """Have the tenant's greeting ready before it is wanted."""
        if self._voice is not None:
            self._job(self._voice.utter(tenant.config.greeting))

    def _find(self, session_id: str) -> Call:
        call = self._calls.get(session_id)
        if call is None:
            raise session_not_found()
        return call

    async def _enter(self, session: Session) -> Call:
        """The session's call; the first who asks has it made, and others wait for that. Raises `ApiError` 404."""
        session_id = session.session_id
        if session_id not in self._entering:
            if session_id in self._calls:
                return self._calls[session_id]
            self._entering[session_id] = asyncio.ensure_future(self._new_call(session))
            self._entering[session_id].add_done_callback(lambda done: self._entering.pop(session_id))
        return await asyncio.shield(self._entering[session_id])

    async def _new_call(self, session: Session) -> Call:
        session_id = session.session_id
        call = Call(
            session,
            self._config.tenants[session.tenant_id],
            self._tenant_agents[session.tenant_id],
            StoredSessionRecords(self._store.run, self._sessions, self._audit, session),
            self._voice,
            self._speech_input,
            self._metrics,
            self._clock(),
            expired=lambda: self._job(self._finish(session_id, "expired")),
            deserted=lambda: self._job(self._finish(session_id, "idle")),
        )
        self._calls[session_id] = call  # from now on it hears when the session ends
        await self._store.run(lambda: self._sessions.store.announce(SessionMoved(session_id, self._name)))
        if await self._store.run(lambda: self._activate(session_id)) is False:
            await self._forget(session_id)
        await call.conversation.load()
        if self._calls.get(session_id) is not call:
            raise session_not_found()
        self._linger(session_id)
        return call

    def _activate(self, session_id: str) -> bool:
        """Blocking. Whether the session is live still."""
        try:
            self._sessions.activate(session_id)
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        return True

    def _lost(self, call: Call) -> None:
        if call.socket is None:
            self._linger(call.session_id)

    async def _finish(self, session_id: str, reason: Reason) -> None:
        await self.end(session_id, reason)  # first: the store may be slow
        await self._store.run(lambda: self._sessions.end(session_id, reason))

    def _linger(self, session_id: str) -> None:
        self._keep(session_id)
        loop = asyncio.get_running_loop()
        self._lingering[session_id] = loop.call_later(LINGER_SECONDS, lambda: self._job(self._forget(session_id)))

    def _keep(self, session_id: str) -> None:
        handle = self._lingering.pop(session_id, None)
        if handle is not None:
            handle.cancel()

    async def _forget(self, session_id: str) -> None:
        self._keep(session_id)
        call = self._calls.pop(session_id, None)
        if call is not None:
            await call.close()
            self.peers.count()

    def _job(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._jobs.add(task)
        task.add_done_callback(self._job_done)

    def _job_done(self, task: "asyncio.Task[Any]") -> None:
        self._jobs.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a job of the media room failed", exc_info=task.exception())
