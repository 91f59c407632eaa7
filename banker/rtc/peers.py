"""The peers of this process's calls: offers are answered, candidates taken, within the room that there is."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from banker.config.settings import Config
from banker.errors import ApiError, session_not_found, unavailable
from banker.rtc.audio_in.jitter_buffer import JitterBuffer
from banker.rtc.audio_out.playout import Speaker
from banker.rtc.call import Call
from banker.rtc.ice import DeadServers, rtc_ice_servers
from banker.rtc.peer import NoCandidates, Peer
from banker.rtc.sdp import BadOffer, take_candidates
from banker.rtc.video.avatar import Avatar
from banker.rtc.video.avatar_track import AvatarTrack
from banker.server.metrics import Metrics

log = logging.getLogger(__name__)


class Peers:
    """Belongs to the media loop. `calls` are all calls of the process, by session; `lost` gets one whose peer has gone
    by itself.
    """

    def __init__(
        self,
        config: Config,
        calls: Mapping[str, Call],
        avatars: Mapping[str, Avatar],
        metrics: Metrics,
        clock: Callable[[], float],
        lost: Callable[[Call], None],
    ) -> None:
        self._config = config
        self._calls = calls
        self._avatars = avatars
        self._metrics = metrics
        self._clock = clock
        self._tell_lost = lost
        self._dead_servers = DeadServers()
        self.draining = False
        """Whether no offer is answered any more."""

    def __len__(self) -> int:
        """How many are connected or connecting."""
        return sum(call.peer is not None for call in self._calls.values())

    def require_room(self) -> None:
        """Raise `ApiError` (503) when there is no place for another one."""
        ports = self._config.media.ports
        most = self._config.media.max_peers if ports is None else min(self._config.media.max_peers, len(ports))
        if self.draining or len(self) >= most:
            self._metrics.refused_peers.inc()
            raise unavailable("This worker has no room for another call; try again.")

    async def answer(self, call: Call, sdp: str) -> str:
        """Answer an offer; an earlier peer of the call is closed. Raises `ApiError`."""
        if not call.offers.allows(asyncio.get_running_loop().time()):
            raise ApiError(429, "too_many_offers", "These are too many offers; wait a few seconds.")
        try:
            take_candidates(sdp)
        except BadOffer as error:  # before an earlier peer is given up for it
            raise ApiError(400, "invalid_offer", str(error)) from None
        while (earlier := call.peer) is not None:
            call.peer = None
            await earlier.close()
        if self._calls.get(call.session_id) is not call:
            raise session_not_found()
        self.require_room()
        peer = self._new(call)
        call.offered(peer)
        self.count()
        try:
            return await peer.answer(sdp)
        except BadOffer as error:
            await self._close(call, peer)
            raise ApiError(400, "invalid_offer", str(error)) from None
        except NoCandidates:
            await self._close(call, peer)
            self._metrics.refused_peers.inc()
            raise unavailable("Every media port of this worker is in use; try again.") from None
        except BaseException:
            await self._close(call, peer)
            raise

    def add_candidate(self, call: Call, candidate: Mapping[str, Any] | None) -> None:
        """Take a trickled candidate. Raises `ApiError`."""
        if call.peer is None:
            raise ApiError(400, "no_offer", "Send an offer before candidates.")
        try:
            call.peer.add_candidate(candidate)
        except BadOffer as error:
            raise ApiError(400, "invalid_candidate", str(error)) from None

    async def hang_up(self, call: Call) -> None:
        """Close the call's peer, if it has one."""
        if call.peer is not None:
            await self._close(call, call.peer)

    def count(self) -> None:
        """Have the gauge show how many there are."""
        self._metrics.peers.set(len(self))

    def _new(self, call: Call) -> Peer:
        speaker = Speaker(self._metrics.packet_lateness.observe)
        avatar = self._avatars.get(call.tenant.tenant_id) if call.tenant.config.avatar_enabled else None
        servers = self._dead_servers.without(rtc_ice_servers(self._config.ice, call.session_id, self._clock()))

        def dead_server(scheme: str) -> None:
            self._metrics.dead_ice_servers.inc()
            self._dead_servers.add(servers, scheme)

        peer = Peer(
            self._config.media,
            servers,
            speaker=speaker,
            face=None if avatar is None else AvatarTrack(avatar, speaker),
            microphone=None if call.segmenter is None else JitterBuffer(call.segmenter),
            connected=lambda: call.peer_connected() if call.peer is peer else None,
            channel_open=lambda: call.channel_open() if call.peer is peer else None,
            received=lambda message: call.heard(message) if call.peer is peer else None,
            lost=lambda why: self._lost(call, peer, why),
            dead_server=dead_server,
        )
        return peer

    def _lost(self, call: Call, peer: Peer, why: str) -> None:
        log.info("peer gone: %s", why, extra={"session_id": call.session_id})
        if call.peer is peer:
            call.peer_lost()
            self._tell_lost(call)
        self.count()

    async def _close(self, call: Call, peer: Peer) -> None:
        await peer.close()
        if call.peer is peer:
            call.peer_lost()
        self.count()
