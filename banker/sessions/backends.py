"""Where the service keeps what outlives a request: in memory and a file, or all of it in Redis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from banker.audit import Trail, seal_of
from banker.audit.file_trail import FileTrail
from banker.config.loading import ConfigError
from banker.config.settings import Config
from banker.sessions import MemoryStore, SessionStore


@dataclass(frozen=True)
class Backends:
    """`store` keeps sessions and turns, `trail` the audit entries (None: nowhere), `limits` is for flask-limiter."""

    store: SessionStore
    trail: Trail | None
    limits: Mapping[str, Any]


def open_backends(config: Config, clock: Callable[[], float]) -> Backends:
    """Those that the configuration names; nothing connects or writes yet. Raises `ConfigError`."""
    if config.redis_url is None:
        trail = FileTrail(Path(config.audit.file), seal_of(config)) if config.audit.file else None
        return Backends(MemoryStore(config.sessions.memory_capacity, clock), trail, {})
    from banker.audit.redis_trail import RedisTrail  # redis takes a sixth of a second to import
    from banker.sessions import RedisStore

    seconds = config.sessions.redis_timeout_seconds
    try:
        store = RedisStore(config.redis_url, seconds, clock)
    except (ValueError, TypeError):  # its text may hold the URL's password
        raise ConfigError(
            ["environment: BANKER_REDIS_URL: cannot be used; write it as redis://:password@host:6379/0"]
        ) from None
    return Backends(store, RedisTrail(store.line, seal_of(config), seconds), {"line": store.line})
