"""The signaling route: refusal before the upgrade, then messages both ways until somebody hangs up."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from flask import Blueprint, Response, g, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server
from wsproto.utilities import RemoteProtocolError

from banker import strict_json as strict_json
from banker.config.settings import Config
from banker.conversation.events import read_event
from banker.errors import ApiError, invalid_request, unavailable
from banker.http.auth import Access, Authenticator, require_handshake
from banker.http.error_responses import json_response
from banker.server.message_rate import MessageRateLimit
from banker.server.metrics import Metrics
from banker.sessions import Session
from banker.signaling.messages import CLIENT_MESSAGES, read_message
from banker.signaling.websocket import FAULT, GOING_AWAY, NORMAL, POLICY, SignalingSocket, WebSocketConnection
from banker.timestamps import rfc3339

log = logging.getLogger(__name__)

WRONG_IN_A_ROW = 10
LOOK_SECONDS = 15.0
"""How often a silent socket looks whether it is still wanted."""
FRAMES, FRAMES_SECONDS = 200, 10.0
"""More frames in so many seconds are no browser's; one sends about 30 when it trickles its candidates."""

Send = Callable[[Mapping[str, Any]], None]


class Media(Protocol):
    """The media room as WSGI threads see it: each call crosses into the loop and comes back, or raises `ApiError`."""

    def admit(self, session_id: str) -> None: ...
    def open(self, session: Session, socket: Send) -> list[dict[str, Any]]: ...
    def leave(self, session_id: str, socket: Send) -> None: ...
    def offer(self, session_id: str, sdp: str) -> str: ...
    def candidate(self, session_id: str, candidate: Mapping[str, Any] | None) -> None: ...
    def receive(self, session_id: str, event: Mapping[str, Any]) -> None: ...
    def hang_up(self, session_id: str) -> None: ...


