"""The widget blueprint: the modules of the browser element, and what it shows before a conversation."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory

from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.errors import ApiError
from banker.http.error_responses import json_response

WIDGET_FOLDER = Path(__file__).resolve().parent.parent / "widget"
MODULES = frozenset(path.name for path in WIDGET_FOLDER.glob("*.js"))
PRECONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")
APPEARANCE_MAX_AGE_S = 300
"""A tenant changes its colour or its questions by a restart of the service."""


def widget_blueprint(config: Config, load_portrait: Callable[[Config, Tenant], bytes | None]) -> Blueprint:
    """`GET /widget/<name>`, `/widget/appearance` and `/widget/portrait.png`.

    Browsers fetch them with CORS, so `banker.http.cors` decides which pages get them. Whether a page may use the
    microphone is for the `Permissions-Policy` of that page, and not of these responses.
    """
    blueprint = Blueprint("widget", __name__)

    @cache
    def portrait_of(tenant_id: str) -> bytes | None:
        return load_portrait(config, config.tenants[tenant_id])

    @blueprint.get("/widget/<name>")
    def file(name: str) -> Response:
        if name not in MODULES:
            abort(404)
        # The machine's own table of media types may give .js one that browsers refuse under nosniff.
        response = send_from_directory(WIDGET_FOLDER, name, mimetype="text/javascript", conditional=False)
        # 304, but not 412: If-Match and If-Unmodified-Since are for changes, and there is nothing to change here.
        asked = {name: request.environ[name] for name in PRECONDITIONS if name in request.environ}
        response.make_conditional({"REQUEST_METHOD": request.method, **asked})
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        # The modules belong together: a browser checks each of them every time, and gets a 304 if it is unchanged.
        response.headers["Cache-Control"] = "public, no-cache"
        return response

    @blueprint.get("/widget/appearance")
    def appearance() -> Response:
        """The colour, the example questions, and whether there is a portrait: nothing that a visitor may not see."""
        tenant = _tenant(config)
        body = {
            "theme": tenant.config.theme,
            "examples": list(tenant.widget.examples),
            "portrait": tenant.config.avatar_enabled,
        }
        return _public(json_response(body))

    @blueprint.get("/widget/portrait.png")
    def portrait() -> Response:
        picture = portrait_of(_tenant(config).tenant_id)
        if picture is None:
            abort(404)
        return _public(Response(picture, mimetype="image/png"))

    return blueprint


def _tenant(config: Config) -> Tenant:
    """Return the tenant of the query. It may be left out where one is configured."""
    try:
        return config.tenant(request.args.get("tenant"))
    except ValueError:
        raise ApiError(404, "tenant_not_found", "There is no such tenant; name one as ?tenant=….") from None


def _public(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={APPEARANCE_MAX_AGE_S}"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
