"""What `export` and `forget` share: options for the user, a note about unreachable sessions, and readable errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import current_app

from banker.cli.options import tenant_option
from banker.config.settings import Config
from banker.errors import ApiError
from banker.sessions.store import RETENTION_S
from banker.sessions.user_data import UserData


def user_options(config: Config) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the options `--user` and `--tenant`. `--tenant` may be omitted if only one tenant is configured."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        tenant = tenant_option(config, "The tenant of the user.", required=len(config.tenants) > 1)
        user = click.option("--user", "user_id", required=True, metavar="ID", help="The user's id.")
        return user(tenant(command))

    return add


def user_data() -> UserData:
    """Return the access of the app's banker to the data of its users."""
    data: UserData = current_app.extensions["banker"].user_data
    return data


def note_memory(config: Config) -> None:
    """Warn on stderr that sessions in the memory of a running service are not reached.

    If nothing else is stored, end the command.
    """
    if config.redis_url is not None:
        return
    if not config.audit.file:
        raise click.ClickException(
            "nothing is stored outside the memory of the running service: neither BANKER_REDIS_URL nor audit.file is "
            f"set. Call banker.user_data there; sessions are deleted after {_longest_minutes(config)} minutes"
        )
    click.echo(
        "note: sessions in the memory of a running service are not reached: call banker.user_data there, or wait "
        f"{_longest_minutes(config)} minutes until they are deleted",
        err=True,
    )


def _longest_minutes(config: Config) -> int:
    longest = max(tenant.config.policy.max_session_duration_minutes for tenant in config.tenants.values())
    return longest + RETENTION_S // 60


@contextmanager
def readable_errors() -> Iterator[None]:
    """End the command with one line if the store or the trail cannot be read or written."""
    try:
        yield
    except ApiError as error:
        raise click.ClickException(error.message) from None
    except OSError as error:
        raise click.ClickException(f"the audit trail cannot be used: {error.strerror}") from None
    except click.ClickException:
        raise
    except Exception as error:  # from redis-py or SQLite, whose texts may contain a password or a path
        raise click.ClickException(f"the audit trail cannot be used: {type(error).__name__}") from None
