"""The `export` command: write everything that is stored about a user."""

import json
import os
from pathlib import Path

import click
from flask.cli import with_appcontext

from banker.cli.privacy.user_options import note_memory, readable_errors, user_data, user_options
from banker.config.settings import Config
from banker.config.tenant import Tenant


def export_command(config: Config) -> click.Command:
    """Return the command."""

    @click.command("export")
    @user_options(config)
    @click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="A new file; otherwise stdout.")
    @with_appcontext
    def export(tenant: Tenant, user_id: str, output: Path | None) -> None:
        """Write everything that is held about a user as JSON: sessions, transcripts, consent, audit entries."""
        note_memory(config)
        with readable_errors():
            text = json.dumps(user_data().export(tenant.tenant_id, user_id), ensure_ascii=False, indent=2) + "\n"
        if output is None:
            click.echo(text, nl=False)
            return
        try:
            with open(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise click.ClickException(f"{output}: cannot be written: {error.strerror}") from None

    return export
