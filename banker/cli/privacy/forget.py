"""The `forget` command: delete a user's sessions, and make the user's audit entries unreadable."""

import click
from flask.cli import with_appcontext

from banker.cli.privacy.user_options import note_memory, readable_errors, user_data, user_options
from banker.config.settings import Config
from banker.config.tenant import Tenant


def forget_command(config: Config) -> click.Command:
    """Return the command."""

    @click.command("forget")
    @user_options(config)
    @with_appcontext
    def forget(tenant: Tenant, user_id: str) -> None:
        """End a user's sessions, delete them with their transcripts, and delete the key of the user's audit entries."""
        note_memory(config)
        with readable_errors():
            forgotten = user_data().forget(tenant.tenant_id, user_id)
        sessions = "1 session" if forgotten.sessions == 1 else f"{forgotten.sessions} sessions"
        key = "the key of the audit entries" if forgotten.has_key else "no key, since the audit trail has none"
        click.echo(f"forgotten: {sessions}, and {key}")
        if forgotten.plain_entries:
            click.echo(f"note: {forgotten.plain_entries} older audit entries are not encrypted; they go with pruning")

    return forget
