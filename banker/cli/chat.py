"""The `chat` command: talk with a tenant's agent in the terminal."""

import asyncio
import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from banker.cli.options import tenant_option
from banker.config.settings import Config
from banker.config.tenant import Tenant


def chat_command(config: Config) -> click.Command:
    """Return the command."""

    @click.command("chat")
    @tenant_option(config, "The tenant whose agent answers.")
    @click.option("--user", "user_id", default="operator", show_default=True, metavar="ID", help="The user's id.")
    @click.option("--account", "account_id", metavar="ID", help="The account on the user's screen (portal_context).")
    @with_appcontext
    def chat(tenant: Tenant, user_id: str, account_id: str | None) -> None:
        """Talk with a tenant's banker in the terminal, tools and confirmations included; Ctrl-D ends."""
        from banker.cli.local_conversation import local_conversation
        from banker.cli.terminal import Terminal, run_chat

        toolbox = current_app.extensions["banker"].toolbox
        context = {"account_id": account_id} if account_id else {}

        async def run() -> None:
            terminal = Terminal(lambda text, dim: click.secho(text, dim=dim))
            conversation = await local_conversation(config, toolbox, tenant, user_id, context, terminal)
            await run_chat(conversation, terminal, sys.stdin)

        asyncio.run(run())

    return chat
