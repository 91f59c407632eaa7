"""Every configuration key: its type, its default and its check. Frozen: nothing changes after the start."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from marshmallow.validate import Length, OneOf, Range, Regexp

from banker.config.agent import AgentSettings
from banker.config.dataclass_schema import key, must, whole
from banker.config.speech import SpeechSettings, TenantSpeechSettings
from banker.config.texts import Faq, Texts

ALGORITHMS = ("HS256", "RS256", "PS256", "ES256", "EdDSA")

_ENV_NAME = Regexp(r"[A-Za-z_][A-Za-z0-9_]*\Z", error="must be the name of an environment variable")
_FOLDER_NAME = Regexp(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z", error="must be the name of a folder in config/avatars")
_ICE_URL = re.compile(r"(stun|turns?):[^\s?:]+(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?")
_ICE_TRANSPORTS = {"stun": (None,), "turn": (None, "udp", "tcp"), "turns": (None, "tcp")}
_SHORT_TEXT = Length(min=1, max=2000, error="must be a text of {min} to {max} characters")


def _is_port_range(value: str) -> bool:
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", value)
    return bool(match) and 1024 <= int(match[1]) <= int(match[2]) <= 65535  # type: ignore[index]


def _is_address(value: str) -> bool:
    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False


_REDIS_SCHEMES_OF_SEVERAL_HOSTS = ("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")


def url_parts(value: str) -> SplitResult:
    """The parts of a URL; all of them empty for what is none."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return urlsplit("")
    return parts


def is_redis_url(value: str) -> bool:
    """Whether `banker.server.redis_client` takes a URL of this form; Sentinel and Cluster have several hosts."""
    scheme, _, rest = value.partition("://")
    if scheme in ("redis", "rediss", "unix"):
        return url_parts(value).scheme == scheme
    hosts = re.split("[/?]", rest, maxsplit=1)[0].rpartition("@")[2].split(",")
    return scheme in _REDIS_SCHEMES_OF_SEVERAL_HOSTS and all(url_parts(f"redis://{host}").hostname for host in hosts)


def _are_origins(values: list[str]) -> bool:
    """As browsers write them, in lower case (RFC 6454 §6.1): only so do they compare."""
    parts = [url_parts(value) for value in values]
    return all(
        p.scheme in ("http", "https")
        and p.hostname
        and "@" not in p.netloc
        and value == f"{p.scheme}://{p.netloc}" == value.lower()
        for p, value in zip(parts, values, strict=True)
    )


def _are_ice_urls(values: list[str]) -> bool:
    """As browsers and aiortc both take them (RFC 7064, 7065): STUN names no transport, TURN over TLS has TCP alone."""
    matches = [_ICE_URL.fullmatch(value) for value in values]
    return all(m and 0 < int(m[2] or 3478) < 65536 and m[3] in _ICE_TRANSPORTS[m[1]] for m in matches)


@dataclass(frozen=True)
class ServerSettings:
    """How requests reach the service."""

    trusted_proxies: int = key(0, check=whole(0, 10))
    threads: int = key(40, check=whole(2, 1000))
    max_sockets: int = key(30, check=whole(1, 999))
    max_sockets_per_user: int = key(10, check=whole(1, 999))
    socket_idle_seconds: int = key(1200, check=whole(10, 86_400))
    log_format: str = key("json", check=OneOf(("json", "text"), error="must be one of: {choices}"))
    log_level: str = key("INFO", check=OneOf(("DEBUG", "INFO", "WARNING", "ERROR"), error="must be one of: {choices}"))


@dataclass(frozen=True)
class LimitSettings:
    """Requests a minute."""

    tenant_per_minute: int = key(600, check=whole(1, 1_000_000))
    failed_identification_per_minute: int = key(60, check=whole(1, 1_000_000))


@dataclass(frozen=True)
class SessionSettings:
    """How many sessions the memory store holds, and how long a call of Redis may take."""

    memory_capacity: int = key(100_000, check=whole(1, 10_000_000))
    redis_timeout_seconds: float = key(2.0, check=Range(min=0.1, max=60, error="must be from {min} to {max}"))


@dataclass(frozen=True)
class MediaSettings:
    """The UDP side of the calls."""

    port_range: str | None = key(None, check=must(_is_port_range, 'must be two ports from 1024 on, as "40000-40999"'))
    public_address: str | None = key(None, check=must(_is_address, "must be an IP address"))
    max_peers: int = key(150, check=whole(1, 10_000))
    allow_private_candidates: bool = False

    @property
    def ports(self) -> range | None:
        """The ports that peers may bind; None: any."""
        if self.port_range is None:
            return None
        first, last = self.port_range.split("-")
        return range(int(first), int(last) + 1)


@dataclass(frozen=True)
class IceSettings:
    """The STUN and TURN servers that both sides use; `secret` is coturn's static-auth-secret."""

    urls: tuple[str, ...] = key(
        (),
        check=must(
            _are_ice_urls,
            'each must look like "stun:host:3478", "turn:host:3478?transport=udp" or "turns:host:5349?transport=tcp"',
        ),
    )
    secret_env: str | None = key(None, check=_ENV_NAME)
    credential_seconds: int = key(7200, check=whole(600, 86_400))
    secret: str | None = field(default=None, repr=False, metadata={"internal": True})


