"""A plain client of the wire contract for tests: HTTP with minted tokens, the signaling socket, and an aiortc peer.

    with Customer(server.url) as customer:
        customer.create()
        customer.connect()                  # the WebSocket; `ready` and `session.ready` have come
        customer.call()                     # offer, answer, connected, the events channel is open
        customer.send({"type": "consent.grant", "version": "v1"})
        customer.events.wait_for("transcript", final=True)
        customer.browser.sound()            # what was heard so far, s16 mono 48 kHz

Everything is synchronous; aiortc runs in one background thread of the tests. Every wait has a limit.
"""

import array
import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import jwt
import requests
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from av import CodecContext, Packet
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    Pong,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from tests.servers import TENANT_SECRET, wait_until

T = TypeVar("T")
SUBPROTOCOL = "virtual-banker.v1"
SAMPLE_RATE = 48_000
PACKET_SAMPLES = 960
LIMIT = 10.0
"""Seconds that a wait takes at most, unless told otherwise."""


def mint(subject: str, tenant: str = "bank", secret: str = TENANT_SECRET, **claims: Any) -> str:
    """A token of a tenant of `write_config` about `subject`; `claims` go over the usual ones, None leaves one out."""
    now = int(time.time())
    usual = {"iss": f"https://{tenant}.example", "sub": subject, "aud": "virtual-banker", "iat": now, "exp": now + 600}
    kept = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode(kept, secret, algorithm="HS256")


class Events:
    """Messages as they come, from whichever thread; `wait_for` finds one of them, or waits for it."""

    def __init__(self) -> None:
        self._all: list[dict[str, Any]] = []
        self._changed = threading.Condition()

    def add(self, event: Mapping[str, Any]) -> None:
        with self._changed:
            self._all.append(dict(event))
            self._changed.notify_all()

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Those of one type so far, in the order of their coming."""
        return [event for event in self.all if event["type"] == kind]

    @property
    def all(self) -> list[dict[str, Any]]:
        with self._changed:
            return list(self._all)

    def wait_for(self, kind: str, limit: float = LIMIT, *, nth: int = 1, **fields: Any) -> dict[str, Any]:
        """The `nth` event of this type with these fields. Fails the test after `limit` seconds."""

        def found() -> dict[str, Any] | None:
            fitting = [e for e in self._all if e["type"] == kind and fields.items() <= e.items()]
            return fitting[nth - 1] if len(fitting) >= nth else None

        with self._changed:
            self._changed.wait_for(lambda: found() is not None, limit)
            event = found()
            types = [e["type"] for e in self._all]
        assert event is not None, f"no {kind} {fields or ''} within {limit} s; there came {types}"
        return event

    def wait_for_any(self, *kinds: str, limit: float = LIMIT) -> None:
        """Wait until there is an event of one of these types."""
        with self._changed:
            came = self._changed.wait_for(lambda: any(event["type"] in kinds for event in self._all), limit)
            assert came, f"none of {kinds} within {limit} s; there came {[event['type'] for event in self._all]}"

    def __contains__(self, kind: str) -> bool:
        return any(event["type"] == kind for event in self.all)


class SignalingSocket:
    """One WebSocket, made by hand on wsproto so that tests can break every rule. Frames go to `events`, as JSON.

    Raises `Refused` when the server does not upgrade. `code` is the close code, once it has closed (1006: without one).
    """

    def __init__(
        self,
        url: str,
        events: Events,
        *,
        token: str | None = None,
        subprotocols: Iterable[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        parts = urlsplit(url)
        if subprotocols is None:
            subprotocols = [SUBPROTOCOL] + ([f"bearer.{token}"] if token is not None else [])
        self.events = events
        self.code: int | None = None
        self.reason: str | None = None
        self.subprotocol: str | None = None
        self.pings = 0
        self.heartbeats = 0
        self.deaf = False
        """Set it to answer neither pings nor the server's Close frame."""
        self.rest = b""
        """What came after the close frame."""
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._lock = threading.Lock()
        self.sock = socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=LIMIT)
        extra = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        request = Request(host=parts.netloc, target=parts.path, subprotocols=list(subprotocols), extra_headers=extra)
        self.sock.sendall(self._ws.send(request))
        self._upgrade()
        self._thread = threading.Thread(target=self._read, name="test-socket", daemon=True)
        self._thread.start()

    def send(self, message: Any) -> None:
        """Send a frame: a mapping as JSON, a string as it is, bytes as a binary frame."""
        if isinstance(message, bytes):
            self._send(BytesMessage(data=message))
        else:
            self._send(TextMessage(data=message if isinstance(message, str) else json.dumps(message)))

    def close(self, code: int = 1000) -> None:
        """Say goodbye and wait for the answer."""
        if self.code is None:
            with contextlib.suppress(Exception):
                self._send(CloseConnection(code))
            self._thread.join(LIMIT)
        self.drop()

    def drop(self) -> None:
        """Go away without a close frame, as a crashed browser does (FIN)."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def reset(self) -> None:
        """Go away with a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RD)
        self.sock.close()

    def wait_closed(self, limit: float = LIMIT) -> int:
        """The close code. Fails the test when it is still open after `limit` seconds."""
        self._thread.join(limit)
        assert self.code is not None, f"the socket is still open after {limit} s"
        return self.code

    def _send(self, event: Any) -> None:
        with self._lock:
            self.sock.sendall(self._ws.send(event))

    def _upgrade(self) -> None:
        body = b""
        while True:
            data = self.sock.recv(65536)
            self._ws.receive_data(data or None)
            for event in self._ws.events():
                if isinstance(event, AcceptConnection):
                    self.subprotocol = event.subprotocol
                    self.sock.settimeout(None)
                    return
                if isinstance(event, RejectConnection):
                    status, headers = event.status_code, dict(event.headers)
                    if not event.has_body:
                        raise Refused(status, headers, b"")
                elif isinstance(event, RejectData):
                    body += event.data
                    if event.body_finished:
                        raise Refused(status, headers, body)
            assert data, "the server closed the connection instead of answering"

    def _read(self) -> None:
        text = ""
        try:
            while self.code is None:
                for event in self._ws.events():
                    if isinstance(event, TextMessage):
                        text += event.data
                        if event.message_finished:
                            self.events.add(json.loads(text))
                            text = ""
                    elif isinstance(event, Message):
                        raise AssertionError("a binary frame")
                    elif isinstance(event, Ping):
                        self.pings += 1
                        if not self.deaf:
                            self._send(event.response())
                    elif isinstance(event, CloseConnection):
                        if not self.deaf:
                            with contextlib.suppress(Exception):
                                self._send(event.response())
                        self.code, self.reason = int(event.code), event.reason
                        self.sock.settimeout(LIMIT)
                        while data := self.sock.recv(65536):
                            self.rest += data
                        return
                    else:
                        assert isinstance(event, Pong)
                        self.heartbeats += 1
                data = self.sock.recv(65536)
                if not data:
                    break
                self._ws.receive_data(data)
        except OSError:
            pass
        finally:
            self.code = 1006 if self.code is None else self.code
            self.sock.close()
            self.events.add({"type": "(closed)", "code": self.code})


