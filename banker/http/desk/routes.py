"""The desk's routes: its page, its token, the tenant's talks, and a colleague's actions in a talk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from flask import Blueprint, Response, abort, send_from_directory
from marshmallow import Schema, fields
from marshmallow.validate import Length

from banker.config.settings import Config
from banker.conversation.events import MAX_TEXT_CHARACTERS
from banker.handover import Colleague, DeskTalks, HandOver
from banker.handover.summary import shown_turns, talk_summary
from banker.http.desk.access import DeskAccess
from banker.http.error_responses import json_response
from banker.http.request_body import MAX_BODY_BYTES, read_json
from banker.http.sessions import load_body
from banker.sessions import Session, Sessions
from banker.text.redaction import redact
from banker.timestamps import rfc3339
from banker.tools.base import ToolSpec

DESK_FOLDER = Path(__file__).resolve().parent.parent.parent / "desk"
FILES = {"desk.css": "text/css", **{path.name: "text/javascript" for path in DESK_FOLDER.glob("*.js")}}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types desk-clock"
)
MAX_TALKS = 200
"""The longest list of talks that is useful to a colleague."""
Act = Callable[[Colleague, str, dict[str, Any]], None]


class DeskMedia(Protocol):
    """What the desk needs from the media thread."""

    def ice_servers(self, session_id: str) -> list[dict[str, Any]]:
        """Return the ICE servers for a client of this talk."""

    def desk_offer(self, session_id: str, sdp: str) -> str:
        """Answer the offer of the colleague who has this talk. Raises `ApiError`."""


class PresenceSchema(Schema):
    available = fields.Boolean(required=True, truthy={True}, falsy={False})


class TakeSchema(Schema):
    pass


class SaySchema(Schema):
    text = fields.String(required=True, validate=Length(1, MAX_TEXT_CHARACTERS))
    key = fields.String(required=True, validate=Length(8, 64))


class ProposeSchema(Schema):
    tool = fields.String(required=True, validate=Length(1, 128))
    arguments = fields.Dict(keys=fields.String(), required=True)


class HoldSchema(Schema):
    held = fields.Boolean(required=True, truthy={True}, falsy={False})


class VoiceSchema(Schema):
    sdp = fields.String(required=True, validate=Length(1, MAX_BODY_BYTES))


class FinishSchema(Schema):
    outcome = fields.String(load_default="", validate=Length(max=100))
    note = fields.String(load_default="", validate=Length(max=2000))


def desk_blueprint(
    config: Config,
    access: DeskAccess,
    desk_talks: DeskTalks,
    sessions: Sessions,
    specs: Callable[[tuple[str, ...]], list[ToolSpec]],
    media: DeskMedia,
) -> Blueprint:
    """Return the blueprint. `specs` returns the tools with the given names."""
    blueprint = Blueprint("desk", __name__)
    _add_page(blueprint)
    _add_actions(blueprint, access, desk_talks)

    @blueprint.post("/desk/session")
    def desk_session() -> Response:
        colleague, token = access.begin()
        tenant = config.tenants[colleague.tenant_id]
        return json_response(
            {
                **token,
                "colleague": {"id": colleague.id, "name": colleague.name},
                "tools": [
                    {"name": s.name, "description": s.description, "parameters": dict(s.parameters)}
                    for s in specs(tenant.config.allowed_tools)
                ],
                "theme": tenant.config.theme,
            }
        )

    @blueprint.post("/v1/desk/presence")
    def desk_presence() -> Response:
        colleague = access.colleague()
        body = load_body(PresenceSchema(), read_json())
        desk_talks.set_available(colleague, body["available"])
        language = config.tenants[colleague.tenant_id].speech.language
        talks = desk_talks.of_tenant(colleague.tenant_id)[:MAX_TALKS]
        return json_response({"talks": [_entry(session, colleague, language) for session in talks]})

    @blueprint.get("/v1/desk/talks/<session_id>")
    def desk_talk(session_id: str) -> Response:
        """Return a talk. The colleague sees it only after being announced to the customer."""
        colleague = access.colleague()
        session = desk_talks.own(colleague, session_id, joined=False)
        desk_talks.attend(colleague, session_id)
        there = desk_talks.is_customer_there(session)
        handover = HandOver.of(session.handover)
        if handover is None or handover.state != "joined":
            return json_response({"state": "taken", "is_customer_there": there})
        turns = sessions.store.turns(session_id)
        summary = talk_summary(session, turns)
        return json_response(
            {
                "state": "joined",
                "is_customer_there": there,
                "summary": summary,
                "turns": shown_turns(turns),
                "ice_servers": media.ice_servers(session_id),
            }
        )

    @blueprint.post("/v1/desk/talks/<session_id>/offer")
    def desk_offer(session_id: str) -> Response:
        colleague = access.colleague()
        body = load_body(VoiceSchema(), read_json())
        desk_talks.own(colleague, session_id)
        return json_response({"sdp": media.desk_offer(session_id, body["sdp"])})

    return blueprint


def _add_page(blueprint: Blueprint) -> None:
    @blueprint.get("/desk")
    def desk_page() -> Response:
        """Return the page, which anybody may load. Its script requests a token."""
        response = send_from_directory(DESK_FOLDER, "desk.html", mimetype="text/html")
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Permissions-Policy"] = "microphone=(self), camera=()"
        response.headers["Cache-Control"] = "no-cache"
        return response

    @blueprint.get("/desk/<name>")
    def desk_file(name: str) -> Response:
        if name not in FILES:
            abort(404)
        response = send_from_directory(DESK_FOLDER, name, mimetype=FILES[name])
        response.headers["Cache-Control"] = "no-cache"
        return response


def _add_actions(blueprint: Blueprint, access: DeskAccess, desk_talks: DeskTalks) -> None:
    """Add the actions of a colleague in a talk, each a POST."""

    def add(name: str, schema: type[Schema], act: Act) -> None:
        def view(session_id: str) -> Response:
            colleague = access.colleague()
            act(colleague, session_id, load_body(schema(), read_json()))
            return json_response({"status": "done"})

        blueprint.add_url_rule(
            f"/v1/desk/talks/<session_id>/{name}", endpoint=f"desk_{name}", view_func=view, methods=["POST"]
        )

    def say(colleague: Colleague, session_id: str, body: dict[str, Any]) -> None:
        desk_talks.send(colleague, session_id, {"type": "say", **body, "text": redact(body["text"]).text})

    def finish(end: Callable[[Colleague, str, str, str], None]) -> Act:
        return lambda colleague, session_id, body: end(colleague, session_id, body["outcome"], body["note"])

    def take(colleague: Colleague, session_id: str, body: dict[str, Any]) -> None:
        desk_talks.take(colleague, session_id)

    add("take", TakeSchema, take)
    add("say", SaySchema, say)
    add(
        "propose",
        ProposeSchema,
        lambda colleague, session_id, body: desk_talks.send(colleague, session_id, {"type": "propose", **body}),
    )
    add("hold", HoldSchema, lambda colleague, session_id, body: desk_talks.hold(colleague, session_id, body["held"]))
    add("return", FinishSchema, finish(desk_talks.give_back))
    add("end", FinishSchema, finish(desk_talks.end))


def _entry(session: Session, colleague: Colleague, language: str) -> dict[str, Any]:
    """Return what every colleague may see of a talk: neither its words nor its customer."""
    handover = HandOver.of(session.handover)
    is_open = handover is not None and handover.is_open
    has_it = handover is not None and handover.state in ("taken", "joined")
    entry: dict[str, Any] = {
        "session_id": session.session_id,
        "state": handover.state if handover is not None and is_open else "talking",
        "since": rfc3339(handover.since if handover is not None and is_open else session.created_at),
        "language": language,
        "is_mine": handover is not None and has_it and handover.colleague_id == colleague.id,
    }
    if handover is not None and is_open:
        entry |= {name: getattr(handover, name) for name in ("reason", "urgency", "colleague")}
    return entry
