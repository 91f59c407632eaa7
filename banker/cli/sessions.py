"""The `sessions` command: list who is in a conversation, since when and where."""

import json

import click
from flask import current_app
from flask.cli import with_appcontext

from banker.cli.options import require_shared_sessions
from banker.config.settings import Config
from banker.errors import ApiError
from banker.sessions import Session
from banker.timestamps import rfc3339


def sessions_command(config: Config) -> click.Command:
    """Return the command."""

    @click.command("sessions")
    @click.option("--tenant", "tenant_id", type=click.Choice(list(config.tenants)), help="The sessions of one tenant.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, with the expiry.")
    @with_appcontext
    def sessions(tenant_id: str | None, as_json: bool) -> None:
        """List the live sessions: who, since when, where and in which state, without what was said.

        WORKER is the last one that had the call, as host and process id.
        """
        require_shared_sessions(config)
        try:
            found = current_app.extensions["banker"].sessions.live()
        except ApiError as error:
            raise click.ClickException(error.message) from None
        live = [session for session in found if tenant_id in (None, session.tenant_id)]
        if as_json:
            click.echo(json.dumps([_as_json(session) for session in live], indent=2))
        elif live:
            _print_table([_HEADINGS, *map(_row, live)])
        else:
            click.echo("No live sessions.")

    return sessions


_HEADINGS = ("SESSION", "TENANT", "USER", "STATE", "SINCE", "WORKER")


def _as_json(session: Session) -> dict[str, str | None]:
    return {
        "session_id": session.session_id,
        "tenant_id": session.tenant_id,
        "user_id": session.user_id,
        "state": session.state,
        "created_at": rfc3339(session.created_at),
        "expires_at": rfc3339(session.expires_at),
        "worker": session.worker,
    }


def _row(session: Session) -> tuple[str, ...]:
    since = rfc3339(session.created_at)
    return session.session_id, session.tenant_id, session.user_id, session.state, since, session.worker or "-"


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Print columns of equal width, without terminal control characters, which a user id may contain."""
    shown = [["".join(c if c.isprintable() else "?" for c in cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
