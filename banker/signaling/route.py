"""`WS /v1/realtime/<session_id>`: refuses before the upgrade, then exchanges messages until one side closes."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flask import Blueprint, Response, g, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server
from wsproto.utilities import RemoteProtocolError

from banker import strict_json
from banker.config.settings import Config
from banker.conversation.events import read_event
from banker.errors import ApiError, invalid_request
from banker.http.auth import SUBPROTOCOL, Access, Authenticator, require_handshake
from banker.http.error_responses import json_response
from banker.server.metrics import Metrics
from banker.server.mount import HOST_KEY
from banker.server.wsgi_server import SOCKET_KEYS, websocket_capacity
from banker.sessions import Session
from banker.signaling.messages import CLIENT_MESSAGES, MAX_FRAME_BYTES, read_message
from banker.signaling.open_sockets import OpenSockets
from banker.signaling.websocket import (
    GOING_AWAY,
    INTERNAL_ERROR,
    NORMAL,
    POLICY,
    SignalingSocket,
    WebSocketConnection,
)
from banker.timestamps import rfc3339

log = logging.getLogger(__name__)

MAX_CONSECUTIVE_ERRORS = 10
"""A client is disconnected after this many invalid messages in a row: it is broken, or guessing."""
IDLE_CHECK_S = 4.0
"""How often a silent socket is checked against `server.socket_idle_seconds`, and gets a heartbeat.

