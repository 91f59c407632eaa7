"""The `audit` command: verify an audit trail. It needs the secret key, but no other configuration."""

from collections.abc import Callable
from pathlib import Path

import click

from banker.audit.chain import Seal
from banker.audit.file_trail import read_start_line, read_trail
from banker.audit.verify import Verdict, verify


def audit_command(seal: Callable[[], Seal], redis_url: str | None, redis_timeout_seconds: float = 2.0) -> click.Command:
    """Return the command for trails that are sealed with `seal()`. `--redis` reads the trail at `redis_url`."""

    @click.command("audit")
    @click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE…")
    @click.option("--redis", "in_redis", is_flag=True, help="The trail in Redis (BANKER_REDIS_URL) instead of a file.")
    def audit(files: tuple[Path, ...], in_redis: bool) -> None:
        """Verify an audit trail and print where it is broken. Name several files with the oldest first."""
        if bool(files) == in_redis:
            raise click.UsageError("name the FILE of the trail, or use --redis")
        verdict = _verify_redis(redis_url, redis_timeout_seconds, seal()) if in_redis else _verify_files(files, seal())
        if verdict.problem is not None:
            raise click.ClickException(f"broken at line {verdict.line}: {verdict.problem}")
        span = f" from {verdict.first} to {verdict.last}, last hash {verdict.head}" if verdict.entries else ""
        click.echo(f"intact: {verdict.entries} {'entry' if verdict.entries == 1 else 'entries'}{span}")

    return audit


def _verify_files(paths: tuple[Path, ...], seal: Seal) -> Verdict:
    lines: list[str] = []
    head = start = None
    for path in paths:
        try:
            more, head = read_trail(path)
            start = read_start_line(path)
        except OSError as error:
            raise click.ClickException(f"{path}: cannot be read: {error.strerror}") from None
        lines += more
    return verify(lines, head, seal, start)


def _verify_redis(url: str | None, timeout: float, seal: Seal) -> Verdict:
    if not url:
        raise click.ClickException("BANKER_REDIS_URL is not set")
    import redis

    from banker.audit.redis_trail import verify_stream
    from banker.server.redis import RedisUrlError, open_redis

    try:
        return verify_stream(open_redis(url, timeout), seal)
    except RedisUrlError as error:
        raise click.ClickException(f"BANKER_REDIS_URL {error}") from None
    except redis.RedisError as error:
        raise click.ClickException(f"Redis does not answer: {type(error).__name__}") from None