class Refused(Exception):
    """The answer of a server that did not upgrade."""

    def __init__(self, status: int, headers: Mapping[Any, Any], body: bytes) -> None:
        super().__init__(f"{status}: {body[:200]!r}")
        self.status = status
        self.headers = {bytes(name).decode().lower(): bytes(value).decode() for name, value in headers.items()}
        self.body = json.loads(body) if body else None


class _Loop:
    """The one background loop in which the peers of all tests live."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, coroutine: Coroutine[Any, Any, T], limit: float = LIMIT) -> T:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="test-peers", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(limit)


LOOP = _Loop()


@dataclass
class Heard:
    """The RTP packets of one track: sequence number, timestamp, payload and the time of arrival (s, monotonic)."""

    packets: list[tuple[int, int, bytes, float]] = field(default_factory=list)

    def pcm(self, since: int = 0, *, gaps: bool = False) -> bytes:
        """The packets from number `since` on, decoded: s16 mono 48 kHz; `gaps` puts silence where none were sent."""
        decoder = CodecContext.create("opus", "r")
        decoder.layout = "mono"
        pcm = bytearray()
        before: int | None = None
        for _, timestamp, payload, _ in self.packets[since:]:
            if gaps and before is not None:
                pcm += bytes(2 * max(0, (timestamp - before) % 2**32 - PACKET_SAMPLES))
            before = timestamp
            for frame in decoder.decode(Packet(payload)):
                samples = array.array("f" if "flt" in frame.format.name else "h", bytes(frame.planes[0]))
                plain = samples[: frame.samples]
                pcm += plain.tobytes() if plain.typecode == "h" else _s16(plain)
        return bytes(pcm)


def _s16(samples: "array.array[float]") -> bytes:
    return array.array("h", (max(-32768, min(32767, round(value * 32767))) for value in samples)).tobytes()


class Browser:
    """What a page does with one RTCPeerConnection; every method returns when it is done.

    The offer asks for the banker's sound (and its picture with `video`), and brings the `events` channel. `microphone`
    is sent if given; silence of AudioStreamTrack's otherwise not. `relay_only` uses the TURN servers of `ice_servers`
    alone. Received packets are kept as they come and not decoded.
    """

    def __init__(
        self,
        events: Events | None = None,
        *,
        ice_servers: Iterable[Mapping[str, Any]] = (),
        relay_only: bool = False,
        microphone: MediaStreamTrack | None = None,
        audio: bool = True,
        video: bool = False,
        camera: bool = False,
        channel: str | None = "events",
    ) -> None:
        self.events = events if events is not None else Events()
        self.audio, self.video = Heard(), Heard()
        self.states: list[str] = []
        LOOP.run(self._make(list(ice_servers), relay_only, microphone, audio, video, camera, channel))

    def offer(self) -> str:
        """The SDP of a new offer, with all candidates."""
        return LOOP.run(self._offer())

    def accept(self, answer: str) -> None:
        """Take the banker's answer."""
        LOOP.run(self.pc.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer")))

    def wait_connected(self, limit: float = LIMIT) -> None:
        """Until ICE and DTLS are through, and the events channel (if there is one) is open."""
        wait_until(lambda: self.pc.connectionState == "connected", limit, f"connected (is {self.states})")
        if self.channel is not None:
            wait_until(lambda: self.channel.readyState == "open", limit, "the events channel being open")

    def wait_gone(self, limit: float = LIMIT) -> None:
        """Until the other side has closed the connection."""
        wait_until(lambda: self.pc.connectionState in ("closed", "failed"), limit, f"gone (is {self.states})")

    def open_channel(self, label: str) -> None:
        """Open another channel; `channel` and `events` are about that one from now on."""
        self.run(lambda: self._open_channel(label))

    def send(self, event: Any) -> None:
        """Send on the events channel: a mapping as JSON, text and bytes as they are."""
        message = event if isinstance(event, (str, bytes)) else json.dumps(event)
        self.run(lambda: self.channel.send(message))

    def sound(self, since: int = 0, *, gaps: bool = False) -> bytes:
        """What came over the sound track, from packet number `since` on: s16 mono 48 kHz."""
        return self.audio.pcm(since, gaps=gaps)

    def run(self, work: Callable[[], T]) -> T:
        """Call something in the loop that the connection belongs to."""

        async def called() -> T:
            return work()

        return LOOP.run(called())

    def vanish(self) -> None:
        """Be gone without a word, as a browser whose machine lost its power: deaf and dumb from now on."""

        def cut() -> None:
            for protocol in self._connection()._protocols:
                protocol.transport.abort()

        self.run(cut)

    def close(self) -> None:
        """Close as a page does."""
        LOOP.run(self.pc.close())

    async def _make(
        self,
        ice_servers: list[Mapping[str, Any]],
        relay_only: bool,
        microphone: MediaStreamTrack | None,
        audio: bool,
        video: bool,
        camera: bool,
        channel: str | None,
    ) -> None:
        configuration = RTCConfiguration(
            iceServers=[RTCIceServer(**server) for server in ice_servers],
            bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            iceTransportPolicy=RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL,
        )
        self.pc = RTCPeerConnection(configuration)
        self.pc.on("connectionstatechange", lambda: self.states.append(self.pc.connectionState))
        if audio:
            direction = "sendrecv" if microphone is not None else "recvonly"
            self._listen(self.pc.addTransceiver(microphone or "audio", direction=direction), self.audio)
        if video or camera:
            direction = "sendrecv" if camera else "recvonly"
            track = VideoStreamTrack() if camera else "video"
            self._listen(self.pc.addTransceiver(track, direction=direction), self.video)
        self.channel: Any = None
        if channel is not None:
            self._open_channel(channel)

    def _open_channel(self, label: str) -> None:
        self.channel = self.pc.createDataChannel(label, ordered=True)
        self.channel.on("message", lambda message: self.events.add(json.loads(message)))

    def _listen(self, transceiver: Any, heard: Heard) -> None:
        """Keep packets instead of decoding them: aiortc's jitter buffer would hold the last 80 ms back."""

        async def keep(packet: Any, arrival_time_ms: int) -> None:
            heard.packets.append((packet.sequence_number, packet.timestamp, packet.payload, time.monotonic()))

        transceiver.receiver._handle_rtp_packet = keep

    async def _offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    def _connection(self) -> Any:
        transports = [t.receiver.transport for t in self.pc.getTransceivers()]
        transports += [self.pc.sctp.transport] if self.pc.sctp else []
        return transports[0].transport._connection


class Customer:
    """A signed-in customer of a bank with the bank's page open: one session, its socket and its browser."""

    def __init__(self, url: str, *, tenant: str = "bank", user: str = "user-456") -> None:
        self.url = url
        self.tenant, self.user = tenant, user
        self.events = Events()
        self.session: dict[str, Any] = {}
        self._socket: SignalingSocket | None = None
        self._browser: Browser | None = None
        self._all: list[SignalingSocket | Browser] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def socket(self) -> SignalingSocket:
        """The socket that was opened last."""
        assert self._socket is not None
        return self._socket

    @property
    def browser(self) -> Browser:
        """The browser that called last."""
        assert self._browser is not None
        return self._browser

    @property
    def token(self) -> str:
        """The session's current ephemeral token."""
        return str(self.session["ephemeral_token"])

    @property
    def path(self) -> str:
        return f"{self.url}/v1/sessions/{self.session['session_id']}"

    @property
    def signaling_url(self) -> str:
        return f"{self.url}/v1/realtime/{self.session['session_id']}"

    def create(self, **changes: Any) -> dict[str, Any]:
        """`POST /v1/sessions` with the user's own token as bearer and assertion."""
        token = mint(self.user, self.tenant)
        body = {"tenant_id": self.tenant, "user_id": self.user, "auth_assertion": token, **changes}
        answer = requests.post(f"{self.url}/v1/sessions", json=body, headers=_bearer(token), timeout=LIMIT)
        assert answer.status_code == 201, answer.text
        self.session = answer.json()
        return self.session

    def refresh(self) -> None:
        """`refresh-token`; the new token takes the older one's place here too."""
        answer = requests.post(f"{self.path}/refresh-token", headers=_bearer(self.token), timeout=LIMIT)
        assert answer.status_code == 200, answer.text
        self.session |= answer.json()

    def end(self) -> None:
        """`end`, with the ephemeral token."""
        answer = requests.post(f"{self.path}/end", headers=_bearer(self.token), timeout=LIMIT)
        assert answer.status_code == 200, answer.text

    def connect(self, *, token: str | None = None, wait: bool = True, **options: Any) -> SignalingSocket:
        """Open the signaling socket; raises `Refused`. With `wait` it returns when `session.ready` has come."""
        before = len(self.events.of_type("ready"))
        self._socket = SignalingSocket(self.signaling_url, self.events, token=token or self.token, **options)
        self._all.append(self._socket)
        if wait:
            self.events.wait_for("ready", 30, nth=before + 1)  # the first one waits for the engines
        return self._socket

    def come_back(self, limit: float = 90) -> None:
        """Connect as soon as a worker answers."""

        def is_back() -> bool:
            try:
                self.connect()
            except (OSError, AssertionError, Refused):
                return False
            return True

        wait_until(is_back, limit=limit, what="another worker")

    def exchange(self, offer: str, limit: float = LIMIT) -> str:
        """Send an offer on the socket and return the answer."""
        before = len(self.events.of_type("answer"))
        self.socket.send({"type": "offer", "sdp": offer})
        return str(self.events.wait_for("answer", limit, nth=before + 1)["sdp"])

    def call(self, *, wait: bool = True, use_ice_servers: bool = False, **options: Any) -> Browser:
        """Offer a peer and connect it; `options` are `Browser`'s. `use_ice_servers` takes those of `ready`."""
        if use_ice_servers:
            options["ice_servers"] = self.events.of_type("ready")[-1]["ice_servers"]
        self._browser = Browser(self.events, **options)
        self._all.append(self._browser)
        self._browser.accept(self.exchange(self._browser.offer()))
        if wait:
            self._browser.wait_connected()
        return self._browser

    def send(self, event: Mapping[str, Any]) -> None:
        """Send an event as a page does: on the channel while it is open, on the socket otherwise."""
        browser = self._browser
        if browser is not None and browser.channel is not None and browser.channel.readyState == "open":
            browser.send(event)
        else:
            self.socket.send(event)

    def consent(self, version: str = "v1") -> None:
        """Agree to the consent text."""
        self.send({"type": "consent.grant", "version": version})

    def close(self) -> None:
        """Give everything back that this customer has opened."""
        for opened in self._all:
            opened.close()
        self._all.clear()


def comes_in(customer: Customer) -> bool:
    """Whether there is room for this customer's socket now."""
    try:
        customer.connect()
    except Refused as refused:
        if refused.status != 503:
            raise
        return False
    return True


def microphone() -> MediaStreamTrack:
    """A microphone that hears nothing: 50 packets of silence a second."""
    return AudioStreamTrack()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
