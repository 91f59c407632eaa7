"""Any frame and any message is either understood or refused with a 400 that says why."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from banker.conversation.events import CLIENT_EVENTS, read_event
from banker.errors import ApiError
from banker.signaling.messages import CLIENT_MESSAGES, read_message
from banker.signaling.route import parse_frame
from tests.outcomes import outcome

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True, database=None)
FIELDS = [
    "type",
    "sdp",
    "candidate",
    "sdpMid",
    "sdpMLineIndex",
    "version",
    "text",
    "call_id",
    "approved",
    "n",
    "__proto__",
]
TYPES = [*CLIENT_MESSAGES, *CLIENT_EVENTS]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(TYPES)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=8,
)
MESSAGES = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from(TYPES) | VALUES,
    st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=4), VALUES, max_size=5),
)


def assert_refused(refusal: ApiError) -> None:
    assert refusal.status == 400
    assert json.dumps(refusal.body(), ensure_ascii=False).encode()
    assert len(refusal.message) < 1000


def understood(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as it is understood; nothing if it is refused properly."""
    found = outcome(read_message if message["type"] in CLIENT_MESSAGES else read_event, message)
    if isinstance(found, ApiError):
        assert_refused(found)
        return {}
    return found


@BOUNDED
@given(MESSAGES)
@example({"type": "candidate", "candidate": None})
@example({"type": "offer", "sdp": "v=0"})
@example({"type": "ping", "n": True})
@example({"type": "confirm", "call_id": "c", "approved": "true"})
def test_a_message_is_understood_as_its_schema_says_or_refused(message: dict[str, Any]) -> None:
    found = understood(message) if isinstance(message["type"], str) else {}
    schemas = {**CLIENT_MESSAGES, **CLIENT_EVENTS}
    assert not found or set(found) <= set(schemas[message["type"]]().fields)
    assert all(found[name] == message[name] for name in found if name in message and name != "candidate")
    assert type(found.get("approved", True)) is bool
    assert type(found.get("n", 0)) is int


@BOUNDED
@given(st.text(max_size=200) | VALUES.map(json.dumps) | MESSAGES.map(json.dumps) | st.binary(max_size=50))
@example("[" * 60_000)
@example('{"type": "ping", "n": ' + "9" * 5000 + "}")
@example('{"type": "bye", "type": "offer"}')
@example('{"type": "message.send", "text": "\\ud800"}')
def test_a_frame_is_a_message_or_refused(frame: str | bytes) -> None:
    message = outcome(parse_frame, frame)
    if isinstance(message, ApiError):
        assert_refused(message)
    else:
        assert isinstance(message["type"], str)
        understood(message)
