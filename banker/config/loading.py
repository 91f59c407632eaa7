"""Reads and validates the configuration: `banker.toml`, the environment and the tenants' files, once.

A mistake is told as one line that names file, key and mend; `load` collects all of them before it raises.
"""

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from click import ClickException

from banker.config import agent as agent_settings
from banker.config import speech as speech_settings
from banker.config.dataclass_schema import read
from banker.config.settings import Config, IdentitySettings, ServiceSettings, Tenant, is_redis_url, url_parts

DEMO_SECRET = "demo-secret-do-not-use-in-production"  # noqa: S105 - published on purpose, refused outside demo mode
DEFAULT_FOLDER = (Path(__file__).parents[1] / "defaults").resolve()
"""`config/` of a checkout; an installed package carries its demo tenant and its avatar."""
MINIMUM_SECRET_BYTES = 32


class ConfigError(ClickException):
    """The configuration cannot be used; `mistakes` holds one line for each thing to mend.

    Flask's commands print it without a traceback, also where it is a host's app that cannot be loaded.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def load(
    folder: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
    also: Callable[[Config], list[str]] = lambda config: [],
) -> Config:
    """Read and validate everything. Raises `ConfigError` with every mistake in one go.

    `also` finds further mistakes in what could be read; it sees the tenants that have none so far.
    """
    environ = os.environ if environ is None else environ
    folder = Path(folder or environ.get("BANKER_CONFIG") or DEFAULT_FOLDER)
    demo = environ.get("BANKER_DEMO", "").lower() in ("1", "true", "yes")
    mistakes: list[str] = []
    if not folder.is_dir():
        mistakes.append(f"{folder}: is no folder; name the one of banker.toml and tenants/ with BANKER_CONFIG")
    service = _load_service(folder / "banker.toml", demo, environ, mistakes)
    tenants = _load_tenants(folder / "tenants", service.agent, demo, environ, mistakes)
    secret_key = os.fsencode(environ.get("BANKER_SECRET_KEY", ""))
    if not secret_key and demo:
        secret_key = os.urandom(MINIMUM_SECRET_BYTES)
    elif not secret_key:
        mistakes.append(
            "environment: BANKER_SECRET_KEY: is missing; set 32 random bytes or more, or BANKER_DEMO=1 for a trial"
        )
    elif len(secret_key) < MINIMUM_SECRET_BYTES:
        mistakes.append(f"environment: BANKER_SECRET_KEY: must be {MINIMUM_SECRET_BYTES} bytes or longer")
    redis_url = environ.get("BANKER_REDIS_URL") or None
    if redis_url and not is_redis_url(redis_url):
        mistakes.append(
            "environment: BANKER_REDIS_URL: must be a URL that starts with redis://, rediss://, unix://, "
            "redis+sentinel:// or redis+cluster://"
        )
    if service.audit.required and not (redis_url or service.audit.file):
        mistakes.append(f"{folder / 'banker.toml'}: audit.required: needs audit.file, or BANKER_REDIS_URL")
    sections = {f.name: getattr(service, f.name) for f in fields(ServiceSettings)}
    config = Config(
        **sections,
        folder=folder,
        demo=demo,
        secret_key=secret_key,
        redis_url=redis_url,
        tenants=MappingProxyType(tenants),
    )
    mistakes += also(config)
    if mistakes:
        raise ConfigError(_told_once(mistakes))
    return config


def _told_once(mistakes: list[str]) -> list[str]:
    """The mistakes without those that only follow from another: a key that is wrong is not also missing."""
    told: set[str] = set()
    kept = []
    for line in mistakes:
        place, _, _ = line.rpartition(": is missing")
        if not place or place not in told:
            kept.append(line)
        told.add(place or ": ".join(line.split(": ")[:2]))
    return kept


def _read_toml(path: Path, mistakes: list[str], *, optional: bool = False) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors begin a file with a mark
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        mistakes.append(f"{path}: is no TOML: {error}")
    except OSError as error:
        if not (optional and isinstance(error, FileNotFoundError)):
            mistakes.append(f"{path}: cannot be read: {error.strerror}")
    return None


def _overrides(environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """`BANKER_LIMITS__TENANT_PER_MINUTE=6000` as Flask's `from_prefixed_env` reads it: JSON, or else a string."""
    sections: dict[str, dict[str, Any]] = {}
    for name, text in environ.items():
        section, separator, entry = name.removeprefix("BANKER_").partition("__")
        if not name.startswith("BANKER_") or not separator:
            continue
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        sections.setdefault(section.lower(), {})[entry.lower()] = value
    return sections


