"""The registry of this process's calls: creates them, passes messages on to them, and ends them."""

import asyncio
import functools
import logging
import os
import platform
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from banker.agents.tenant_agents import TenantAgent
from banker.audit import Audit
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.conversation.handover.tracker import PersonState
from banker.errors import ApiError, session_not_found, unavailable
from banker.handover import HandOvers
from banker.handover.customer_handovers import StoredSessionHandOver
from banker.handover.voice import VoiceRelay
from banker.rtc.background_tasks import BackgroundTasks
from banker.rtc.calls.call import Call
from banker.rtc.calls.call_peers import CallPeers
from banker.rtc.calls.call_transport import SendEvent
from banker.rtc.calls.capacity import call_places
from banker.rtc.calls.speech_pipeline import SpeechPipeline
from banker.rtc.calls.user_calls import UserCalls
from banker.rtc.ice import ice_servers
from banker.rtc.peers.desk_peers import DeskPeers
from banker.rtc.speech_engines import SpeechEngines
from banker.rtc.video.avatar import Avatar
from banker.server.metrics import Metrics
from banker.sessions import HandOverChanged, Reason, Session, SessionEnded, SessionMoved, SessionNotice, Sessions
from banker.sessions.conversation_records import StoredSessionRecords, StoreExecutor
from banker.speech.tts.manner import Manner

log = logging.getLogger(__name__)

LINGER_S = 60.0
"""How long a call without a socket and a peer is kept, so that the browser can reconnect after a reload."""
RECHECK_INTERVAL_S = 30.0
"""If the store has lost a session, its call ends within this time."""
RELEASE_TIMEOUT_S = 1.0
"""How long a closing worker waits for the store to release its calls."""


