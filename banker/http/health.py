"""The health blueprint: liveness, readiness and the metrics for Prometheus."""

import hmac
from collections.abc import Callable

from flask import Blueprint, Response, request

from banker.errors import unauthorized
from banker.http.auth import Authenticator
from banker.http.error_responses import json_response
from banker.http.schemas import HealthySchema, ReadySchema
from banker.server.metrics import Metrics


def health_blueprint(
    check_ready: Callable[[], None], metrics: Metrics, metrics_token: str | None, auth: Authenticator
) -> Blueprint:
    """Return the blueprint: `/health` for process managers, `/health/ready` for load balancers, `/metrics`.

    `check_ready` raises `ApiError` 503. `/metrics` requires `metrics_token`, and is off without one.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def health() -> Response:
        return json_response(HealthySchema().dump({"status": "healthy"}))

    @blueprint.get("/health/ready")
    def ready() -> Response:
        check_ready()
        return json_response(ReadySchema().dump({"status": "ready"}))

    if metrics_token is not None:

        def check_token() -> None:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), metrics_token.encode()):
                raise unauthorized()

        @blueprint.get("/metrics")
        def prometheus_metrics() -> Response:
            auth.counting_failures(check_token)
            text, content_type = metrics.exposition()
            return Response(text, content_type=content_type)

    return blueprint