def _load_service(path: Path, demo: bool, environ: Mapping[str, str], mistakes: list[str]) -> ServiceSettings:
    values = _read_toml(path, mistakes, optional=True) or {}
    written = set(values)
    changed = _overrides(environ)
    for section, entries in changed.items():
        present = values.setdefault(section, {})
        if isinstance(present, dict):
            present.update(entries)
    if demo and "file" not in changed.get("audit", {}) and isinstance(values.get("audit"), dict):
        values["audit"].pop("file", None)  # a trial leaves no trail behind, unless it is asked to
    if demo and isinstance(values.setdefault("media", {}), dict):
        values["media"].setdefault("allow_private_candidates", True)
    found, lines = read(ServiceSettings, values)
    mistakes += [_place(line, path, written, changed) for line in lines]
    service = found or ServiceSettings()
    if service.server.max_sockets >= service.server.threads:
        mistakes.append(
            f"{path}: server.max_sockets: must be below server.threads, so that other requests find a thread"
        )
    ice = replace(service.ice, secret=_secret(f"{path}: ice.", service.ice.secret_env, environ, mistakes, minimum=1))
    if any(url.startswith("turn") for url in ice.urls) and ice.secret_env is None:
        mistakes.append(f"{path}: ice.secret_env: is missing; name the variable that holds coturn's static-auth-secret")
    metrics = service.metrics
    if metrics.enabled:
        token = _secret(f"{path}: metrics.", metrics.token_env, environ, mistakes, label="token_env")
        metrics = replace(metrics, token=token)
    before = len(mistakes)
    agent = agent_settings.complete(f"{path}: agent.", service.agent, path.parent, environ, mistakes)
    agent = agent if len(mistakes) == before else agent_settings.AgentSettings()  # told once, not for each tenant
    speech = speech_settings.complete(f"{path}: speech.", service.speech, environ, mistakes)
    return replace(service, ice=ice, metrics=metrics, agent=agent, speech=speech)


def _place(line: str, path: Path, written: set[str], changed: Mapping[str, Mapping[str, Any]]) -> str:
    """A `section.entry: mend` line with the place to mend it: the environment where that has set the entry."""
    name, _, mend = line.partition(": ")
    section = name.partition(".")[0]
    for entry in changed.get(section, {}):
        whole_section = name == section and section not in written
        if whole_section or name == f"{section}.{entry}" or name.startswith(f"{section}.{entry}."):
            return f"environment: BANKER_{section.upper()}__{entry.upper()}: {mend}"
    return f"{path}: {line}"


def _secret(
    where: str,
    name: str | None,
    environ: Mapping[str, str],
    mistakes: list[str],
    minimum: int = MINIMUM_SECRET_BYTES,
    label: str = "secret_env",
) -> str | None:
    if name is None:
        return None
    value = environ.get(name, "")
    if not value:
        mistakes.append(f"{where}{label}: the environment has no {name}; set it")
    elif len(os.fsencode(value)) < minimum:
        mistakes.append(f"{where}{label}: {name} must be {minimum} bytes or longer")
    return value or None


def _load_tenants(
    folder: Path, agent: agent_settings.AgentSettings, demo: bool, environ: Mapping[str, str], mistakes: list[str]
) -> dict[str, Tenant]:
    tenants: dict[str, Tenant] = {}
    issuers: dict[str, Path] = {}
    for path in sorted(folder.glob("*.toml")):
        values = _read_toml(path, mistakes)
        if values is None or (values.get("demo_only") is True and not demo):
            continue
        before = len(mistakes)
        tenant, lines = read(Tenant, agent_settings.inherit(values, agent))
        mistakes += [f"{path}: {line}" for line in lines]
        if tenant is None:
            continue
        if tenant.tenant_id != path.stem:
            mistakes.append(f"{path}: tenant_id: is {tenant.tenant_id!r}; a tenant's file is named <tenant_id>.toml")
        other = issuers.setdefault(tenant.identity.issuer, path)
        if other != path:
            mistakes.append(f"{path}: identity.issuer: {other.name} has the same; an issuer names one tenant")
        identity = _load_identity(path, tenant, demo, environ, mistakes)
        own_agent = agent_settings.complete(f"{path}: agent.", tenant.agent, path.parent, environ, mistakes)
        if len(mistakes) == before:
            tenants[tenant.tenant_id] = replace(tenant, identity=identity, agent=own_agent)
    if not tenants and not mistakes:
        mistakes.append(
            f"{folder}: there is no tenant; add <tenant_id>.toml (the README shows one), or name another folder "
            "with BANKER_CONFIG"
        )
    return tenants


def _load_identity(
    path: Path, tenant: Tenant, demo: bool, environ: Mapping[str, str], mistakes: list[str]
) -> IdentitySettings:
    identity = tenant.identity
    where = f"{path}: identity."
    sources = [name for name in ("secret_env", "public_key_file", "jwks_url") if getattr(identity, name) is not None]
    if len(sources) != 1:
        mistakes.append(f"{where}secret_env: give exactly one of secret_env, public_key_file and jwks_url")
        return identity
    symmetric = identity.secret_env is not None
    if symmetric != ("HS256" in identity.algorithms) or (symmetric and len(identity.algorithms) > 1):
        mistakes.append(
            f"{where}algorithms: HS256 goes with secret_env alone; RS256, PS256, ES256, EdDSA with a public key"
        )
    if identity.secret_env is not None:
        if demo and tenant.demo_only:
            environ = {identity.secret_env: DEMO_SECRET, **environ}
        secret = _secret(where, identity.secret_env, environ, mistakes)
        if secret == DEMO_SECRET and not demo:
            mistakes.append(
                f"{where}secret_env: {identity.secret_env} holds the published demo secret; set one of your own"
            )
        return replace(identity, secret=os.fsencode(secret or ""))
    if identity.jwks_url is not None:
        parts = url_parts(identity.jwks_url)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and local)):
            mistakes.append(f"{where}jwks_url: must be an https:// URL")
        return identity
    try:
        return replace(identity, public_key=(path.parent / str(identity.public_key_file)).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        mistakes.append(f"{where}public_key_file: {identity.public_key_file} cannot be read (paths start at this file)")
        return identity
