"""Opens the session store and the audit trail: in memory and a file, or both in Redis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from banker.audit import lasting_key, seal_of
from banker.audit.file_keys import FileKeys
from banker.audit.file_trail import FileTrail, keys_path
from banker.audit.private_trail import PrivateTrail
from banker.audit.user_keys import UserKeys
from banker.config.checks import why_unwritable
from banker.config.loading import ConfigError
from banker.config.settings import Config
from banker.sessions.memory_store import MemoryStore
from banker.sessions.store import SessionStore

REMEMBERED_KEYS = 10_000
"""How many users' keys a process caches, 3 KiB each. An uncached key costs a second round trip per entry."""


@dataclass(frozen=True)
class Backends:
    """The session store, the audit trail (None: no audit) and flask-limiter's storage options."""

    store: SessionStore
    trail: PrivateTrail | None
    limits: Mapping[str, Any]


def open_backends(config: Config, clock: Callable[[], float]) -> Backends:
    """Open the backends that the configuration names, without connecting or writing. Raises `ConfigError`."""
    key = lasting_key(config)
    if config.redis_url is None:
        trail = None
        if config.audit.file:
            path = Path(config.audit.file)
            trail = PrivateTrail(FileTrail(path, seal_of(config)), UserKeys(FileKeys(keys_path(path)), key, clock))
        return Backends(MemoryStore(config.sessions.memory_capacity, clock), trail, {})
    # Imported on first use: importing redis takes 0.17 s.
    from banker.audit.redis_trail import RedisKeys, RedisTrail
    from banker.server.redis import RedisOutage, RedisUrlError, open_redis
    from banker.sessions.redis_store import RedisStore

    timeout = config.sessions.redis_timeout_seconds
    try:
        client = open_redis(config.redis_url, timeout)
    except RedisUrlError as error:
        raise ConfigError([f"environment: BANKER_REDIS_URL: {error}"]) from None
    keys = UserKeys(RedisKeys(client), key, clock, REMEMBERED_KEYS)
    trail = PrivateTrail(RedisTrail(client, seal_of(config), timeout), keys)
    outage = RedisOutage()
    return Backends(RedisStore(client, timeout, clock, outage), trail, {"client": client, "outage": outage})


def storage_mistakes(config: Config) -> list[str]:
    """Return a line for each reason why sessions or the audit trail cannot be stored. Connects to Redis."""
    if config.redis_url is not None:
        from banker.server.redis import redis_mistakes

        return redis_mistakes(config.redis_url, config.sessions.redis_timeout_seconds)
    if config.audit.file and (reason := why_unwritable(Path(config.audit.file))):
        return [
            f"{config.folder / 'banker.toml'}: audit.file: {config.audit.file} cannot be written: {reason}; "
            "name a file that this user may create"
        ]
    return []
