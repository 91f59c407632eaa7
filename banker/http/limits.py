"""Rate limits: per tenant and user, per tenant, and failed identification per client address."""

import ipaddress
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RequestLimit
from limits import RateLimitItemPerMinute
from limits.errors import StorageError

from banker.errors import too_many, unavailable
from banker.metrics import Metrics
from banker.settings import Config, Tenant

log = logging.getLogger(__name__)
_WINDOW_SECONDS = 60
KEY_PREFIX = "banker"
View = TypeVar("View", bound=Callable[..., Any])


class RequestLimits:
    """flask-limiter over the service's own app; a window starts with the first request in it and lasts a minute."""

    def __init__(self, app: Flask, config: Config, storage_options: Mapping[str, Any], metrics: Metrics) -> None:
        self._metrics = metrics
        self._limiter = Limiter(
            key_func=client_address,
            app=app,
            strategy="fixed-window",
            storage_uri=config.redis_url or "memory://",
            storage_options=dict(storage_options),
            key_prefix=KEY_PREFIX,
            headers_enabled=False,  # ours name the caller's limit, and Retry-After on a 429 alone
        )
        self._tenant_limit = RateLimitItemPerMinute(config.limits.tenant_per_minute)
        self._user = self._limiter.shared_limit(
            lambda: f"{g.limited.config.policy.rate_limit_per_minute}/minute",
            scope="user",
            key_func=lambda: g.limit_key,
        )
        self._tenant = self._limiter.shared_limit(
            f"{config.limits.tenant_per_minute}/minute", scope="tenant", key_func=lambda: str(g.limited.tenant_id)
        )
        self.count_failure: Callable[[], None] = self._limiter.shared_limit(
            f"{config.limits.failed_identification_per_minute}/minute", scope="identification"
        )(_count_failure)
        app.after_request(self._add_headers)

    def count(self, tenant: Tenant, user_id: str) -> None:
        """Count what a caller asks for without an HTTP request, in the windows that requests are counted in.

        Raises `ApiError` 429 and 503.
        """
        user_limit = RateLimitItemPerMinute(tenant.config.policy.rate_limit_per_minute)
        user_key, tenant_key = f"{tenant.tenant_id}:{user_id}", tenant.tenant_id
        for item, key in ((user_limit, (user_key, "user")), (self._tenant_limit, (tenant_key, "tenant"))):
            try:
                if self._limiter.limiter.hit(item, KEY_PREFIX, *key):
                    continue
                reset = self._limiter.limiter.get_window_stats(item, KEY_PREFIX, *key).reset_time
            except StorageError as error:
                log.error("the rate limits' store does not answer: %s", error)
                raise unavailable("The store of the rate limits does not answer; try again.") from None
            self._metrics.limited_requests.inc()
            raise too_many(max(1, min(_WINDOW_SECONDS, round(reset - time.time()))))

    def limited(self, view: View) -> View:
        """A view that counts against the caller named by `name_caller`, and against its tenant."""
        return self._tenant(self._user(view))  # type: ignore[return-value]

    def _add_headers(self, response: Response) -> Response:
        limits = self._limiter.current_limits
        if limits:
            shown = next((limit for limit in limits if limit.breached), limits[0])
            try:
                self._write(response, shown)
            except StorageError as error:
                log.error("the rate limits' store does not answer: %s", error)
        return response

    def _write(self, response: Response, limit: RequestLimit) -> None:
        reset = max(limit.reset_at, int(time.time()) + 1)
        response.headers["X-RateLimit-Limit"] = str(limit.limit.amount)
        response.headers["X-RateLimit-Remaining"] = str(0 if limit.breached else limit.remaining)
        response.headers["X-RateLimit-Reset"] = str(reset)
        if response.status_code == 429:
            self._metrics.limited_requests.inc()
            response.headers["Retry-After"] = str(min(_WINDOW_SECONDS, reset - int(time.time())))


def name_caller(tenant: Tenant, user_id: str) -> None:
    """Say whose limit the rest of this request counts against."""
    g.limited = tenant
    g.limit_key = f"{tenant.tenant_id}:{user_id}"


def client_address() -> str:
    """The address that the trusted proxies, if any, saw; IPv6 by its /64, since a client has all of that."""
    return network_of(request.remote_addr or "unknown")


def network_of(address: str) -> str:
    """The part of an address that a client cannot change; what is no address (a unix socket's) as it is.

    Some proxies write the port beside it, which changes with every connection.
    """
    bare = address.removeprefix("[").partition("]")[0] if address.startswith("[") else address
    bare = bare.partition(":")[0] if bare.count(":") == 1 else bare
    try:
        ip = ipaddress.ip_address(bare)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip) >> 64 << 64, 64)))


def _count_failure() -> None:
    """A request that proved no identity."""
