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
        """Evaluate what the banker does with first utterances, listed in FILE (- for standard input).

        FILE begins with the line label<TAB>utterance. A label is a skill, the topic of a knowledge page, a safety topic
        or "none"; several are joined by "|".
        """
        from banker.cli.evaluation import report
        from banker.cli.evaluation.first_turn import FirstTurns
        from banker.cli.evaluation.labelled import read_labelled

        try:
            rows = read_labelled(_read(file), "standard input" if file == "-" else file)
            turns = FirstTurns(config, tenant, current_app.extensions["banker"].toolbox)
        except (ValueError, ImportError) as error:
            raise click.ClickException(str(error)) from None
        findings = report.evaluate(rows, turns.play)
        if as_json:
            click.echo(json.dumps(report.as_json(findings), ensure_ascii=False, indent=2))
        else:
            click.echo("\n".join(report.report(findings, turns.skills)))

    return evaluate


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: cannot be read: {error.strerror}") from None
