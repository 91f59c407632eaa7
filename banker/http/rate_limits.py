"""Rate limits: per tenant and user, per tenant, and failed identification per client address."""

import functools
import ipaddress
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RequestLimit
from limits import RateLimitItemPerMinute
from limits.errors import StorageError

from banker.config.settings import Config, Tenant
from banker.errors import too_many, unavailable
from banker.http.rate_limit_storage import SCHEME, RedisWindows
from banker.server.metrics import Metrics

log = logging.getLogger(__name__)
_WINDOW_SECONDS = 60
KEY_PREFIX = "banker"
View = TypeVar("View", bound=Callable[..., Any])


class RateLimits:
    """flask-limiter over the service's own app; a window starts with the first request in it and lasts a minute."""

    def __init__(self, app: Flask, config: Config, storage_options: Mapping[str, Any], metrics: Metrics) -> None:
        self._metrics = metrics
        self._limiter = Limiter(
            key_func=client_address,
            strategy="fixed-window",
            storage_uri=f"{SCHEME}://" if config.redis_url else "memory://",
            storage_options=dict(storage_options),
            key_prefix=KEY_PREFIX,
            headers_enabled=False,  # ours name the caller's limit, and Retry-After on a 429 alone
        )
        # Its hooks around each request are for default limits and for its own headers, and there are none of these
        # here: it gets an app of its own to hang them on. The limits hang on the views, and work on any app.
        self._limiter.init_app(Flask("limits"))
        self._tenant_limit = RateLimitItemPerMinute(config.limits.tenant_per_minute)
        self._user = self._limiter.shared_limit(
            lambda: f"{g.limited.config.policy.rate_limit_per_minute}/minute",
            scope="user",
            key_func=lambda: _user_key(g.limited, g.limited_user),
        )
        self._tenant = self._limiter.shared_limit(
            f"{config.limits.tenant_per_minute}/minute", scope="tenant", key_func=lambda: _tenant_key(g.limited)
        )
        self.count_failure: Callable[[], None] = self._limiter.shared_limit(
            f"{config.limits.failed_identification_per_minute}/minute", scope="identification"
        )(_count_failure)
        app.after_request(self._add_headers)

    def count(self, tenant: Tenant, user_id: str) -> None:
        """Count what a caller asks for without an HTTP request, in the windows that requests are counted in.

        Raises `ApiError` 429 and 503.
        """
        try:
            self._count_ahead(tenant, user_id)
            for item, key in self._windows(tenant, user_id):
                if not self._limiter.limiter.hit(item, *key):
                    reset = self._limiter.limiter.get_window_stats(item, *key).reset_time
                    self._metrics.limited_requests.inc()
                    raise too_many(max(1, min(_WINDOW_SECONDS, round(reset - time.time()))))
        except StorageError as error:
            log.error("the rate limits' store does not answer: %s", error)
            raise unavailable("The store of the rate limits does not answer; try again.") from None

    def limited(self, view: View) -> View:
        """A view that counts against the caller named by `name_caller`, and against its tenant."""
        counted = self._tenant(self._user(view))

        @functools.wraps(view)
        def limited_view(*args: Any, **kwargs: Any) -> Any:
            self._count_ahead(g.limited, g.limited_user)
            return counted(*args, **kwargs)

        return limited_view  # type: ignore[return-value]

    def _count_ahead(self, tenant: Tenant, user_id: str) -> None:
        """Where counting is a round trip, it is one for both windows, and not one for each and two for the headers."""
        storage = self._limiter.storage
        if isinstance(storage, RedisWindows):
            windows = {item.key_for(*key): item.amount for item, key in self._windows(tenant, user_id)}
            storage.count_ahead(windows, _WINDOW_SECONDS)

    def _windows(self, tenant: Tenant, user_id: str) -> list[tuple[RateLimitItemPerMinute, tuple[str, str, str]]]:
        """The user's limit and the tenant's in the order in which they are looked at; flask-limiter makes the same."""
        user_limit = RateLimitItemPerMinute(tenant.config.policy.rate_limit_per_minute)
        return [
            (user_limit, (KEY_PREFIX, _user_key(tenant, user_id), "user")),
            (self._tenant_limit, (KEY_PREFIX, _tenant_key(tenant), "tenant")),
        ]

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
    g.limited_user = user_id


def _tenant_key(tenant: Tenant) -> str:
    """In braces: one hash tag for all windows of a tenant."""
    return f"{{{tenant.tenant_id}}}"


def _user_key(tenant: Tenant, user_id: str) -> str:
    return f"{_tenant_key(tenant)}:{user_id}"


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
