"""What is known of a talk, for a colleague, the bank's hooks and its webhook: JSON data without secrets."""

from collections.abc import Mapping, Sequence
from typing import Any

from banker.handover.record import HandOver
from banker.sessions import Session
from banker.timestamps import rfc3339


def talk_summary(session: Session, turns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a summary of a talk. `turns` are the stored ones; words in them are without secrets already."""
    handover = HandOver.of(session.handover)
    question = session.pending or session.step_up
    return {
        "session_id": session.session_id,
        "tenant_id": session.tenant_id,
        "user_id": session.user_id,
        "state": session.state,
        "reason": session.reason,
        "rating": session.rating,
        "began_at": rfc3339(session.created_at),
        "portal_context": dict(session.portal_context),
        "wishes": _wishes(turns),
        "tools": [dict(tool) for turn in turns for tool in turn.get("tools", ())],
        "waits_for": None if question is None else {"tool": question["tool"], "summary": question["summary"]},
        "safety_topics": sorted({str(turn["topic"]) for turn in turns if "topic" in turn}),
        "not_understood": _not_understood(turns),
        "handover": None if handover is None else _handover(handover),
    }


def shown_turns(turns: Sequence[Mapping[str, Any]], since: int = 0) -> list[dict[str, Any]]:
    """Return the turns from number `since` on, as a person reads them."""
    keys = ("role", "text", "interrupted", "speaker")
    return [
        {"number": number, **{key: turn[key] for key in keys if key in turn}}
        for number, turn in enumerate(turns)
        if number >= since
    ]


def _handover(handover: HandOver) -> dict[str, Any]:
    times = {"since": handover.since, "taken_at": handover.taken_at, "joined_at": handover.joined_at}
    return {
        **{name: getattr(handover, name) for name in ("state", "reason", "urgency", "colleague", "outcome", "note")},
        "held": handover.held,
        "proposal": dict(handover.proposal),
        **{name: None if at is None else rfc3339(at) for name, at in times.items()},
    }


def _wishes(turns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the forms that were opened, in the order of their beginning; those of the scripted agent."""
    wishes: dict[str, None] = {}
    for turn in turns:
        forms = turn.get("memo", {}).get("forms", {})
        for form in forms.get("stack", ()):
            wishes.setdefault(str(form["tool"]), None)
        if last := forms.get("last", {}).get("skill"):
            wishes.setdefault(str(last), None)
    return list(wishes)


def _not_understood(turns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the customer's words that the banker has answered with not understanding them."""
    words, missed = "", []
    for turn in turns:
        if turn["role"] == "user":
            words = str(turn["text"])
        elif turn.get("missed") and words:
            missed.append(words)
    return missed
