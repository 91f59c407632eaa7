"""Options that several commands have."""

from collections.abc import Callable
from typing import Any

import click

from banker.config.settings import Config
from banker.config.tenant import Tenant


def tenant_option(config: Config, help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a required option `--tenant` that passes the configured `Tenant` of this id as the argument `tenant`."""

    def find(context: click.Context, parameter: click.Parameter, tenant_id: str) -> Tenant:
        tenant = config.tenants.get(tenant_id)
        if tenant is None:
            raise click.ClickException(f"there is no tenant {tenant_id!r}; there are: {', '.join(config.tenants)}")
        return tenant

    return click.option("--tenant", required=True, metavar="ID", callback=find, help=help_text)