class CallRegistry:
    """Implements `SessionEnder`. Belongs to the media loop: WSGI threads reach it through `MediaWorker.call` alone.

    `avatars` are by tenant; `clock` gives Unix seconds. Without `handovers` the service has no desk.
    """

    def __init__(
        self,
        config: Config,
        sessions: Sessions,
        tenant_agents: Mapping[str, TenantAgent],
        audit: Audit,
        engines: SpeechEngines,
        avatars: Mapping[str, Avatar],
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
        handovers: HandOvers | None = None,
        relay: VoiceRelay | None = None,
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._handovers = handovers
        self._tenant_agents = tenant_agents
        self._audit = audit
        self._clock = clock
        self._metrics = metrics
        self._calls: dict[str, Call] = {}
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        self._tasks = BackgroundTasks("the call registry")
        self._opening: dict[str, asyncio.Future[Call]] = {}
        self._name = secrets.token_hex(8)
        self._process = f"{platform.node()}/{os.getpid()}"
        self._store = StoreExecutor(config.sessions.redis_timeout_seconds * 3)
        self.places = call_places(config.media, has_local_engine=engines.has_local)
        self._user_calls = UserCalls(config.limits.calls_per_user, sessions.store, self._store.run, self._name, metrics)
        self.peers = CallPeers(
            config, self._calls, self.places, self._user_calls, avatars, metrics, clock, self._peer_lost
        )
        self._relay = relay or VoiceRelay()
        self.desks = DeskPeers(config, self.peers.settings, self._relay, sessions, self._store.run, clock)
        self._speech = SpeechPipeline(engines, config.speech, metrics)

    async def peer_count(self) -> int:
        """Return how many customers are connected or connecting."""
        return len(self.peers)

    async def admit(self, session_id: str) -> None:
        """Raise `ApiError` (503) if the worker has no room for an offer of this session."""
        call = self._calls.get(session_id)
        if call is None or call.transport.peer is None:
            self.peers.require_room()

    async def open(self, session: Session, socket: SendEvent, host: int | None = None) -> list[dict[str, Any]]:
        """Attach a signaling socket; returns the ICE servers for its client. Raises `ApiError` 404."""
        call = await self._open_call(session, host)
        self._cancel_linger(session.session_id)
        if call.transport.socket is not None and call.transport.socket != socket:
            call.transport.socket({"type": "bye"})  # a session has one socket, the newest
        call.attach(socket)
        return ice_servers(self._config.ice, session.session_id, self._clock())

    async def leave(self, session_id: str, socket: SendEvent) -> None:
        """Detach a signaling socket that has closed."""
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
        """Handle a conversation event of the signaling socket. Raises `ApiError`."""
        await self._find(session_id).receive(event)

    async def hang_up(self, session_id: str) -> None:
        """Close the session's peer; the session goes on."""
        call = self._calls.get(session_id)
        if call is not None:
            await self.peers.hang_up(call)

    async def end(self, session_id: str, reason: str) -> None:
        """Close the call of a session that has ended, here or elsewhere."""
        call = self._calls.pop(session_id, None)
        self._cancel_linger(session_id)
        await self.desks.close(session_id)
        if call is not None:
            self._metrics.call_ended(reason)
            await call.close(reason)
            self._gone(call)

    async def handle_notice(self, notice: SessionNotice) -> None:
        """Act on a notice: a session has ended or moved, or its hand-over has changed.

        Every worker receives the notices in the same order, so if two workers take a session over, the later one keeps
        it.
        """
        if isinstance(notice, SessionEnded):
            await self.end(notice.session_id, notice.reason)
            return
        if isinstance(notice, HandOverChanged):
            self._handover_changed(notice)
            return
        call = self._calls.get(notice.session_id)
        if call is not None and notice.worker == self._name:
            call.takeover_announced = True
        elif call is not None and call.takeover_announced:
            log.info("another worker took the session over", extra={"session_id": notice.session_id})
            await self._forget(notice.session_id)

    def _handover_changed(self, notice: HandOverChanged) -> None:
        """Update the session's hand-over, and those of waiting customers of the same tenant."""
        for call in self._calls.values():
            person = call.conversation.person
            is_beside = call.tenant.tenant_id == notice.tenant_id and person.state is PersonState.WAITING
            if call.session_id == notice.session_id or is_beside:
                person.notified()
        if notice.session_id in self.desks.sessions:
            self._tasks.start(self.desks.recheck(notice.session_id))

    async def desk_offer(self, session_id: str, sdp: str) -> str:
        """Answer the offer of the colleague who has a talk. Raises `ApiError`."""
        if self.peers.draining:
            raise unavailable("This worker is shutting down.")
        return await self.desks.answer(session_id, sdp)

    async def watch_sessions(self) -> None:
        """Close the calls of sessions that are no longer stored, for as long as this process runs."""
        while True:
            await asyncio.sleep(RECHECK_INTERVAL_S)
            await self.recheck_sessions()
            await self._user_calls.renew()

    async def recheck_sessions(self) -> None:
        """Close the calls of sessions that have ended while notices may have been missed, or that are gone."""
        for session_id in list(self._calls):
            try:
                session = await self._store.run(functools.partial(self._sessions.recall, session_id))
            except ApiError as error:
                if error.status == 404:
                    log.warning("the session is no longer stored", extra={"session_id": session_id})
                    await self.end(session_id, "ended")
                continue
            if not session.is_live(self._clock()):
                await self.end(session_id, session.reason or "expired")

    def end_session(self, session_id: str, reason: Reason) -> None:
        """End a session whose call asks for it."""
        self._tasks.start(self._end_session(session_id, reason))

    async def drain(self) -> None:
        """Answer no more offers, and ask clients to reconnect to another worker."""
        self.peers.draining = True
        for call in self._calls.values():
            call.transport.send(
                {"type": "error", "error": "going_away", "message": "This worker is going away; connect again."}
            )

    async def close(self) -> None:
        """Close every call of this process."""
        calls = list(self._calls.values())
        self._calls.clear()
        await asyncio.gather(self.desks.close_all(), *(call.close() for call in calls), return_exceptions=True)
        self._relay.close()
        self.peers.count()
        for handle in self._lingering.values():
            handle.cancel()
        self._speech.close()
        for call in calls:
            self._gone(call)
        await self._tasks.wait(RELEASE_TIMEOUT_S)
        self._store.close()

    async def prepare(self, tenant: Tenant) -> None:
        """Synthesise the tenant's greeting before it is needed."""
        if self._speech.synthesis is not None:
            for sentence in tenant.speech.normalisation.sentences(tenant.config.greeting):
                self._tasks.start(self._speech.synthesis.synthesise(sentence.spoken, Manner(tenant.speech.rate)))

    def _find(self, session_id: str) -> Call:
        call = self._calls.get(session_id)
        if call is None:
            raise session_not_found()
        return call

    async def _open_call(self, session: Session, host: int | None) -> Call:
        """Return the session's call. Concurrent callers share one creation. Raises `ApiError` 404."""
        session_id = session.session_id
        if session_id not in self._opening:
            if session_id in self._calls:
                return self._calls[session_id]
            self._opening[session_id] = asyncio.ensure_future(self._new_call(session, host))
            self._opening[session_id].add_done_callback(lambda done: self._opening.pop(session_id))
        return await asyncio.shield(self._opening[session_id])

    async def _new_call(self, session: Session, host: int | None) -> Call:
        session_id, handovers = session.session_id, self._handovers
        call = Call(
            session,
            self._config.tenants[session.tenant_id],
            self._tenant_agents[session.tenant_id],
            StoredSessionRecords(self._store.run, self._sessions, self._audit, session),
            self._speech.synthesis,
            self._speech.input,
            self._metrics,
            self._clock(),
            self,
            None if handovers is None else StoredSessionHandOver(self._store.run, handovers, session_id),
            self._relay,
            host,
        )
        self._calls[session_id] = call  # from now on `end` reaches it
        self.peers.count()
        try:
            await self._store.run(lambda: self._sessions.store.announce(SessionMoved(session_id, self._name)))
            await self._store.run(lambda: self._sessions.activate(session_id, self._process))
            if handovers is not None:
                await self._store.run(lambda: handovers.talk_began(session))
            await call.conversation.load()
        except ApiError:
            await self._forget(session_id)
            raise
        if self._calls.get(session_id) is not call:
            raise session_not_found()
        self._linger(session_id)
        return call

    def _gone(self, call: Call) -> None:
        self.peers.count()
        self._tasks.start(self._user_calls.release(call.session))

    def _peer_lost(self, call: Call) -> None:
        self._tasks.start(self._user_calls.release(call.session))
        if call.transport.socket is None:
            self._linger(call.session_id)

    async def _end_session(self, session_id: str, reason: Reason) -> None:
        await self.end(session_id, reason)  # first: the store may be slow
        with suppress(ApiError):  # logged; the session expires by itself
            await self._store.run(lambda: self._sessions.end(session_id, reason))

    def _linger(self, session_id: str) -> None:
        self._cancel_linger(session_id)
        loop = asyncio.get_running_loop()
        self._lingering[session_id] = loop.call_later(LINGER_S, lambda: self._tasks.start(self._forget(session_id)))

    def _cancel_linger(self, session_id: str) -> None:
        handle = self._lingering.pop(session_id, None)
        if handle is not None:
            handle.cancel()

    async def _forget(self, session_id: str) -> None:
        self._cancel_linger(session_id)
        call = self._calls.pop(session_id, None)
        if call is not None:
            await call.close()
            self._gone(call)
