"""The session record and its JSON."""

import json
from collections.abc import Callable

import pytest

from banker.sessions import Consent, Session, is_session_id, new_session_id
from tests.sessions.conftest import a_session


def test_json_is_compact_and_omits_none() -> None:
    text = a_session(1000.0).to_json()
    assert ", " not in text
    assert not {"reason", "consent", "pending"} & set(json.loads(text))


def test_members_of_a_newer_version_are_ignored() -> None:
    session = a_session(1000.0)
    record = json.loads(session.to_json()) | {"language": "en", "consent": {"version": "1", "at": 5.0, "place": "here"}}
    read = Session.from_json(json.dumps(record))
    assert read.consent == Consent("1", 5.0)
    assert read.claims == session.claims


def test_a_session_is_live_until_the_moment_it_expires() -> None:
    session = a_session(1000.0, minutes=1)
    assert session.is_live(1059.9)
    assert not session.is_live(1060.0)


@pytest.mark.parametrize("text", ["sess-abc123", "sess-" + "a" * 65, "sess-" + "ä" * 24, "sess-" + "a" * 32 + "\n"])
@pytest.mark.parametrize("as_sent", [str, str.encode, lambda text: [text], lambda text: {text: text}, len])
def test_a_malformed_session_id_is_recognised(text: str, as_sent: Callable[[str], object]) -> None:
    assert not is_session_id(as_sent(text))
    assert is_session_id(new_session_id())
