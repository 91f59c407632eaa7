"""Schemas of the signaling messages; docs/protocol.md describes their use."""

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields
from marshmallow.validate import Equal, Length

from banker.config.dataclass_schema import describe
from banker.errors import invalid_request

MAX_FRAME_BYTES = 64 * 1024
"""Larger frames close the connection with 1009; a browser's offer is 2 to 8 KiB."""


class Message(Schema):
    """The base of all messages. Unknown members are ignored."""

    class Meta:
        unknown = EXCLUDE


class OfferMessage(Message):
    """The client's session description, as `RTCSessionDescription.toJSON()` returns it."""

    type = fields.String(required=True, validate=Equal("offer"))
    sdp = fields.String(required=True, validate=Length(1, MAX_FRAME_BYTES))


class IceCandidate(Message):
    """An ICE candidate, as `RTCIceCandidate.toJSON()` returns it."""

    candidate = fields.String(required=True, validate=Length(max=1024))
    sdpMid = fields.String(load_default=None, allow_none=True, validate=Length(max=64))
    sdpMLineIndex = fields.Integer(load_default=None, allow_none=True, strict=True)
    usernameFragment = fields.String(load_default=None, allow_none=True)


class CandidateMessage(Message):
    """A trickled ICE candidate, or null after the last one."""

    type = fields.String(required=True, validate=Equal("candidate"))
    candidate = fields.Nested(IceCandidate, required=True, allow_none=True)


class ByeMessage(Message):
    """The end of the connection. From the client it also ends the peer connection."""

    type = fields.String(required=True, validate=Equal("bye"))


class IceServer(Message):
    """A STUN or TURN server, as in `RTCConfiguration.iceServers`."""

    urls = fields.List(fields.String(), required=True)
    username = fields.String()
    credential = fields.String()


class ReadyMessage(Message):
    """The service's first message."""

    type = fields.String(required=True, validate=Equal("ready"))
    session_id = fields.String(required=True)
    ice_servers = fields.List(fields.Nested(IceServer), required=True)
    expires_at = fields.String(required=True, metadata={"format": "date-time"})
    consent_required = fields.Boolean(required=True)


class AnswerMessage(Message):
    """The service's session description."""

    type = fields.String(required=True, validate=Equal("answer"))
    sdp = fields.String(required=True)


CLIENT_MESSAGES: dict[str, type[Schema]] = {"offer": OfferMessage, "candidate": CandidateMessage, "bye": ByeMessage}
SERVICE_MESSAGES: dict[str, type[Schema]] = {"ready": ReadyMessage, "answer": AnswerMessage, "bye": ByeMessage}


def read_message(message: dict[str, Any]) -> dict[str, Any]:
    """Validate a client's signaling message. Raises `ApiError` 400, which names the fields to correct."""
    try:
        valid: dict[str, Any] = CLIENT_MESSAGES[message["type"]]().load(message)
    except ValidationError as error:
        raise invalid_request(f"{message['type']}: {'; '.join(describe(error.messages))}") from None
    return valid
