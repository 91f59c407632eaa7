"""The `end` command: end one session, or all sessions of a user, on any worker or host."""

import click
from flask import current_app
from flask.cli import with_appcontext

from banker.cli.options import require_shared_sessions
from banker.config.settings import Config
from banker.errors import ApiError
from banker.sessions import Session, Sessions, is_session_id


def end_command(config: Config) -> click.Command:
    """Return the command."""

    @click.command("end")
    @click.argument("session_id", metavar="[SESSION]", required=False)
    @click.option("--user", "user_id", metavar="ID", help="End all sessions of this user.")
    @click.option("--tenant", "tenant_id", type=click.Choice(list(config.tenants)), help="The user's tenant.")
    @with_appcontext
    def end(session_id: str | None, user_id: str | None, tenant_id: str | None) -> None:
        """End a SESSION, or those of a user, as `flask banker sessions` lists them.

        The media stop within a second, and the audit trail records the reason "operator". Exits with 1 if no live
        session was found.
        """
        if (session_id is None) == (user_id is None):
            raise click.UsageError("name the SESSION, or the user: --user ID")
        if session_id is not None and tenant_id is not None:
            raise click.UsageError("--tenant belongs to --user")
        require_shared_sessions(config)
        sessions: Sessions = current_app.extensions["banker"].sessions
        try:
            if session_id is not None:
                _end_one(sessions, session_id)
            elif user_id is not None:
                _end_of_user(sessions, [tenant_id] if tenant_id else list(config.tenants), user_id)
        except ApiError as error:
            raise click.ClickException(error.message) from None

    return end


def _end_one(sessions: Sessions, session_id: str) -> None:
    if not is_session_id(session_id):
        raise click.ClickException(f"{session_id!r} is not the id of a session")
    try:
        session = sessions.recall(session_id)
        sessions.require_live(session)
    except ApiError as error:
        if error.status != 404:
            raise
        sessions.end_call(session_id, "operator")
        raise click.ClickException(
            f"{session_id} is not a live session. Should a worker still have its call, that ends now."
        ) from None
    _end(sessions, session)


def _end_of_user(sessions: Sessions, tenant_ids: list[str], user_id: str) -> None:
    live = [session for tenant_id in tenant_ids for session in sessions.live_of(tenant_id, user_id)]
    if not live:
        raise click.ClickException(f"the user {user_id!r} has no live session at {', '.join(tenant_ids)}")
    for session in live:
        _end(sessions, session)


def _end(sessions: Sessions, session: Session) -> None:
    sessions.end(session.session_id, "operator")
    click.echo(f"ended {session.session_id} of the user {session.user_id!r} at {session.tenant_id}")