A proxy has one time limit for the handshake and for later silence. The heartbeat allows a short limit, so that a
hanging host delays a handshake by only 10 s.
"""
PING_INTERVAL_S = 25
"""A client that has not answered a ping by the next one is gone. Changing networks takes a phone seconds."""
SOCKET_OPTIONS = {"subprotocols": [SUBPROTOCOL], "ping_interval": PING_INTERVAL_S, "max_message_size": MAX_FRAME_BYTES}

Send = Callable[[Mapping[str, Any]], None]


class SignalingMedia(Protocol):
    """What signaling needs from the media thread. Every method may raise `ApiError`, except `leave`."""

    def admit(self, session_id: str) -> None: ...
    def open(self, session: Session, socket: Send, host: int | None = None) -> list[dict[str, Any]]: ...
    def leave(self, session_id: str, socket: Send) -> None: ...
    def offer(self, session_id: str, sdp: str) -> str: ...
    def candidate(self, session_id: str, candidate: Mapping[str, Any] | None) -> None: ...
    def receive(self, session_id: str, event: Mapping[str, Any]) -> None: ...
    def hang_up(self, session_id: str) -> None: ...


class Signaling:
    """The signaling route and the sockets that are open on it in this process."""

    def __init__(self, config: Config, authenticator: Authenticator, media: SignalingMedia, metrics: Metrics) -> None:
        self._config = config
        self._authenticator = authenticator
        self._media = media
        self._sockets = OpenSockets(config.server.max_sockets_per_user, metrics)

    def blueprint(self) -> Blueprint:
        """Return the blueprint. Its app must have `SOCKET_OPTIONS` as `SOCK_SERVER_OPTIONS`."""
        blueprint = Blueprint("realtime", __name__, url_prefix="/v1/realtime")
        blueprint.before_request(self._admit)
        blueprint.teardown_request(self._free_slot)
        blueprint.register_error_handler(RemoteProtocolError, _malformed_handshake)
        blueprint.register_error_handler(UnicodeDecodeError, _malformed_handshake)

        @Sock().route("/<session_id>", bp=blueprint)  # type: ignore[untyped-decorator]
        def signaling(ws: Server, session_id: str) -> None:
            self._serve(SignalingSocket(ws), g.access)

        return blueprint

    def drain(self) -> None:
        """Close the open sockets with 1001, and those that are opened from now on."""
        self._sockets.drain()

    def _admit(self) -> None:
        """Refuse whatever can be refused before the upgrade, with an ordinary HTTP response."""
        g.access = self._authenticator.require_signaling_access(str((request.view_args or {})["session_id"]))
        require_handshake()
        capacity = websocket_capacity(request.environ)
        if capacity == 0:
            raise ApiError(501, "not_implemented", "This server cannot open WebSockets; its log names one that can.")
        session = g.access.session
        g.slot = self._sockets.reserve((session.tenant_id, session.user_id), capacity)
        try:
            self._media.admit(session.session_id)
        except ApiError:
            if not self._sockets.draining:  # while draining, the socket is opened and closed with 1001
                raise
        # No compression: it costs 300 KiB a socket, and a small frame could inflate a thousandfold.
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        key = next(key for key in SOCKET_KEYS if key in request.environ)
        request.environ[key] = connection = WebSocketConnection(request.environ[key])
        # A client that gave up may have reconnected, and its old socket must not take over the session.
        if connection.closed_by_client:
            raise invalid_request("The client closed the connection before the handshake was answered.")

    def _free_slot(self, error: BaseException | None) -> None:
        """Give the slot back, however the request ends. The handshake may fail after `_admit`."""
        if (slot := g.pop("slot", None)) is not None:
            self._sockets.free(slot)

    def _serve(self, socket: SignalingSocket, access: Access) -> None:
        """Run one socket. Never raises: gunicorn would write an HTTP 500 into the open WebSocket."""
        session_id = access.session.session_id
        self._sockets.opened(g.slot, socket)
        try:
            if not self._sockets.draining:
                self._send_ready(socket, access)
            self._exchange(socket, session_id)
        except ConnectionClosed:
            log.debug("the client closed the signaling socket")
        except ApiError as error:
            socket.send({"type": "error", **error.body()})
            socket.close(GOING_AWAY if error.status == 503 else POLICY, error.error)
        except Exception:
            log.exception("signaling failed", extra={"session_id": session_id})
            socket.close(INTERNAL_ERROR, "internal error")
        finally:
            self._media.leave(session_id, socket.send)
            socket.finish()

    def _send_ready(self, socket: SignalingSocket, access: Access) -> None:
        session = access.session
        ice_servers = self._media.open(session, socket.send, request.environ.get(HOST_KEY))
        socket.send_first(
            {
                "type": "ready",
                "session_id": session.session_id,
                "ice_servers": ice_servers,
                "expires_at": rfc3339(session.expires_at),
                "consent_required": access.tenant.config.policy.require_consent and session.consent is None,
            }
        )

    def _exchange(self, socket: SignalingSocket, session_id: str) -> None:
        """Handle frames until a `bye` is sent. Raises `ConnectionClosed` if the client closes first."""
        consecutive_errors = 0
        while not socket.bye_sent:
            frame = socket.receive(IDLE_CHECK_S)
            if frame is None:
                if time.monotonic() - socket.last_received > self._config.server.socket_idle_seconds:
                    socket.send({"type": "bye"})
                else:
                    socket.send_heartbeat()
                continue
            try:
                self._handle(socket, session_id, frame)
                consecutive_errors = 0
            except ApiError as error:
                consecutive_errors += error.status < 500
                socket.send({"type": "error", **error.body()})
                if consecutive_errors >= MAX_CONSECUTIVE_ERRORS:
                    socket.close(POLICY, "too many invalid messages")
                    return
        socket.close(NORMAL)

    def _handle(self, socket: SignalingSocket, session_id: str, frame: str | bytes) -> None:
        message = parse_frame(frame)
        if message["type"] not in CLIENT_MESSAGES:
            self._media.receive(session_id, read_event(message))
            return
        message = read_message(message)
        match message["type"]:
            case "offer":
                socket.send({"type": "answer", "sdp": self._media.offer(session_id, message["sdp"])})
            case "candidate":
                self._media.candidate(session_id, message["candidate"])
            case "bye":
                self._media.hang_up(session_id)
                socket.send({"type": "bye"})


def _malformed_handshake(error: Exception) -> Response:
    """Answer a handshake with a header that wsproto cannot read."""
    return json_response(invalid_request("A header of the WebSocket handshake is malformed.").body(), 400)


def parse_frame(frame: str | bytes) -> dict[str, Any]:
    """Return the message of a text frame, a JSON object with a `type`. Raises `ApiError` 400."""
    if isinstance(frame, bytes):
        raise invalid_request("Send text frames; this one is binary.")
    try:
        message = strict_json.loads(frame)
    except ValueError as error:
        raise invalid_request(str(error)) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise invalid_request("A message is a JSON object with a type.")
    return message
