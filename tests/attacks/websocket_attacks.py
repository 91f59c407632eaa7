"""Attacks on signaling: handshakes, frames that break RFC 6455, messages that break the schemas, floods."""

import json
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from wsproto.utilities import LocalProtocolError

from tests.attacks.target import Attack, Target
from tests.client import SUBPROTOCOL, Customer, Refused
from tests.outcomes import outcome as outcome_of

TEXT, BINARY, CLOSE, PING, CONTINUATION = 1, 2, 8, 9, 0
SOCKET = "`WS /v1/realtime/{id}`"


def frame(opcode: int, payload: bytes, *, final: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """Encode a frame (RFC 6455 section 5.2), also a wrong one."""
    size = len(payload)
    length = (
        bytes([size])
        if size < 126
        else struct.pack(">BH", 126, size)
        if size < 65_536
        else struct.pack(">BQ", 127, size)
    )
    first = bytes([(final << 7) | (reserved << 4) | opcode])
    if not masked:
        return first + length + payload
    key = os.urandom(4)
    mask = (key * (size // 4 + 1))[:size]
    hidden = (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")
    return first + bytes([length[0] | 0x80]) + length[1:] + key + hidden


def handshake(sent: str, outcome: int, **options: Any) -> Attack:
    """Try to connect with `options` of `Customer.connect`; "victim" stands for the victim's session."""

    def run(target: Target) -> str:
        customer = target.victim if options.get("at_victim") else target.mallory
        known = target.tokens()
        given = {name: value for name, value in options.items() if name != "at_victim"}
        if "token" in given:
            given["token"] = known.get(given["token"], given["token"])
        if "subprotocols" in given:
            given["subprotocols"] = [name.format(own=target.mallory.token) for name in given["subprotocols"]]
        answer = outcome_of(lambda: customer.connect(wait=False, **given), refusal=Refused)
        if not isinstance(answer, Refused):
            answer.close()
            return "101"
        assert set(answer.body) == {"error", "message"}
        return str(answer.status)

    return Attack(sent, SOCKET, str(outcome), run)


def attacked(target: Target, attack: Callable[[Customer], None]) -> str:
    """Do something with an open socket; return how it closed, or whether it goes on with or without an error."""
    with Customer(target.url, user=target.mallory.user) as customer:
        customer.create()
        customer.connect()
        customer.events.wait_for("session.ready")
        with suppress(OSError, LocalProtocolError):
            attack(customer)
            customer.socket.send({"type": "ping", "n": 7})
        customer.events.wait_for_any("pong", "(closed)")
        errors = {event["error"] for event in customer.events.of_type("error")}
        if "(closed)" in customer.events:
            return f"closed with {customer.socket.code}"
        return ", ".join(sorted(errors)) + "; goes on" if errors else "ignored"


def sends(sent: str, outcome: str, *frames: Any) -> Attack:
    """Send messages, texts or binary frames on an open socket."""

    def attack(customer: Customer) -> None:
        for one in frames:
            customer.socket.send(one)

    return Attack(sent, SOCKET, outcome, lambda target: attacked(target, attack))


def sends_raw(sent: str, outcome: str, data: bytes) -> Attack:
    """Send bytes below the level of messages on an open socket."""
    return Attack(
        sent, SOCKET, outcome, lambda target: attacked(target, lambda customer: customer.socket.sock.sendall(data))
    )


BYE = json.dumps({"type": "speech.cancel"}).encode()
HANDSHAKES = [
    handshake("another session's token", 401, at_victim=True, token="ephemeral"),
    handshake("the portal's bearer", 401, token="own"),
    handshake("a back end's bearer", 401, token="back end"),
    handshake("another tenant's bearer", 401, at_victim=True, token="rival"),
    handshake("no token", 401, subprotocols=[SUBPROTOCOL]),
    handshake("two tokens", 401, subprotocols=[SUBPROTOCOL, "bearer.{own}", "bearer.{own}"]),
    handshake("a token without our subprotocol", 401, subprotocols=["bearer.{own}"]),
    handshake("a foreign `Origin`", 401, headers={"Origin": "https://evil.example"}),
    handshake("`Origin: null`", 401, headers={"Origin": "null"}),
    handshake("an `Origin` that begins as ours", 401, headers={"Origin": "https://portal.bank.example.evil.example"}),
    handshake(
        "`X-Forwarded-Host` of the foreign page",
        401,
        headers={"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    ),
]
FRAMES = [
    sends_raw("a frame that is not masked", "closed with 1002", frame(TEXT, BYE, masked=False)),
    sends_raw("a frame with a reserved bit", "closed with 1002", frame(TEXT, BYE, reserved=4)),
    sends_raw("an unknown opcode", "closed with 1002", frame(3, BYE)),
    sends_raw("a ping of 126 bytes", "closed with 1002", frame(PING, b"x" * 126)),
    sends_raw("a ping in two fragments", "closed with 1002", frame(PING, b"x", final=False)),
    sends_raw("a continuation of nothing", "closed with 1002", frame(CONTINUATION, BYE)),
    sends_raw("text that is not UTF-8", "closed with 1007", frame(TEXT, b"\xff\xfe")),
    sends_raw("half of a surrogate pair as UTF-8", "closed with 1007", frame(TEXT, b'"\xed\xa0\x80"')),
    sends_raw("a close frame of one byte", "closed with 1002", frame(CLOSE, b"x")),
    sends_raw("the close code 1005", "closed with 1002", frame(CLOSE, struct.pack(">H", 1005))),
    sends_raw(
        "70,000 bytes of a frame of 2^63",
        "closed with 1009",
        bytes([0x81, 0xFF]) + struct.pack(">Q", 2**63 - 1) + bytes(4) + b" " * 70_000,
    ),
    sends_raw("HTTP in an open WebSocket", "closed with 1002", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"),
    sends_raw("65,537 bytes in one frame", "closed with 1009", frame(TEXT, b" " * 65_537)),
    sends_raw(
        "65,537 bytes in fragments of 1 KiB",
        "closed with 1009",
        frame(TEXT, b" " * 1024, final=False) + frame(CONTINUATION, b" " * 1024, final=False) * 64,
    ),
    sends_raw(
        "100,000 empty fragments",
        "closed with 1008",
        frame(TEXT, b"", final=False) + frame(CONTINUATION, b"", final=False) * 100_000,
    ),
    sends_raw("10,000 pings at once", "closed with 1008", frame(PING, b"x") * 10_000),
    sends("1,000 valid messages at once", "closed with 1008", *[{"type": "speech.cancel"}] * 1000),
    sends("ten invalid messages in a row", "closed with 1008", *["nonsense"] * 10),
]
MESSAGES = [
    sends("a binary frame", "invalid_request; goes on", b'{"type": "bye"}'),
    sends("`[]`", "invalid_request; goes on", "[]"),
    sends("a type that is a list", "invalid_request; goes on", '{"type": ["offer"]}'),
    sends("a type of the server's own, `ready`", "unknown_type; goes on", {"type": "ready"}),
    sends(
        "a type of the server's own, `tool.finished`", "unknown_type; goes on", {"type": "tool.finished", "ok": True}
    ),
    sends("the same key twice", "invalid_request; goes on", '{"type": "bye", "type": "ping"}'),
    sends("60,000 opening brackets", "invalid_request; goes on", "[" * 60_000),
    sends("a number of 5,000 digits", "invalid_request; goes on", '{"type": "ping", "n": ' + "9" * 5000 + "}"),
    sends("NUL in a text", "invalid_request; goes on", {"type": "message.send", "text": "a\0b"}),
    sends(
        "half of a surrogate pair, escaped", "invalid_request; goes on", '{"type": "message.send", "text": "\\ud800"}'
    ),
    sends("a text of 2,001 characters", "invalid_request; goes on", {"type": "message.send", "text": "x" * 2001}),
    sends("a text of blanks", "invalid_request; goes on", {"type": "message.send", "text": " \u2003\n"}),
    sends("an offer that is not SDP", "invalid_offer; goes on", {"type": "offer", "sdp": "v=1"}),
    sends(
        "an offer of 60 KiB of `m=` lines",
        "invalid_offer; goes on",
        {"type": "offer", "sdp": "v=0\na=fingerprint:x\n" + "m=audio\n" * 7000},
    ),
    sends(
        "a candidate before any offer",
        "no_offer; goes on",
        {"type": "candidate", "candidate": {"candidate": "x", "sdpMid": "0"}},
    ),
    sends("`approved` as text", "invalid_request; goes on", {"type": "confirm", "call_id": "c", "approved": "true"}),
    sends("a consent to another version", "consent_outdated; goes on", {"type": "consent.grant", "version": "v0"}),
]
ATTACKS = [*HANDSHAKES, *FRAMES, *MESSAGES]
