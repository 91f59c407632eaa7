"""The peer connections of this process's calls: answers offers within capacity, and reports events of peers."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from banker.config.settings import Config
from banker.errors import ApiError, session_not_found, unavailable
from banker.rtc import aiortc_internals
from banker.rtc.audio_out.playout import Speaker
from banker.rtc.calls.call import Call
from banker.rtc.calls.user_calls import UserCalls
from banker.rtc.ice import UnreachableServers, rtc_ice_servers
from banker.rtc.peers.peer import NoCandidates, Peer
from banker.rtc.sdp.description import BadOffer
from banker.rtc.sdp.offer import ParsedOffer, parse_offer
from banker.rtc.video.avatar import Avatar
from banker.rtc.video.avatar_track import AvatarTrack
from banker.server.metrics import Metrics

log = logging.getLogger(__name__)


class CallPeers:
    """Implements `PeerObserver`. Belongs to the media loop.

    `calls` are all calls of the process by session; up to `places` of them may have a peer. `lost` gets a call whose
    peer was lost.
    """

    def __init__(
        self,
        config: Config,
        calls: Mapping[str, Call],
        places: int,
        user_calls: UserCalls,
        avatars: Mapping[str, Avatar],
        metrics: Metrics,
        clock: Callable[[], float],
        lost: Callable[[Call], None],
    ) -> None:
        self._config = config
        self._calls = calls
        self._user_calls = user_calls
        ports = None if config.media.shares_ports else config.media.ports
        self._places = places if ports is None else min(places, len(ports))
        metrics.peers_limit.inc(self._places)
        self._avatars = avatars
        self._metrics = metrics
        self._clock = clock
        self._call_lost = lost
        self._unreachable = UnreachableServers()
        self.settings = replace(config.media, fast_path=_use_fast_path(config))
        self._counted = 0, 0
        self.draining = False
        """Whether offers are refused, because the worker is going away."""

    def __len__(self) -> int:
        """Return how many peers are connected or connecting."""
        return sum(call.transport.peer is not None for call in self._calls.values())

    def require_room(self) -> None:
        """Raise `ApiError` (503) if the worker has no room for another peer."""
        if self.draining or len(self) >= self._places:
            self._metrics.rejections["draining" if self.draining else "peers"].inc()
            raise unavailable("This worker has no room for another call; try again.")

    async def answer(self, call: Call, sdp: str) -> str:
        """Answer an offer; an earlier peer of the call is closed. Raises `ApiError`."""
        if not call.offer_rate.allows(asyncio.get_running_loop().time()):
            raise ApiError(429, "too_many_offers", "Too many offers; wait a few seconds.")
        try:
            offer = parse_offer(sdp)
        except BadOffer as error:  # before an earlier peer is closed for it
            log.info("offer refused: %s", error, extra={"session_id": call.session_id})
            raise ApiError(400, "invalid_offer", str(error)) from None
        for reason in offer.rejected.values():
            log.info("not answered: %s", reason, extra={"session_id": call.session_id})
        await self._user_calls.claim(call.session)
        try:
            return await self._answer(call, offer)
        finally:
            if call.transport.peer is None:
                await self._user_calls.release(call.session)

    async def _answer(self, call: Call, offer: ParsedOffer) -> str:
        while (earlier := call.transport.peer) is not None:
            call.transport.peer = None
            await earlier.close()
        if self._calls.get(call.session_id) is not call:
            raise session_not_found()
        self.require_room()
        servers = self._unreachable.without(rtc_ice_servers(self._config.ice, call.session_id, self._clock()))
        peer = self._new(call, servers)
        call.peer_offered(peer)
        self.count()
        try:
            answer = await peer.answer(offer)
            call.peer_answered(peer)
            return answer
        except BaseException as error:
            await self._close(call, peer)
            if isinstance(error, BadOffer):
                raise ApiError(400, "invalid_offer", str(error)) from None
            if isinstance(error, NoCandidates):
                self._metrics.rejections["udp_port"].inc()
                raise unavailable(str(error)) from None
            raise
        finally:
            if peer.candidate_types is not None:
                self._metrics.dead_ice_servers.inc(self._unreachable.learn(servers, peer.candidate_types))

    def add_candidate(self, call: Call, candidate: Mapping[str, Any] | None) -> None:
        """Take a trickled candidate. Raises `ApiError`."""
        if call.transport.peer is None:
            raise ApiError(400, "no_offer", "Send an offer before candidates.")
        try:
            call.transport.peer.add_candidate(candidate)
        except BadOffer as error:
            raise ApiError(400, "invalid_candidate", str(error)) from None

    async def hang_up(self, call: Call) -> None:
        """Close the call's peer, if it has one."""
        if call.transport.peer is not None:
            await self._close(call, call.transport.peer)

    def count(self) -> None:
        """Update the gauges of calls and peers by the difference, since other services may share them."""
        calls, peers = self._counted
        self._counted = len(self._calls), len(self)
        self._metrics.calls.inc(len(self._calls) - calls)
        self._metrics.peers.inc(len(self) - peers)

    def peer_connected(self, peer: Peer) -> None:
        """Pass it on to the call, unless a newer peer has taken over."""
        if (call := self._call_of(peer)) is not None:
            call.peer_connected()

    def peer_channel_opened(self, peer: Peer) -> None:
        """Pass it on to the call, unless a newer peer has taken over."""
        if (call := self._call_of(peer)) is not None:
            call.channel_opened()

    def peer_received(self, peer: Peer, message: str | None) -> None:
        """Pass it on to the call, unless a newer peer has taken over."""
        if (call := self._call_of(peer)) is not None:
            call.channel_received(message)

    def peer_lost(self, peer: Peer, reason: str) -> None:
        """Free the place of a lost peer."""
        log.info("peer gone: %s", reason, extra={"session_id": peer.session_id})
        if (call := self._call_of(peer)) is not None:
            call.peer_lost()
            self._call_lost(call)
        self.count()

    def _call_of(self, peer: Peer) -> Call | None:
        call = self._calls.get(peer.session_id)
        return call if call is not None and call.transport.peer is peer else None

    def _new(self, call: Call, servers: list[Any]) -> Peer:
        speaker = Speaker(self._metrics.packet_lateness.observe)
        avatar = self._avatars.get(call.tenant.tenant_id) if call.tenant.config.avatar_enabled else None
        track = None
        if avatar is not None:
            track = AvatarTrack(avatar, speaker)
            speaker.changed = track.wake
        return Peer(
            call.session_id,
            self.settings,
            servers,
            speaker=speaker,
            avatar=track,
            sink=call.segmenter,
            observer=self,
            tap=call.colleague_voice.from_customer,
        )

    async def _close(self, call: Call, peer: Peer) -> None:
        await peer.close()
        if call.transport.peer is peer:
            call.peer_lost()
            await self._user_calls.release(call.session)
        self.count()


def _use_fast_path(config: Config) -> bool:
    """Return whether aiortc's internals are used, and log once what is lost without them."""
    reason = ", ".join(aiortc_internals.UNTESTED) or ("" if config.media.fast_path else "media.fast_path is false")
    if reason:
        log.warning(
            "media runs on aiortc's public API (%s): more CPU, 80 ms more latency, fewer limits",
            reason,
        )
    return not reason
