"""Loads the tenants' files, `tenants/<tenant_id>.toml`."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from banker.config import agent as agent_settings
from banker.config.checks import is_https_or_loopback_url
from banker.config.dataclass_schema import read
from banker.config.sources import read_secret, read_toml
from banker.config.tenant import IdentitySettings, KnowledgeSettings, Tenant

DEMO_SECRET = "demo-secret-do-not-use-in-production"  # noqa: S105 - published on purpose, refused outside demo mode


def load_tenants(
    folder: Path, agent: agent_settings.AgentSettings, demo: bool, environ: Mapping[str, str], mistakes: list[str]
) -> dict[str, Tenant]:
    """Return the valid tenants by id, and append the mistakes of the others to a list.

    `agent` holds the service's settings, which tenants inherit. Tenants with `demo_only` are loaded in demo mode only.
    """
    tenants: dict[str, Tenant] = {}
    issuers: dict[str, Path] = {}
    for path in sorted(folder.glob("*.toml")):
        values = read_toml(path, mistakes)
        if values is None or (values.get("demo_only") is True and not demo):
            continue
        tenant, lines = read(Tenant, agent_settings.inherit(values, agent))
        found = [f"{path}: {line}" for line in lines]
        if tenant is not None:
            found += _file_mistakes(path, tenant, issuers)
            identity = _resolve_identity(path, tenant, demo, environ, found)
            own_agent = agent_settings.resolve(f"{path}: agent.", tenant.agent, environ, found)
            knowledge = _find_pages(path, tenant, folder.parent / "knowledge", found)
            if not found:
                tenants[tenant.tenant_id] = replace(tenant, identity=identity, agent=own_agent, knowledge=knowledge)
        mistakes += found
    if not tenants and not mistakes:
        mistakes.append(
            f"{folder}: has no tenant; add a <tenant_id>.toml (see docs/configuration.md) or set BANKER_CONFIG to "
            "another folder"
        )
    return tenants


def _file_mistakes(path: Path, tenant: Tenant, issuers: dict[str, Path]) -> list[str]:
    found = []
    if tenant.tenant_id != path.stem:
        found.append(f"{path}: tenant_id: is {tenant.tenant_id!r}, but the file must be named <tenant_id>.toml")
    other = issuers.setdefault(tenant.identity.issuer, path)
    if other != path:
        found.append(f"{path}: identity.issuer: {other.name} has the same issuer; give each tenant another one")
    return found


def _find_pages(path: Path, tenant: Tenant, pages: Path, mistakes: list[str]) -> KnowledgeSettings:
    """Find the tenant's folder in `config/knowledge`. It may only be missing if the file does not name it."""
    settings = tenant.knowledge
    folder = pages / (settings.folder or tenant.tenant_id)
    if any(folder.glob("*.md")):
        return replace(settings, path=folder)
    if settings.folder is not None:
        mistakes.append(f"{path}: knowledge.folder: {folder} has no .md file; add one or remove the key")
    return settings


def _resolve_identity(
    path: Path, tenant: Tenant, demo: bool, environ: Mapping[str, str], mistakes: list[str]
) -> IdentitySettings:
    """Check the key source and read the key. The keys of a JWKS URL are fetched on first use."""
    identity = tenant.identity
    where = f"{path}: identity."
    sources = [name for name in ("secret_env", "public_key_file", "jwks_url") if getattr(identity, name) is not None]
    if len(sources) != 1:
        mistakes.append(f"{where}secret_env: set exactly one of secret_env, public_key_file and jwks_url")
        return identity
    is_symmetric = identity.secret_env is not None
    if is_symmetric != ("HS256" in identity.algorithms) or (is_symmetric and len(identity.algorithms) > 1):
        mistakes.append(
            f"{where}algorithms: use HS256 alone with secret_env; RS256, PS256, ES256 or EdDSA with a public key"
        )
    if identity.secret_env is not None:
        if demo and tenant.demo_only:
            environ = {identity.secret_env: DEMO_SECRET, **environ}
        secret = read_secret(f"{where}secret_env", identity.secret_env, environ, mistakes)
        if secret == DEMO_SECRET and not demo:
            mistakes.append(f"{where}secret_env: {identity.secret_env} holds the published demo secret; replace it")
        return replace(identity, secret=os.fsencode(secret or ""))
    if identity.jwks_url is not None:
        if not is_https_or_loopback_url(identity.jwks_url):
            mistakes.append(f"{where}jwks_url: must be an https:// URL")
        return identity
    try:
        return replace(identity, public_key=(path.parent / str(identity.public_key_file)).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        mistakes.append(
            f"{where}public_key_file: {identity.public_key_file} cannot be read; the path is relative to this file"
        )
        return identity
