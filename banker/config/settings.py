"""The settings of the service, section by section of `banker.toml`, and the whole configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from marshmallow.validate import OneOf

from banker.config.agent import AgentSettings
from banker.config.checks import (
    ENV_NAME,
    SHORT_TEXT,
    are_ice_urls,
    between,
    is_https_or_loopback_url,
    is_ip_address,
    is_port_range,
)
from banker.config.dataclass_schema import key, must, whole
from banker.config.speech import SpeechSettings
from banker.config.tenant import Tenant

MOST_SHARED_PORTS = 16
"""A port range up to this size has a port for each worker. A larger one has ports for each call."""


@dataclass(frozen=True)
class ServerSettings:
    """`[server]`: threads, WebSockets and logs of a worker."""

    trusted_proxies: int = key(0, check=whole(0, 10))
    threads: int = key(40, check=whole(2, 1000))
    max_sockets: int = key(30, check=whole(1, 999))
    max_sockets_per_user: int = key(10, check=whole(1, 999))
    socket_idle_seconds: int = key(1200, check=whole(10, 86_400))
    log_format: str = key("json", check=OneOf(("json", "text"), error="must be one of: {choices}"))
    log_level: str = key("INFO", check=OneOf(("DEBUG", "INFO", "WARNING", "ERROR"), error="must be one of: {choices}"))


@dataclass(frozen=True)
class LimitSettings:
    """`[limits]`: requests per minute, and calls at a time."""

    tenant_per_minute: int = key(600, check=whole(1, 1_000_000))
    failed_identification_per_minute: int = key(60, check=whole(1, 1_000_000))
    calls_per_user: int = key(3, check=whole(1, 10_000))
    """How many sessions of one user may have media at the same time, on all workers together."""


@dataclass(frozen=True)
class SessionSettings:
    """`[sessions]`: the capacity of the memory store, and the time limit of a Redis command."""

    memory_capacity: int = key(100_000, check=whole(1, 10_000_000))
    redis_timeout_seconds: float = key(1.5, check=between(0.1, 60))


@dataclass(frozen=True)
class MediaSettings:
    """`[media]`: UDP ports, addresses and the number of calls."""

    port_range: str | None = key(
        None,
        check=must(is_port_range, 'must be one port or two, of 1024 or above, such as "40000" or "40000-40999"'),
    )
    public_address: str | None = key(None, check=must(is_ip_address, "must be an IP address"))
    max_peers: int | None = key(None, check=whole(1, 10_000))
    """The most calls of a worker; None means as many as its cores can carry (`banker.rtc.calls.capacity`)."""
    allow_private_candidates: bool = False
    fast_path: bool = True
    """Whether aiortc's internals are used (`banker.rtc.aiortc_internals`), or only its public API."""

    @property
    def ports(self) -> range | None:
        """The UDP ports that calls may use; None means any."""
        if self.port_range is None:
            return None
        first, _, last = self.port_range.partition("-")
        return range(int(first), int(last or first) + 1)

    @property
    def shares_ports(self) -> bool:
        """Whether all calls of a worker share one of the ports, because there are too few for each call."""
        return self.ports is not None and len(self.ports) <= MOST_SHARED_PORTS

    def too_few_ports(self, workers: int) -> str:
        """Return a mistake if a shared range has fewer ports than workers that need one; otherwise an empty string."""
        if not self.shares_ports or self.ports is None or workers <= len(self.ports):
            return ""
        first = self.ports[0]
        return (
            f"{workers} workers need {workers} UDP ports, one each, and media.port_range has {len(self.ports)}: "
            f'write "{first}-{first + workers - 1}"'
        )


@dataclass(frozen=True)
class IceSettings:
    """`[ice]`: the STUN and TURN servers of both sides. `secret` is coturn's static-auth-secret."""

    urls: tuple[str, ...] = key(
        (),
        check=must(
            are_ice_urls,
            'each must look like "stun:host:3478", "turn:host:3478?transport=udp" or "turns:host:5349?transport=tcp"',
        ),
    )
    secret_env: str | None = key(None, check=ENV_NAME)
    credential_seconds: int = key(7200, check=whole(600, 86_400))
    secret: str | None = field(default=None, repr=False, metadata={"internal": True})


@dataclass(frozen=True)
class MetricsSettings:
    """`[metrics]`: `GET /metrics` for Prometheus, protected by a separate bearer token."""

    enabled: bool = False
    token_env: str = key("BANKER_METRICS_TOKEN", check=ENV_NAME)
    token: str | None = field(default=None, repr=False, metadata={"internal": True})


@dataclass(frozen=True)
class AuditSettings:
    """`[audit]`: the audit trail, a file unless Redis is configured.

    If `required`, requests that cannot be recorded get a 503. Otherwise the failure is logged and counted.
    """

    file: str | None = key(None, check=SHORT_TEXT)
    required: bool = False


@dataclass(frozen=True)
class WebhookSettings:
    """`[webhook]`: the bank's address for the events of hand-overs and talks, and the secret that signs them."""

    url: str | None = key(None, check=must(is_https_or_loopback_url, "must be https://, or http:// on this host"))
    secret_env: str | None = key(None, check=ENV_NAME)
    secret: str | None = field(default=None, repr=False, metadata={"internal": True})


@dataclass(frozen=True)
class ServiceSettings:
    """The sections of `banker.toml`."""

    server: ServerSettings = field(default_factory=ServerSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    sessions: SessionSettings = field(default_factory=SessionSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    ice: IceSettings = field(default_factory=IceSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    webhook: WebhookSettings = field(default_factory=WebhookSettings)


@dataclass(frozen=True)
class Config(ServiceSettings):
    """The whole configuration, as `banker.config.loading.load` returns it."""

    folder: Path = Path()
    demo: bool = False
    secret_key: bytes = field(default=b"", repr=False)
    redis_url: str | None = field(default=None, repr=False)
    tenants: Mapping[str, Tenant] = field(default_factory=dict)

    @property
    def skills_path(self) -> Path | None:
        """The folder of the bank's own skills, `skills/` beside `banker.toml`; None if it does not exist."""
        folder = self.folder / "skills"
        return folder if folder.is_dir() else None

    def tenant(self, tenant_id: str | None) -> Tenant:
        """Return a tenant by id, or the only one if the id is None. Raises `ValueError`."""
        if tenant_id is None and len(self.tenants) == 1:
            return next(iter(self.tenants.values()))
        tenant = self.tenants.get(tenant_id) if isinstance(tenant_id, str) else None
        if tenant is None:
            raise ValueError(f"tenant_id must be one of: {', '.join(self.tenants)}")
        return tenant
