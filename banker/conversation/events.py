"""The conversation events: their schemas, and validation of those that a client sends (docs/protocol.md)."""

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields
from marshmallow.validate import Equal, Length, OneOf, Range, Regexp

from banker.config.dataclass_schema import describe
from banker.errors import ApiError, invalid_request

MAX_TEXT_CHARACTERS = 2000
"""The longest typed message."""
MAX_MESSAGE_ID_CHARACTERS = 64
MAX_PING = 2**53 - 1
"""The largest integer that JavaScript counts to."""
MAX_HISTORY_BYTES = 48 * 1024
"""The share of `history` in `session.ready`. The other members need a few KiB of the 64 KiB of a message."""


def text(maximum: int) -> fields.String:
    """Return a field for a non-empty string of at most `maximum` characters."""
    return fields.String(required=True, validate=Length(1, maximum))


def _type(name: str) -> fields.String:
    return fields.String(required=True, validate=Equal(name))


class Event(Schema):
    """The base of all events. Unknown keys are ignored on both sides."""

    class Meta:
        unknown = EXCLUDE


class ConsentGrantEvent(Event):
    type = _type("consent.grant")
    version = text(2000)


class ConsentRevokeEvent(Event):
    type = _type("consent.revoke")


class MessageSendEvent(Event):
    type = _type("message.send")
    text = fields.String(
        required=True, validate=[Length(1, MAX_TEXT_CHARACTERS), Regexp(r"\s*\S", error="Must hold words.")]
    )
    message_id = fields.String(
        validate=Length(1, MAX_MESSAGE_ID_CHARACTERS),
        metadata={"description": "chosen by the client; its turn carries it, and a repeated message is one turn"},
    )


class ConfirmEvent(Event):
    type = _type("confirm")
    call_id = text(128)
    approved = fields.Boolean(required=True, truthy={True}, falsy={False})


class SpeechCancelEvent(Event):
    type = _type("speech.cancel")


class HandOverRequestEvent(Event):
    """The user asks for a person by button."""

    type = _type("handover.request")
    reason = fields.String(validate=Length(1, 300))


class HandOverCancelEvent(Event):
    """The user no longer waits for a person."""

    type = _type("handover.cancel")


class ContextUpdateEvent(Event):
    """The user has gone to another page of the portal."""

    type = _type("context.update")
    context = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={
            "description": "new values of `portal_context`; an empty one removes its key, and other keys keep theirs"
        },
    )


class PingEvent(Event):
    type = _type("ping")
    n = fields.Integer(required=True, strict=True, validate=Range(0, MAX_PING))


class Link(Schema):
    """A link below a turn of the banker, to where the answer stands in the bank's pages."""

    text = fields.String(required=True)
    url = fields.String(
        required=True, metadata={"description": "https://…, or a path of the host that shows the widget"}
    )


class HistoryTurn(Schema):
    """A finished turn in `session.ready`."""

    turn = fields.Integer(required=True)
    role = fields.String(required=True, validate=OneOf(["user", "banker"]))
    text = fields.String(required=True)
    interrupted = fields.Boolean()
    links = fields.List(fields.Nested(Link))
    message_id = fields.String()
    speaker = fields.String(metadata={"description": "the colleague of the bank who said it"})


class SessionReadyEvent(Event):
    type = _type("session.ready")
    synthetic = fields.Boolean(
        required=True, metadata={"description": "true: the banker is an AI (Regulation (EU) 2024/1689, article 50)"}
    )
    consent_required = fields.Boolean(required=True)
    consent_text = fields.String(required=True)
    consent_version = fields.String(required=True)
    expires_at = fields.String(required=True, metadata={"format": "date-time"})
    voice = fields.Boolean(required=True, metadata={"description": "false: this service has no voice installed"})
    hearing = fields.Boolean(required=True, metadata={"description": "false: this service does not listen"})
    history = fields.List(fields.Nested(HistoryTurn), required=True)


class StateEvent(Event):
    type = _type("state")
    state = fields.String(required=True, validate=OneOf(["listening", "thinking", "speaking"]))


class TranscriptEvent(Event):
    type = _type("transcript")
    turn = fields.Integer(required=True)
    role = fields.String(required=True, validate=OneOf(["user", "banker"]))
    text = fields.String(required=True)
    final = fields.Boolean(required=True)
    interrupted = fields.Boolean()
    links = fields.List(fields.Nested(Link))
    message_id = fields.String()
    speaker = fields.String(metadata={"description": "the colleague of the bank who says it; absent: the banker"})


class ToolCalledEvent(Event):
    type = _type("tool.called")
    call_id = fields.String(required=True)
    tool = fields.String(required=True)