class Signaling:
    """`WS /v1/realtime/<session_id>`, and the sockets of this process that are open on it."""

    def __init__(self, config: Config, gate: Authenticator, media: Media, metrics: Metrics) -> None:
        self._config = config
        self._gate = gate
        self._media = media
        self._metrics = metrics
        self._lock = threading.Lock()
        self._taken: Counter[tuple[str, str]] = Counter()
        self._open: set[SignalingSocket] = set()
        self._draining = False

    def blueprint(self) -> Blueprint:
        """The route; the app that it is registered on has `SOCK_SERVER_OPTIONS` for it."""
        blueprint = Blueprint("realtime", __name__, url_prefix="/v1/realtime")
        sock = Sock()

        @blueprint.before_request
        def refuse() -> None:
            """Everything that can be refused is refused before the upgrade, as an ordinary HTTP answer."""
            g.access = self._gate.signaling(str((request.view_args or {})["session_id"]))
            require_handshake()
            g.place = self._take_place(g.access.session)
            self._media.admit(g.access.session.session_id)
            # No compression: it costs 300 KiB a socket, and what comes in could be a thousand times what was sent.
            request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            for name in ("gunicorn.socket", "werkzeug.socket"):
                if name in request.environ:
                    request.environ[name] = wire = WebSocketConnection(request.environ[name])
                    if wire.deserted:  # it would take the session from the connection that the client has made since
                        raise invalid_request("The client has gone before the handshake was answered.")

        @blueprint.teardown_request
        def give_back(error: BaseException | None) -> None:
            """However the request ends: a handshake may still fail after the place was taken."""
            if (place := g.pop("place", None)) is not None:
                self._give_place(place)

        @blueprint.errorhandler(RemoteProtocolError)
        @blueprint.errorhandler(UnicodeDecodeError)
        def no_handshake(error: Exception) -> Response:
            """wsproto cannot read a header of the handshake."""
            return json_response(invalid_request("This is no WebSocket handshake: a header is malformed.").body(), 400)

        @sock.route("/<session_id>", bp=blueprint)  # type: ignore[untyped-decorator]
        def signaling(ws: Server, session_id: str) -> None:
            self._serve(SignalingSocket(ws), g.access)

        return blueprint

    def drain(self) -> None:
        """Take no more sockets, and close those that are open with 1001."""
        with self._lock:
            self._draining = True
            sockets = list(self._open)
        for socket in sockets:
            socket.go_away()

    def _take_place(self, session: Session) -> tuple[str, str]:
        """A place in the name of the session's user, of whom nobody may have them all. Raises `ApiError` 503."""
        user = session.tenant_id, session.user_id
        server = self._config.server
        with self._lock:
            if self._draining or self._taken.total() >= server.max_sockets:
                raise unavailable("This worker has no room for another connection; try again.")
            if self._taken[user] >= server.max_sockets_per_user:
                raise unavailable("This user has as many connections open as one may have; close one.")
            self._taken[user] += 1
            self._metrics.sockets.set(self._taken.total())
        return user

    def _give_place(self, user: tuple[str, str]) -> None:
        with self._lock:
            self._taken[user] -= 1
            if not self._taken[user]:
                del self._taken[user]
            self._metrics.sockets.set(self._taken.total())

    def _serve(self, socket: SignalingSocket, access: Access) -> None:
        """Never raises: gunicorn would write an HTTP 500 into the open WebSocket."""
        session = access.session
        with self._listed(socket):
            try:
                self._greet(socket, access)
                self._converse(socket, session.session_id)
            except ConnectionClosed:
                log.debug("the client has gone")
            except ApiError as error:
                socket.send({"type": "error", **error.body()})
                socket.close(GOING_AWAY if error.status == 503 else POLICY, error.error)
            except Exception:
                log.exception("the signaling of a session failed", extra={"session_id": session.session_id})
                socket.close(FAULT, "internal error")
            finally:
                self._media.leave(session.session_id, socket.send)
                socket.release()

    @contextmanager
    def _listed(self, socket: SignalingSocket) -> Iterator[None]:
        with self._lock:
            self._open.add(socket)
            late = self._draining
        if late:
            socket.go_away()
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(socket)

    def _greet(self, socket: SignalingSocket, access: Access) -> None:
        session = access.session
        required = access.tenant.config.policy.require_consent and session.consent is None
        servers = self._media.open(session, socket.send)
        socket.send_first(
            {
                "type": "ready",
                "session_id": session.session_id,
                "ice_servers": servers,
                "expires_at": rfc3339(session.expires_at),
                "consent_required": required,
            }
        )

    def _converse(self, socket: SignalingSocket, session_id: str) -> None:
        wrong = 0
        pace = MessageRateLimit(FRAMES, FRAMES_SECONDS)
        while not socket.said_bye:
            frame = socket.receive(LOOK_SECONDS)
            if frame is None:
                if time.monotonic() - socket.last_word > self._config.server.socket_idle_seconds:
                    socket.send({"type": "bye"})
                continue
            if not pace.allows(time.monotonic()):
                socket.close(POLICY, "too many messages")
                return
            try:
                self._act(socket, session_id, frame)
                wrong = 0
            except ApiError as error:
                wrong += error.status < 500
                socket.send({"type": "error", **error.body()})
                if wrong >= WRONG_IN_A_ROW:
                    socket.close(POLICY, "too many wrong messages")
                    return
        socket.close(NORMAL)

    def _act(self, socket: SignalingSocket, session_id: str, frame: str | bytes) -> None:
        message = _parse(frame)
        if message["type"] not in CLIENT_MESSAGES:
            self._media.receive(session_id, read_event(message))
            return
        read = read_message(message)
        match read["type"]:
            case "offer":
                socket.send({"type": "answer", "sdp": self._media.offer(session_id, read["sdp"])})
            case "candidate":
                self._media.candidate(session_id, read["candidate"])
            case "bye":
                self._media.hang_up(session_id)
                socket.send({"type": "bye"})


def _parse(frame: str | bytes) -> dict[str, Any]:
    if isinstance(frame, bytes):
        raise invalid_request("Send text frames; this one is binary.")
    try:
        message = strict_json.loads(frame)
    except ValueError as error:
        raise invalid_request(str(error)) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise invalid_request("A message is a JSON object with a type.")
    return message
