"""CORS: pages of a tenant's `allowed_origins` may load the widget, refresh and end sessions from another origin.

Nobody else's may. Signaling checks `Origin` itself (`banker.http.auth`), since browsers don't ask before a WebSocket.
`POST /v1/sessions` is for back ends and answers no page.
"""

from flask import Flask, Response, g, request

from banker.config.settings import Config
from banker.config.tenant import Tenant

CALLS = frozenset({"sessions.refresh_token", "sessions.end"})
"""With a header of their own, `Authorization`: browsers ask before them."""
ENDPOINTS = CALLS | {"widget.file"}
MAX_AGE_SECONDS = 600
EXPOSED = "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID"


def register(app: Flask, config: Config) -> None:
    """Answer preflights, and mark what a page may read (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
    known = frozenset(origin for tenant in config.tenants.values() for origin in tenant.allowed_origins)

    @app.before_request
    def preflight() -> Response | None:
        """It carries no token and so names no tenant: any tenant's origin may ask, the answer itself decides."""
        if request.method != "OPTIONS" or request.endpoint not in CALLS:
            return None
        if "Origin" not in request.headers or "Access-Control-Request-Method" not in request.headers:
            return None
        response = Response(status=204)
        if _origin() in known:
            response.headers["Access-Control-Allow-Methods"] = "POST"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Max-Age"] = str(MAX_AGE_SECONDS)
        return response

    @app.after_request
    def allow(response: Response) -> Response:
        if request.endpoint not in ENDPOINTS:
            return response
        response.vary.add("Origin")
        tenant: Tenant | None = g.get("tenant")
        # Without a tenant it is the widget, a preflight or a 401, which tell nobody anything.
        if _origin() in (known if tenant is None else tenant.allowed_origins):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
        return response


def _origin() -> str | None:
    return request.headers.get("Origin", "").lower() or None
