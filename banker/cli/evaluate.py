"""The `evaluate` command: how well a tenant's agent understands a list of labelled utterances."""

import json
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from banker.cli.options import tenant_option
from banker.config.settings import Config
from banker.config.tenant import Tenant


def evaluate_command(config: Config) -> click.Command:
    """Return the command."""

    @click.command("evaluate")
    @tenant_option(config, "The tenant whose agent is evaluated; the first if left out.", required=False)
    @click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
    @click.argument("file")
    @with_appcontext
    def evaluate(tenant: Tenant, as_json: bool, file: str) -> None:
        """Evaluate what the agent understands. FILE (- for standard input) begins with label<TAB>utterance."""
        from banker.agents.scripted.skills.loading import load_understanding
        from banker.cli import evaluation

        allowed = tenant.config.allowed_tools
        try:
            rows = evaluation.read_labelled(_read(file), "standard input" if file == "-" else file)
            loaded = load_understanding(config.skills_path, current_app.extensions["banker"].toolbox.specs(allowed))
        except (ValueError, ImportError) as error:
            raise click.ClickException(str(error)) from None
        findings = evaluation.evaluate(rows, loaded.model.understand, loaded.skills, allowed)
        if as_json:
            click.echo(json.dumps(evaluation.as_json(findings), ensure_ascii=False, indent=2))
        else:
            click.echo("\n".join(evaluation.report(findings, loaded.skills)))

    return evaluate


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: cannot be read: {error.strerror}") from None