class ToolFinishedEvent(Event):
    type = _type("tool.finished")
    call_id = fields.String(required=True)
    tool = fields.String(required=True)
    ok = fields.Boolean(required=True)
    url = fields.String(metadata={"description": "Where the customer sees what was done: https://… or a path."})


class CardField(Schema):
    """One value of a question, as the customer reads it."""

    label = fields.String(required=True)
    value = fields.String(required=True)


class ConfirmRequestEvent(Event):
    type = _type("confirm.request")
    call_id = fields.String(required=True)
    tool = fields.String(required=True)
    summary = fields.String(required=True, metadata={"description": "What will be done: “open a ticket …”."})
    title = fields.String(metadata={"description": "The action in a few words, which names the button: “Open ticket”."})
    fields_ = fields.List(
        fields.Nested(CardField),
        data_key="fields",
        metadata={"description": "The values; none if `summary` says more than they do."},
    )


class StepUpRequestEvent(Event):
    """The bank authenticates the user for exactly this call; its back end tells the service, never the page."""

    type = _type("step_up.request")
    call_id = fields.String(required=True)
    tool = fields.String(required=True)
    summary = fields.String(required=True, metadata={"description": "What will be done: “transfer $1,500.00 …”."})
    hash = fields.String(
        required=True, metadata={"description": "SHA-256 (hex) over call, tool, arguments, session, tenant and user"}
    )


class HandOverEvent(Event):
    """A colleague of the bank is called, joins, or is gone again."""

    type = _type("handover")
    state = fields.String(required=True, validate=OneOf(["waiting", "joined", "returned", "unavailable", "ended"]))
    position = fields.Integer(metadata={"description": "the place in line"})
    wait_seconds = fields.Integer(metadata={"description": "about how long it takes; absent if nobody knows"})
    name = fields.String(metadata={"description": "the colleague who has joined"})


class ConsentRevokedEvent(Event):
    """The user has withdrawn the consent in words."""

    type = _type("consent.revoked")


class SessionExpiringEvent(Event):
    type = _type("session.expiring")
    seconds = fields.Integer(required=True)


class SessionEndedEvent(Event):
    type = _type("session.ended")
    reason = fields.String(required=True, validate=OneOf(["ended", "expired", "operator", "idle"]))


class PongEvent(Event):
    type = _type("pong")
    n = fields.Integer(required=True, metadata={"description": "that of the ping"})


class ErrorEvent(Event):
    type = _type("error")
    error = fields.String(required=True)
    message = fields.String(required=True)


CLIENT_EVENTS: dict[str, type[Schema]] = {
    "consent.grant": ConsentGrantEvent,
    "consent.revoke": ConsentRevokeEvent,
    "message.send": MessageSendEvent,
    "confirm": ConfirmEvent,
    "speech.cancel": SpeechCancelEvent,
    "handover.request": HandOverRequestEvent,
    "handover.cancel": HandOverCancelEvent,
    "context.update": ContextUpdateEvent,
    "ping": PingEvent,
}
BANKER_EVENTS: dict[str, type[Schema]] = {
    "session.ready": SessionReadyEvent,
    "state": StateEvent,
    "transcript": TranscriptEvent,
    "tool.called": ToolCalledEvent,
    "tool.finished": ToolFinishedEvent,
    "confirm.request": ConfirmRequestEvent,
    "step_up.request": StepUpRequestEvent,
    "handover": HandOverEvent,
    "consent.revoked": ConsentRevokedEvent,
    "session.expiring": SessionExpiringEvent,
    "session.ended": SessionEndedEvent,
    "pong": PongEvent,
    "error": ErrorEvent,
}

_READERS = {name: schema() for name, schema in CLIENT_EVENTS.items()}
"""Schemas are built once: that takes longer than validating an event."""


def fit_in_message(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the event, without the oldest `history` if it exceeds one message (64 KiB, RFC 8841 section 6.1)."""
    if "history" not in event:
        return event
    left, kept = MAX_HISTORY_BYTES, 0
    for turn in reversed(event["history"]):
        left -= len(json.dumps(turn, ensure_ascii=False).encode()) + 2
        if left < 0:
            break
        kept += 1
    return {**event, "history": event["history"][len(event["history"]) - kept :]}


def read_event(message: Any) -> dict[str, Any]:
    """Validate a client's event. Raises `ApiError` (400) that says what to correct."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise invalid_request("An event is a JSON object with a type.")
    schema = _READERS.get(message["type"])
    if schema is None:
        raise ApiError(400, "unknown_type", "Unknown event type; see /openapi.json.")
    try:
        event: dict[str, Any] = schema.load(message)
    except ValidationError as mistakes:
        raise invalid_request(f"{message['type']}: {'; '.join(describe(mistakes.messages))}") from None
    return event
