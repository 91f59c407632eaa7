"""Run `python -m banker.cli audit FILE…` on a host that has BANKER_SECRET_KEY and no configuration."""

import os

import click

from banker.audit.chain import Seal
from banker.cli.audit import audit_command


def _seal() -> Seal:
    key = os.fsencode(os.environ.get("BANKER_SECRET_KEY", ""))
    if not key:
        raise click.ClickException("BANKER_SECRET_KEY is not set; it must be the key that the trail was written with")
    return Seal(key)


if __name__ == "__main__":
    group = click.Group(help="Commands that need no configuration.")
    group.add_command(audit_command(_seal, os.environ.get("BANKER_REDIS_URL")))
    group(prog_name="python -m banker.cli")
