"""The widget blueprint: the JavaScript modules of the browser element."""

from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory

WIDGET_FOLDER = Path(__file__).resolve().parent.parent / "widget"
MODULES = frozenset(path.name for path in WIDGET_FOLDER.glob("*.js"))
PRECONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")


def widget_blueprint() -> Blueprint:
    """`GET /widget/<name>`. Browsers fetch modules with CORS, so `banker.http.cors` decides which pages get them.

    Whether a page may use the microphone is for the `Permissions-Policy` of that page, and not of these responses.
    """
    blueprint = Blueprint("widget", __name__)

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

    return blueprint
