"""The `audit` command: verify a trail. It needs the key of the chain, and nothing else of the service."""

from collections.abc import Callable
from pathlib import Path

import click

from banker.audit.chain import Seal
from banker.audit.file_trail import read_trail
from banker.audit.verify import verify


def audit_command(seal: Callable[[], Seal], redis_url: str | None, redis_timeout_seconds: float = 2.0) -> click.Command:
    """The command for trails that are sealed with `seal()`; `redis_url` is where `--redis` looks."""

    @click.command("audit")
    @click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE…")
    @click.option("--redis", "in_redis", is_flag=True, help="The trail in Redis (BANKER_REDIS_URL) instead of a file.")
    def audit(files: tuple[Path, ...], in_redis: bool) -> None:
        """Say whether an audit trail is whole, or where it was broken; of several files, the oldest first."""
        if bool(files) == in_redis:
            raise click.UsageError("give the trail's FILE, or --redis")
        lines, head = _stream(redis_url, redis_timeout_seconds) if in_redis else _files(files)
        verdict = verify(lines, head, seal())
        if verdict.problem is not None:
            raise click.ClickException(f"broken at line {verdict.line}: {verdict.problem}")
        span = f" from {verdict.first} to {verdict.last}, last hash {verdict.head}" if verdict.entries else ""
        click.echo(f"whole: {verdict.entries} {'entry' if verdict.entries == 1 else 'entries'}{span}")

    return audit


def _files(paths: tuple[Path, ...]) -> tuple[list[str], str | None]:
    lines: list[str] = []
    head = None
    for path in paths:
        try:
            more, head = read_trail(path)
        except OSError as error:
            raise click.ClickException(f"{path}: cannot be read: {error.strerror}") from None
        lines += more
    return lines, head


def _stream(url: str | None, seconds: float) -> tuple[list[str], str | None]:
    if not url:
        raise click.ClickException("BANKER_REDIS_URL is not set")
    import redis

    from banker.audit.redis_trail import read_stream
    from banker.server.redis_client import open_redis

    try:
        return read_stream(open_redis(url, seconds))
    except ValueError:  # whose text may hold the password
        raise click.ClickException("BANKER_REDIS_URL cannot be used") from None
    except redis.RedisError as error:
        raise click.ClickException(f"Redis does not answer: {type(error).__name__}") from None
