"""The `token` command: issue a token of a tenant that signs with a shared secret."""

import click

from banker.cli.options import tenant_option
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.identity import mint


def token_command(config: Config) -> click.Command:
    """Return the command."""

    @click.command("token")
    @tenant_option(config, "The tenant; the environment must hold its secret.")
    @click.option("--user", "user_id", required=True, metavar="ID", help="The user: the token's `sub`.")
    @click.option("--service", is_flag=True, help="Print a bearer for a back end (scope banker:sessions).")
    @click.option(
        "--minutes", default=60, show_default=True, type=click.IntRange(1, 1440), help="The lifetime of the token."
    )
    def token(tenant: Tenant, user_id: str, service: bool, minutes: int) -> None:
        """Print a signed token: a user's own, which is both bearer and assertion, or a back end's bearer."""
        try:
            click.echo(mint(tenant, user_id, scope="banker:sessions" if service else None, lifetime=minutes * 60))
        except ValueError as error:
            raise click.ClickException(str(error)) from None

    return token
