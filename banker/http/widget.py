"""The widget blueprint: the browser element's modules, and what the element shows before a conversation."""

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
"""How long browsers cache what a tenant changes only with a restart of the service."""


def widget_blueprint(config: Config, load_portrait: Callable[[Tenant], bytes | None]) -> Blueprint:
    """Return the blueprint: `GET /widget/<name>`, `/widget/appearance` and `/widget/portrait.png`.

    Browsers fetch them with CORS, so `banker.http.cors` decides which pages get them. The `Permissions-Policy` of the
    page, not of these responses, decides whether the page may use the microphone.
    """
    blueprint = Blueprint("widget", __name__)

    @cache
    def portrait_of(tenant_id: str) -> bytes | None:
        return load_portrait(config.tenants[tenant_id])

    @blueprint.get("/widget/<name>")
    def file(name: str) -> Response:
        if name not in MODULES:
            abort(404)
        # The media type that this machine knows for .js may be one that browsers refuse under nosniff.
        response = send_from_directory(WIDGET_FOLDER, name, mimetype="text/javascript", conditional=False)
        # 304, but not 412: If-Match and If-Unmodified-Since protect changes, and these files are never changed.
        asked = {name: request.environ[name] for name in PRECONDITIONS if name in request.environ}
        response.make_conditional({"REQUEST_METHOD": request.method, **asked})
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        # The modules belong together, so a browser revalidates each one every time, with a 304 if it is unchanged.
        response.headers["Cache-Control"] = "public, no-cache"
        return response

    @blueprint.get("/widget/appearance")
    def appearance() -> Response:
        """Return the colour, the example questions, and whether there is a portrait. All of it is public."""
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
    """Return the tenant of the query, which may be omitted if only one is configured."""
    try:
        return config.tenant(request.args.get("tenant"))
    except ValueError:
        raise ApiError(404, "tenant_not_found", "Unknown tenant; name one as ?tenant=….") from None


def _public(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={APPEARANCE_MAX_AGE_S}"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
