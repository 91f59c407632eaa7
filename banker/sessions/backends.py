"""Opens the session store and the audit trail: in memory and a file, or both in Redis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from banker.audit import Trail, seal_of
from banker.audit.file_trail import FileTrail
from banker.config.loading import ConfigError
from banker.config.settings import Config
from banker.sessions.memory_store import MemoryStore
from banker.sessions.store import SessionStore


@dataclass(frozen=True)
class Backends:
    """The session store, the audit trail (None: no audit), and flask-limiter's storage options."""

    store: SessionStore
    trail: Trail | None
    limits: Mapping[str, Any]


def open_backends(config: Config, clock: Callable[[], float]) -> Backends:
    """Open the backends that the configuration names, without connecting or writing. Raises `ConfigError`."""
    if config.redis_url is None:
        trail = FileTrail(Path(config.audit.file), seal_of(config)) if config.audit.file else None
        return Backends(MemoryStore(config.sessions.memory_capacity, clock), trail, {})
    # Importing redis takes a sixth of a second, which a host without Redis does not pay.
    from banker.audit.redis_trail import RedisTrail
    from banker.server.redis import RedisUrlError, open_redis
    from banker.sessions.redis_store import RedisStore

    timeout = config.sessions.redis_timeout_seconds
    try:
        client = open_redis(config.redis_url, timeout)
    except RedisUrlError as error:
        raise ConfigError([f"environment: BANKER_REDIS_URL: {error}"]) from None
    return Backends(
        RedisStore(client, timeout, clock), RedisTrail(client, seal_of(config), timeout), {"client": client}
    )
