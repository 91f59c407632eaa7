"""Reads and validates the whole configuration once at the start: `banker.toml`, the environment and the tenants."""

import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType

from click import ClickException

from banker.config.checks import is_redis_url
from banker.config.service_file import load_service
from banker.config.settings import Config, ServiceSettings
from banker.config.sources import MIN_SECRET_BYTES, unreadable_folders
from banker.config.tenant_files import load_tenants

DEFAULT_FOLDER = (Path(__file__).parents[1] / "defaults").resolve()
"""`config/` in a checkout, or its copy with the demo tenant and the avatar in an installed package."""

FOLDERS = ("tenants", "knowledge", "avatars", "skills")
"""The subfolders of a configuration folder."""


class ConfigError(ClickException):
    """The configuration is invalid. `mistakes` has one line for each mistake, with file, key and fix.

    It is a `ClickException` so that Flask's commands print it without a traceback, also for a host's app.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def load(
    folder: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
    also: Callable[[Config], list[str]] = lambda config: [],
) -> Config:
    """Read and validate the configuration. Raises `ConfigError` with every mistake.

    `folder` defaults to the environment variable `BANKER_CONFIG`, `environ` to the process's environment. `also` is an
    additional check; it gets a configuration that contains only the tenants without mistakes.
    """
    environ = os.environ if environ is None else environ
    folder = Path(folder or environ.get("BANKER_CONFIG") or DEFAULT_FOLDER)
    demo = is_demo(environ)
    if unreadable := unreadable_folders(folder, FOLDERS):
        raise ConfigError(unreadable)  # further mistakes could be consequences of this one
    mistakes: list[str] = []
    if not folder.is_dir():
        mistakes.append(f"{folder}: is not a folder; set BANKER_CONFIG to the folder with banker.toml and tenants/")
    service = load_service(folder / "banker.toml", demo, environ, mistakes)
    tenants = load_tenants(folder / "tenants", service.agent, demo, environ, mistakes)
    secret_key = _secret_key(demo, environ, mistakes)
    redis_url = environ.get("BANKER_REDIS_URL") or None
    if redis_url and not is_redis_url(redis_url):
        mistakes.append(
            "environment: BANKER_REDIS_URL: must be a URL that starts with redis://, rediss://, unix://, "
            "redis+sentinel:// or redis+cluster://"
        )
    if service.audit.required and not (redis_url or service.audit.file):
        mistakes.append(f"{folder / 'banker.toml'}: audit.required: needs audit.file or BANKER_REDIS_URL; set one")
    config = Config(
        **{section.name: getattr(service, section.name) for section in fields(ServiceSettings)},
        folder=folder,
        demo=demo,
        secret_key=secret_key,
        redis_url=redis_url,
        tenants=MappingProxyType(tenants),
    )
    mistakes += also(config)
    if mistakes:
        raise ConfigError(_without_consequences(mistakes))
    return config


def _secret_key(demo: bool, environ: Mapping[str, str], mistakes: list[str]) -> bytes:
    secret_key = os.fsencode(environ.get("BANKER_SECRET_KEY", ""))
    if not secret_key and demo:
        return os.urandom(MIN_SECRET_BYTES)
    if not secret_key:
        mistakes.append(
            "environment: BANKER_SECRET_KEY: is missing; set it to 32 or more random bytes, or set BANKER_DEMO=1 to "
            "try the demo"
        )
    elif len(secret_key) < MIN_SECRET_BYTES:
        mistakes.append(f"environment: BANKER_SECRET_KEY: must have at least {MIN_SECRET_BYTES} bytes")
    return secret_key


def _without_consequences(mistakes: list[str]) -> list[str]:
    """Drop lines that only follow from others. A key with a wrong value is not also missing."""
    places: set[str] = set()
    kept = []
    for line in mistakes:
        place, _, _ = line.rpartition(": is missing")
        if not place or place not in places:
            kept.append(line)
        places.add(place or ": ".join(line.split(": ")[:2]))
    return kept


def is_demo(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether the service runs as the demo, with its published secret."""
    return environ.get("BANKER_DEMO", "").lower() in ("1", "true", "yes")
