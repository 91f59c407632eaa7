"""CORS for pages of a tenant's `allowed_origins`, which may load the widget, refresh tokens and end sessions.

`POST /v1/sessions` is for back ends and has no CORS headers. Signaling checks `Origin` itself (`banker.http.auth`),
because browsers send no preflight for a WebSocket.
"""

from flask import Flask, Response, g, request

from banker.config.settings import Config
from banker.config.tenant import Tenant

PREFLIGHTED = frozenset({"sessions.refresh_token", "sessions.end"})
"""Endpoints that need `Authorization`: a browser sends a preflight first."""
ENDPOINTS = PREFLIGHTED | {"widget.file", "widget.appearance", "widget.portrait"}
PREFLIGHT_MAX_AGE_S = 600
"""A removed origin loses access after this time. Chrome caches a preflight for two hours at most."""
EXPOSED_HEADERS = "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID"


def register(app: Flask, config: Config) -> None:
    """Answer preflights and add CORS headers (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
    all_origins = frozenset(origin for tenant in config.tenants.values() for origin in tenant.allowed_origins)

    @app.before_request
    def answer_preflight() -> Response | None:
        """Allow the origins of all tenants: a preflight has no token. The request itself is checked per tenant."""
        if request.method != "OPTIONS" or request.endpoint not in PREFLIGHTED:
            return None
        if "Origin" not in request.headers or "Access-Control-Request-Method" not in request.headers:
            return None
        response = Response(status=204)
        if _origin() in all_origins:
            response.headers["Access-Control-Allow-Methods"] = "POST"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_MAX_AGE_S)
        return response

    @app.after_request
    def add_headers(response: Response) -> Response:
        if request.endpoint not in ENDPOINTS:
            return response
        response.vary.add("Origin")
        tenant: Tenant | None = g.get("tenant")
        # Without a tenant the response is the widget, a preflight or a 401, none of which has data of a tenant.
        if _origin() in (all_origins if tenant is None else tenant.allowed_origins):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        return response


def _origin() -> str | None:
    return request.headers.get("Origin", "").lower() or None
