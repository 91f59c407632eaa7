"""The `intents` command: evaluate how well a tenant's agent recognises the intents of a list of utterances."""

import json
import sys
from pathlib import Path

import click

from banker.cli.options import tenant_option
from banker.config.settings import Config
from banker.config.tenant import Tenant


def intents_command(config: Config) -> click.Command:
    """Return the command."""

    @click.command("intents")
    @tenant_option(config, "The tenant whose agent is evaluated.")
    @click.option("--json", "as_json", is_flag=True, help="Print the results as a JSON list.")
    @click.argument("file")
    def intents(tenant: Tenant, as_json: bool, file: str) -> None:
        """Evaluate the intent recognition. FILE (- for standard input) starts with the header intent<TAB>utterance."""
        from banker.agents.registry import UnderstandingUnavailable, train_recogniser
        from banker.cli import intent_evaluation

        try:
            cases = intent_evaluation.read_cases(_read(file), "standard input" if file == "-" else file)
            recognise = train_recogniser(tenant.agent.examples)
            results = intent_evaluation.evaluate(cases, recognise, tenant.config.allowed_tools)
        except (ValueError, UnderstandingUnavailable) as error:
            raise click.ClickException(str(error)) from None
        if as_json:
            click.echo(json.dumps(intent_evaluation.as_json(results), ensure_ascii=False, indent=2))
        else:
            click.echo("\n".join(intent_evaluation.report(results)))

    return intents


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: cannot be read: {error.strerror}") from None
