"""The `test` command: play talks with the tenants' agents and report differences from the expected replies."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from banker.config.settings import Config
from banker.config.tenant import Tenant

DEFAULT_USER = "demo-customer"
"""The default user of a talk: the customer of the demo bank."""


def talks_command(config: Config) -> click.Command:
    """Return the command."""

    @click.command("test")
    @click.argument("files", nargs=-1, required=True, metavar="FILE.toml...")
    @click.option("--verbose", "-v", is_flag=True, help="Print every turn.")
    @with_appcontext
    def test(files: tuple[str, ...], verbose: bool) -> None:
        """Play the talks in the files with the banker; print what differs and fail if anything does."""
        from banker.agents.tenant_agents import build_tenant_agents
        from banker.cli.conversation_tests.player import play, report
        from banker.cli.conversation_tests.talk_files import read_talks

        try:
            talks = [(file, talk) for file in files for talk in read_talks(Path(file))]
            tenants = [_tenant(config, file, talk.tenant) for file, talk in talks]
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        banker = current_app.extensions["banker"]
        toolbox = banker.toolbox
        agents = build_tenant_agents(config, toolbox)
        failed = 0
        for (file, talk), tenant in zip(talks, tenants, strict=True):
            agent = agents[tenant.tenant_id]
            with ExitStack() as contexts:
                for context in banker.talk_contexts:
                    contexts.enter_context(context())
                played = asyncio.run(play(talk, config, toolbox, tenant, talk.user or DEFAULT_USER, agent))
            lines, differing = report(talk, played, toolbox, verbose=verbose)
            failed += differing
            if lines:
                click.echo("\n".join([f"{file}: {talk.name}", *lines]))
        turns = sum(len(talk.turn) for _, talk in talks)
        if failed:
            raise click.ClickException(f"{failed} of {turns} turns in {len(talks)} talks differ")
        click.echo(f"ok: {len(talks)} talks, {turns} turns")

    return test


def _tenant(config: Config, file: str, tenant_id: str | None) -> Tenant:
    """Return the tenant of a talk: the named one, or the first. Raises `ValueError`."""
    if tenant_id is None:
        return next(iter(config.tenants.values()))
    if tenant_id not in config.tenants:
        raise ValueError(f"{file}: tenant: unknown tenant {tenant_id!r}; known ones: {', '.join(config.tenants)}")
    return config.tenants[tenant_id]
