"""The signaling messages of the wire contract (section 4)."""

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields
from marshmallow.validate import Equal, Length

from banker.config.dataclass_schema import describe
from banker.errors import invalid_request

MAX_BYTES = 64 * 1024
"""The largest frame that is taken."""


class Message(Schema):
    class Meta:
        unknown = EXCLUDE


class OfferMessage(Message):
    """A browser's `RTCSessionDescription` as it is."""

    type = fields.String(required=True, validate=Equal("offer"))
    sdp = fields.String(required=True, validate=Length(1, MAX_BYTES))


class IceCandidate(Message):
    """`RTCIceCandidate.toJSON()`."""

    candidate = fields.String(required=True, validate=Length(max=1024))
    sdpMid = fields.String(load_default=None, allow_none=True, validate=Length(max=64))
    sdpMLineIndex = fields.Integer(load_default=None, allow_none=True, strict=True)
    usernameFragment = fields.String(load_default=None, allow_none=True)


class CandidateMessage(Message):
    """A trickled candidate; null at the end of them."""

    type = fields.String(required=True, validate=Equal("candidate"))
    candidate = fields.Nested(IceCandidate, required=True, allow_none=True)


class ByeMessage(Message):
    """The end of the connection; from the client also of its peer."""

    type = fields.String(required=True, validate=Equal("bye"))


class IceServer(Message):
    """An entry of `RTCConfiguration.iceServers`."""

    urls = fields.List(fields.String(), required=True)
    username = fields.String()
    credential = fields.String()


class ReadyMessage(Message):
    """The first message of the service."""

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
    """A client's signaling message, validated. Raises `ApiError` (400) that names what to mend."""
    try:
        read: dict[str, Any] = CLIENT_MESSAGES[message["type"]]().load(message)
    except ValidationError as mistakes:
        raise invalid_request(f"{message['type']}: {'; '.join(describe(mistakes.messages))}") from None
    return read