@dataclass(frozen=True)
class MetricsSettings:
    """`GET /metrics` for Prometheus, behind a bearer token of its own."""

    enabled: bool = False
    token_env: str = key("BANKER_METRICS_TOKEN", check=_ENV_NAME)
    token: str | None = field(default=None, repr=False, metadata={"internal": True})


@dataclass(frozen=True)
class AuditSettings:
    """The audit trail: a Redis stream where Redis is configured, else `file` (from the folder of the start on).

    `required`: what cannot be recorded is refused with 503, instead of only logged and counted.
    """

    file: str | None = key(None, check=_SHORT_TEXT)
    required: bool = False


@dataclass(frozen=True)
class IdentitySettings:
    """Whose tokens a tenant's are, and the one key source that verifies them."""

    issuer: str = key(check=_SHORT_TEXT)
    algorithms: tuple[str, ...] = key(
        check=must(lambda names: names and set(names) <= set(ALGORITHMS), "must name some of " + ", ".join(ALGORITHMS))
    )
    secret_env: str | None = key(None, check=_ENV_NAME)
    public_key_file: str | None = key(None)
    jwks_url: str | None = key(None)
    secret: bytes | None = field(default=None, repr=False, metadata={"internal": True})
    public_key: str | None = field(default=None, repr=False, metadata={"internal": True})


@dataclass(frozen=True)
class PolicySettings:
    """What a session of this tenant may do."""

    max_session_duration_minutes: int = key(30, check=whole(1, 1440))
    rate_limit_per_minute: int = key(10, check=whole(1, 100_000))
    require_consent: bool = True


@dataclass(frozen=True)
class ConfigBlock:
    """The config block of the create response, key by key."""

    theme: dict[str, str] = key(factory=lambda: {"primaryColor": "#0066cc"})
    avatar_enabled: bool = True
    greeting: str = key("Hello! How can I help you today?", check=_SHORT_TEXT)
    allowed_tools: tuple[str, ...] = ()
    policy: PolicySettings = field(default_factory=PolicySettings)


@dataclass(frozen=True)
class ConsentSettings:
    """What the user is asked before anything is listened to; a new text wants a new version."""

    version: str = key("1", check=_SHORT_TEXT)
    text: str = key(
        "You are about to talk to a virtual banker. Your voice is processed so that it can answer you. Do you agree?",
        check=_SHORT_TEXT,
    )


@dataclass(frozen=True)
class TurnSettings:
    """How long a silence ends the user's turn (ms), and how long nobody speaks before the call ends."""

    silence_ms: int = key(600, check=whole(300, 1500))
    still_there_seconds: int = key(60, check=whole(1, 86_400))
    idle_end_seconds: int = key(60, check=whole(1, 86_400))


@dataclass(frozen=True)
class Tenant:
    """One bank: its keys, its origins and the config block that its sessions get."""

    identity: IdentitySettings
    tenant_id: str = key(
        check=Regexp(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z", error="must be 1 to 128 characters of A-Z a-z 0-9 . _ -")
    )
    allowed_origins: tuple[str, ...] = key(
        (), check=must(_are_origins, 'each must be scheme and host in lower case, as "https://portal.bank.example"')
    )
    demo_only: bool = False
    avatar: str = key("default", check=_FOLDER_NAME)
    config: ConfigBlock = field(default_factory=ConfigBlock)
    consent: ConsentSettings = field(default_factory=ConsentSettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    speech: TenantSpeechSettings = field(default_factory=TenantSpeechSettings)
    turns: TurnSettings = field(default_factory=TurnSettings)
    texts: Texts = field(default_factory=Texts)
    faq: tuple[Faq, ...] = ()


@dataclass(frozen=True)
class ServiceSettings:
    """The sections of banker.toml."""

    server: ServerSettings = field(default_factory=ServerSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    sessions: SessionSettings = field(default_factory=SessionSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    ice: IceSettings = field(default_factory=IceSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)


@dataclass(frozen=True)
class Config(ServiceSettings):
    """Everything that the service was told, read once."""

    folder: Path = Path()
    demo: bool = False
    secret_key: bytes = field(default=b"", repr=False)
    redis_url: str | None = field(default=None, repr=False)
    tenants: Mapping[str, Tenant] = field(default_factory=dict)

    def tenant_of_issuer(self, issuer: str) -> Tenant | None:
        """The tenant whose tokens name this `iss`."""
        return next((t for t in self.tenants.values() if t.identity.issuer == issuer), None)

    def tenant(self, tenant_id: str | None) -> Tenant:
        """Return a tenant by id, or the only one if the id is None. Raises `ValueError`."""
        if tenant_id is None and len(self.tenants) == 1:
            return next(iter(self.tenants.values()))
        tenant = self.tenants.get(tenant_id or "")
        if tenant is None:
            raise ValueError(f"tenant_id must be one of: {', '.join(self.tenants)}")
        return tenant
