"""Loads `banker.toml` with its overrides from the environment."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from banker.config import agent as agent_settings
from banker.config import speech as speech_settings
from banker.config.dataclass_schema import read
from banker.config.settings import IceSettings, MetricsSettings, ServiceSettings, WebhookSettings
from banker.config.sources import environment_overrides, read_secret, read_toml


def load_service(path: Path, demo: bool, environ: Mapping[str, str], mistakes: list[str]) -> ServiceSettings:
    """Return the settings of the service, and append its mistakes to a list. Wrong values get their defaults."""
    values = read_toml(path, mistakes, optional=True) or {}
    sections_in_file = set(values)
    overrides = environment_overrides(environ)
    for section, entries in overrides.items():
        present = values.setdefault(section, {})
        if isinstance(present, dict):
            present.update(entries)
    if demo:
        _apply_demo_defaults(values, overrides)
    media = values.get("media")
    if isinstance(media, dict) and type(media.get("port_range")) is int:  # a single port may be a number without quotes
        media["port_range"] = str(media["port_range"])
    found, lines = read(ServiceSettings, values)
    mistakes += [_locate(line, path, sections_in_file, overrides) for line in lines]
    service = found or ServiceSettings()
    if service.server.max_sockets >= service.server.threads:
        mistakes.append(
            f"{path}: server.max_sockets: must be below server.threads, so that threads are left for other requests"
        )
    agent_mistakes: list[str] = []
    agent = agent_settings.resolve(f"{path}: agent.", service.agent, environ, agent_mistakes)
    if agent_mistakes:  # tenants inherit the section, but must not repeat its mistakes
        mistakes += agent_mistakes
        agent = agent_settings.AgentSettings()
    return replace(
        service,
        ice=_resolve_ice(path, service.ice, environ, mistakes),
        metrics=_resolve_metrics(path, service.metrics, environ, mistakes),
        webhook=_resolve_webhook(path, service.webhook, environ, mistakes),
        agent=agent,
        speech=speech_settings.resolve(f"{path}: speech.", service.speech, environ, mistakes),
    )


def _apply_demo_defaults(values: dict[str, Any], overrides: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep no audit file unless the environment names one, and allow calls from the same machine."""
    if "file" not in overrides.get("audit", {}) and isinstance(values.get("audit"), dict):
        values["audit"].pop("file", None)
    if isinstance(values.setdefault("media", {}), dict):
        values["media"].setdefault("allow_private_candidates", True)


def _locate(line: str, path: Path, sections_in_file: set[str], overrides: Mapping[str, Mapping[str, Any]]) -> str:
    """Prefix a line `section.entry: fix` with the place to fix: the environment variable that set it, or the file."""
    name, _, fix = line.partition(": ")
    section = name.partition(".")[0]
    for entry in overrides.get(section, {}):
        is_whole_section = name == section and section not in sections_in_file
        if is_whole_section or name == f"{section}.{entry}" or name.startswith(f"{section}.{entry}."):
            return f"environment: BANKER_{section.upper()}__{entry.upper()}: {fix}"
    return f"{path}: {line}"


def _resolve_ice(path: Path, ice: IceSettings, environ: Mapping[str, str], mistakes: list[str]) -> IceSettings:
    if any(url.startswith("turn") for url in ice.urls) and ice.secret_env is None:
        mistakes.append(
            f"{path}: ice.secret_env: is missing; set it to the variable that holds coturn's static-auth-secret"
        )
    return replace(ice, secret=read_secret(f"{path}: ice.secret_env", ice.secret_env, environ, mistakes, min_bytes=1))


def _resolve_metrics(
    path: Path, metrics: MetricsSettings, environ: Mapping[str, str], mistakes: list[str]
) -> MetricsSettings:
    if not metrics.enabled:
        return metrics
    if find_spec("prometheus_client") is None:
        mistakes.append(f"{path}: metrics.enabled: needs the package of requirements-metrics.txt; install it")
    return replace(metrics, token=read_secret(f"{path}: metrics.token_env", metrics.token_env, environ, mistakes))


def _resolve_webhook(
    path: Path, webhook: WebhookSettings, environ: Mapping[str, str], mistakes: list[str]
) -> WebhookSettings:
    if webhook.url is None:
        return webhook
    if webhook.secret_env is None:
        mistakes.append(f"{path}: webhook.secret_env: is missing; set it to the variable that holds the signing secret")
    return replace(webhook, secret=read_secret(f"{path}: webhook.secret_env", webhook.secret_env, environ, mistakes))
