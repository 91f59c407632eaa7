"""The `prune` command: delete audit entries after their retention time."""

import time

import click
from flask.cli import with_appcontext

from banker.audit.private_trail import TrailBroken
from banker.cli.privacy.user_options import readable_errors, user_data
from banker.config.settings import Config

DAY_S = 24 * 3600


def prune_command(config: Config) -> click.Command:
    """Return the command."""

    @click.command("prune")
    @click.option("--days", required=True, type=click.IntRange(1), help="How long entries are kept.")
    @with_appcontext
    def prune(days: int) -> None:
        """Delete audit entries that are older than this, and the keys of users without entries.

        A trail in files loses whole rotated files, the oldest first. The rest still verifies.
        """
        if config.redis_url is None and not config.audit.file:
            raise click.ClickException("no audit trail is configured: neither audit.file nor BANKER_REDIS_URL is set")
        with readable_errors():
            try:
                pruned = user_data().prune(time.time() - days * DAY_S)
            except TrailBroken as error:
                raise click.ClickException(f"nothing was deleted: the trail is {error}") from None
        click.echo(f"deleted: {pruned.entries} entries, {pruned.keys} keys of users without entries")

    return prune
