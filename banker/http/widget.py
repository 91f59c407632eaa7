"""The widget blueprint: the browser's modules, in demo mode and outside it."""

from pathlib import Path

from flask import Blueprint, Response, abort, send_from_directory

WIDGET = Path(__file__).resolve().parent.parent / "widget"
NAMES = frozenset(path.name for path in WIDGET.glob("*.js"))


def widget_blueprint() -> Blueprint:
    """`GET /widget/<name>`. Modules are always fetched with CORS: `banker.http.cors` says whose pages get them.

    Nothing here denies the microphone: that is the embedding page's `Permissions-Policy` to say.
    """
    blueprint = Blueprint("widget", __name__)

    @blueprint.get("/widget/<name>")
    def file(name: str) -> Response:
        if name not in NAMES:
            abort(404)
        # Named here: what the machine's own table of types says of .js may be refused by browsers under nosniff.
        response = send_from_directory(WIDGET, name, mimetype="text/javascript", etag=True)
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        # The modules belong together: each is asked for again, and answered with 304 while it is the same.
        response.headers["Cache-Control"] = "public, no-cache"
        return response

    return blueprint
