"""Rate limits by flask-limiter: per tenant and user, per tenant, and failed identifications per client address."""

import ipaddress
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RateLimitExceeded, RequestLimit
from limits.errors import StorageError
from limits.storage import RedisStorage

from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.errors import ApiError, too_many, unavailable
from banker.http.error_responses import api_error_response
from banker.server.metrics import Metrics

if TYPE_CHECKING:
    from banker.server.redis import RedisClient, RedisOutage

log = logging.getLogger(__name__)

SCHEME = "banker+redis"
KEY_PREFIX = "banker:limits"
WINDOW_S = 60
COUNT = """
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
if count == tonumber(ARGV[2]) then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('TTL', KEYS[1])}
"""
View = TypeVar("View", bound=Callable[..., Any])


class SharedRedisStorage(RedisStorage):
    """The Redis storage of `limits` over the client that the process already has. Raises `StorageError`.

    The built-in storages of `limits` open a second client, and the one for clusters connects in its constructor, so
    that the service could not start during an outage.
    """

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - as in the base class

    def __init__(self, uri: str, client: "RedisClient", outage: "RedisOutage") -> None:
        self._client = client
        self._outage = outage
        # This client never connects, see `get_connection`.
        super().__init__("redis://", key_prefix=KEY_PREFIX, wrap_exceptions=True)
        self._count = client.register_script(COUNT)

    def get_connection(self, readonly: bool = False) -> Any:
        """Return the client for every command and script."""
        return self._client

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count a request, and keep the window for the response's headers: one round trip instead of three."""
        full_key = self.prefixed_key(key)
        try:
            count, ttl = self._count(keys=[full_key], args=[int(expiry), amount])
        except self.base_exceptions as error:
            self._outage.failed(error)
            raise StorageError(error) from error
        g.setdefault("rate_limit_windows", {})[key] = count, time.time() + ttl
        return int(count)

    def get(self, key: str) -> int:
        """Return the count of a window, from this request if it has counted it."""
        window = g.get("rate_limit_windows", {}).get(key)
        return window[0] if window is not None else super().get(key)

    def get_expiry(self, key: str) -> float:
        """Return the end of a window in Unix seconds, from this request if it has counted it."""
        window = g.get("rate_limit_windows", {}).get(key)
        return window[1] if window is not None else super().get_expiry(key)


class RateLimits:
    """Counts requests of the caller of `set_caller`, in windows of a minute that start with the first request.

    flask-limiter's own headers are off: it would send `Retry-After` with every response, and replace that of a 503.
    """

    def __init__(self, app: Flask, config: Config, storage_options: Mapping[str, Any], metrics: Metrics) -> None:
        self._app = app
        self._limiter = Limiter(
            client_address,
            app=app,
            strategy="fixed-window",
            storage_uri=f"{SCHEME}://" if config.redis_url else "memory://",
            storage_options=dict(storage_options),
            key_prefix="banker",
            headers_enabled=False,
            on_breach=lambda limit: metrics.rejections["rate_limit"].inc(),
            # All limits are shared, and apply to `create_session` too, which has no endpoint.
            request_identifier=lambda: "banker",
        )
        self._user_limit = self._limiter.shared_limit(
            lambda: f"{g.tenant.config.policy.rate_limit_per_minute}/minute",
            scope="user",
            key_func=lambda: f"{g.tenant.tenant_id}:{g.user_id}",
        )
        self._tenant_limit = self._limiter.shared_limit(
            f"{config.limits.tenant_per_minute}/minute", scope="tenant", key_func=lambda: str(g.tenant.tenant_id)
        )
        failure_limit = self._limiter.shared_limit(
            f"{config.limits.failed_identification_per_minute}/minute", scope="identification"
        )
        self.count_failed_identification: Callable[[], None] = failure_limit(_failed_identification)
        """Count against the client's address. Raises `RateLimitExceeded` (429)."""
        self._count_session = self.limited(_session)
        app.after_request(self._add_headers)
        self._metrics = metrics
        app.register_error_handler(StorageError, lambda error: api_error_response(self._unavailable()))

    def limited(self, view: View) -> View:
        """Decorate a view: it counts against the user and, unless that limit is exceeded, against the tenant."""
        return cast(View, self._tenant_limit(self._user_limit(view)))

    def count_session(self, tenant: Tenant, user_id: str) -> None:
        """Count a session that a host creates without an HTTP request, like `POST /v1/sessions`.

        Raises `ApiError` 429 and 503.
        """
        with self._app.test_request_context():
            set_caller(tenant, user_id)
            try:
                try:
                    self._count_session()
                except RateLimitExceeded:
                    limit = self._limiter.current_limit
                    raise too_many(_seconds_until(limit.reset_at) if limit else WINDOW_S) from None
            except StorageError:
                raise self._unavailable() from None

    def _unavailable(self) -> ApiError:
        self._metrics.rejections["store"].inc()
        return unavailable("The rate limit store does not answer; try again.")

    def _add_headers(self, response: Response) -> Response:
        limit = self._limiter.current_limit
        if limit is not None:
            try:
                _write_headers(response, limit)
            except StorageError as error:
                log.info("The rate limit store does not answer; a response goes out without its headers: %s", error)
        return response


def set_caller(tenant: Tenant, user_id: str) -> None:
    """Set whose limits this request counts against, and whose origins may read the response."""
    g.tenant = tenant
    g.user_id = user_id


def client_address() -> str:
    """Return the address that the trusted proxies, if any, report; for IPv6 its /64, which one client owns."""
    return network_of(request.remote_addr or "unknown")


def network_of(address: str) -> str:
    """Return the part of an address that a client cannot change at will.

    Some proxies append the port, which changes with every connection. Anything that is not an IP address, such as the
    path of a Unix socket, is returned unchanged.
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


def _write_headers(response: Response, limit: RequestLimit) -> None:
    reset_at = limit.reset_at
    response.headers["X-RateLimit-Limit"] = str(limit.limit.amount)
    response.headers["X-RateLimit-Remaining"] = str(limit.remaining)
    response.headers["X-RateLimit-Reset"] = str(reset_at)
    if response.status_code == 429:
        response.headers["Retry-After"] = str(_seconds_until(reset_at))


def _seconds_until(reset_at: int) -> int:
    """Return whole seconds, from 1 to 60. The storages round the end of a window up by a second."""
    return max(1, min(WINDOW_S, reset_at - int(time.time())))


def _failed_identification() -> None:
    """What counts is the decorator."""


def _session() -> None:
    """What counts is the decorator."""
