"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

from banker.config.settings import Config
from banker.config.tenant import Tenant


def tenant_option(
    config: Config, help_text: str, *, required: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return an option `--tenant` that passes the configured `Tenant` of this id as the argument `tenant`.

    If it is not `required`, it may be omitted and defaults to the first tenant.
    """

    def find(context: click.Context, parameter: click.Parameter, tenant_id: str | None) -> Tenant:
        tenant = next(iter(config.tenants.values())) if tenant_id is None else config.tenants.get(tenant_id)
        if tenant is None:
            raise click.ClickException(f"unknown tenant {tenant_id!r}; known ones: {', '.join(config.tenants)}")
        return tenant

    return click.option("--tenant", required=required, metavar="ID", callback=find, help=help_text)


def require_shared_sessions(config: Config) -> None:
    """End the command if sessions are in the memory of the service, which other processes cannot see."""
    if config.redis_url is None:
        raise click.ClickException(
            "sessions are in the memory of the running service, which this command cannot see; "
            "set BANKER_REDIS_URL for both, or call banker.end_sessions() in the application"
        )
