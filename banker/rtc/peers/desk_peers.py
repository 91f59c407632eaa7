"""The peer connections of colleagues in this process. Each carries the voice of one talk with a customer."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from banker import strict_json
from banker.config.settings import Config, MediaSettings
from banker.errors import ApiError, unavailable
from banker.handover.voice import VoicePort, VoiceRelay
from banker.rtc.audio_out.playout import Speaker
from banker.rtc.ice import rtc_ice_servers
from banker.rtc.peers.peer import NoCandidates, Peer
from banker.rtc.sdp.description import BadOffer
from banker.rtc.sdp.offer import parse_offer
from banker.sessions import Sessions
from banker.sessions.conversation_records import RunInStore

log = logging.getLogger(__name__)

MAX_DESK_PEERS = 100
"""In one worker. Each takes a hundredth of a core and no speech engine."""


class DeskPeers:
    """Implements `PeerObserver`. Belongs to the media loop. `clock` gives Unix seconds."""

    def __init__(
        self,
        config: Config,
        settings: MediaSettings,
        relay: VoiceRelay,
        sessions: Sessions,
        run_in_store: RunInStore,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._settings = settings
        self._relay = relay
        self._sessions = sessions
        self._run = run_in_store
        self._clock = clock
        self._peers: dict[str, tuple[Peer, VoicePort]] = {}

    @property
    def sessions(self) -> list[str]:
        """The sessions in which a colleague talks by voice here."""
        return list(self._peers)

    async def answer(self, session_id: str, sdp: str) -> str:
        """Answer a colleague's offer, which contains all its candidates. An earlier peer of the talk is closed.

        Raises `ApiError`.
        """
        try:
            offer = parse_offer(sdp)
        except BadOffer as error:
            raise ApiError(400, "invalid_offer", str(error)) from None
        await self.close(session_id)
        if len(self._peers) >= MAX_DESK_PEERS:
            raise unavailable("This worker has no room for another colleague; try again.")
        speaker = Speaker()
        port = self._relay.open(session_id, "colleague", speaker.relay)
        servers = rtc_ice_servers(self._config.ice, session_id, self._clock())
        peer = Peer(
            session_id, self._settings, servers, speaker=speaker, avatar=None, sink=None, observer=self, tap=port.send
        )
        self._peers[session_id] = peer, port
        try:
            return await peer.answer(offer)
        except BaseException as error:
            await self.close(session_id)
            if isinstance(error, BadOffer):
                raise ApiError(400, "invalid_offer", str(error)) from None
            if isinstance(error, NoCandidates):
                raise unavailable(str(error)) from None
            raise

    async def recheck(self, session_id: str) -> None:
        """Close the colleague's peer unless the colleague still has the talk."""
        try:
            session = await self._run(partial(self._sessions.find, session_id))
        except ApiError as error:
            if error.status == 404:
                await self.close(session_id)
            return
        handover = session.handover or {}
        if handover.get("state") not in ("taken", "joined"):
            await self.close(session_id)

    async def close(self, session_id: str) -> None:
        """Close the colleague's peer of a session, if there is one."""
        peer, port = self._peers.pop(session_id, (None, None))
        if peer is not None and port is not None:
            port.close()
            await peer.close()

    async def close_all(self) -> None:
        """Close every peer."""
        await asyncio.gather(*map(self.close, self.sessions), return_exceptions=True)

    def peer_connected(self, peer: Peer) -> None:
        """Do nothing: the desk page shows the state of its own connection."""

    def peer_channel_opened(self, peer: Peer) -> None:
        """Do nothing: the channel only carries pings."""

    def peer_received(self, peer: Peer, message: str | None) -> None:
        """Answer a ping, by which the page notices a lost worker."""
        try:
            event: Mapping[str, Any] = strict_json.loads(message or "null")
            if event["type"] == "ping":
                peer.send({"type": "pong", "n": int(event["n"])})
        except (ValueError, TypeError, KeyError):
            log.debug("a desk sent a message that is not a ping")

    def peer_lost(self, peer: Peer, reason: str) -> None:
        """Forget a lost peer. The desk page sends a new offer."""
        known, port = self._peers.get(peer.session_id, (None, None))
        if known is peer and port is not None:
            del self._peers[peer.session_id]
            port.close()
