"""The `flask banker` commands, thin: each calls what the house has already."""

import asyncio
import json
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from banker.audit import seal_of
from banker.cli.audit import audit_command
from banker.config.settings import Config, Tenant
from banker.identity import mint


def commands(config: Config) -> AppGroup:
    """The group, for the app of this configuration; a wrong configuration is told before there is an app."""
    group = AppGroup("banker", help="Virtual Banker: check, make tokens, tune a banker, verify the audit trail.")

    @group.command("check")
    def check() -> None:
        """Validate the whole configuration, the avatars' pictures too, and list every mistake."""
        mistakes = _avatars_mistakes(config)
        if mistakes:
            raise click.ClickException("\n".join(mistakes))
        click.echo(f"ok: {len(config.tenants)} tenant(s): {', '.join(config.tenants)}")

    @group.command("token")
    @click.option("--tenant", "tenant_id", required=True, help="The tenant; its secret is in the environment.")
    @click.option("--user", "user_id", required=True, help="The user: the token's `sub`.")
    @click.option(
        "--service", is_flag=True, help="A back end's bearer (scope banker:sessions) instead of a user's own."
    )
    @click.option("--minutes", default=60, show_default=True, type=click.IntRange(1, 1440), help="How long it lives.")
    def token(tenant_id: str, user_id: str, service: bool, minutes: int) -> None:
        """Print a signed token: a user's own, which is bearer and assertion in one, or a back end's bearer."""
        tenant = _tenant(config, tenant_id)
        try:
            click.echo(mint(tenant, user_id, scope="banker:sessions" if service else None, lifetime=minutes * 60))
        except ValueError as error:
            raise click.ClickException(str(error)) from None

    @group.command("intents")
    @click.option("--tenant", "tenant_id", required=True, help="The tenant whose banker is tried.")
    @click.option("--json", "as_json", is_flag=True, help="Print a list of JSON objects instead.")
    @click.argument("file")
    def intents(tenant_id: str, as_json: bool, file: str) -> None:
        """Try what a banker understands. FILE (- for standard input) has the header intent<TAB>utterance."""
        from banker.agents.registry import UnderstandingUnavailable, understanding
        from banker.cli import intents_report as tuning

        tenant = _tenant(config, tenant_id)
        try:
            cases = tuning.read_cases(_content(file), "standard input" if file == "-" else file)
            recognise = understanding(tenant.agent.examples)
            findings = tuning.judge(cases, recognise, tenant.config.allowed_tools)
        except (ValueError, UnderstandingUnavailable) as error:
            raise click.ClickException(str(error)) from None
        if as_json:
            click.echo(json.dumps(tuning.as_json(findings), ensure_ascii=False, indent=2))
        else:
            click.echo("\n".join(tuning.report(findings)))

    @group.command("chat")
    @click.option("--tenant", "tenant_id", required=True, help="The tenant whose banker talks.")
    @click.option("--user", "user_id", default="operator", show_default=True, help="The user who it talks with.")
    @click.option("--account", "account_id", help="The account on the user's screen (portal_context).")
    def chat(tenant_id: str, user_id: str, account_id: str | None) -> None:
        """Talk with a tenant's banker in the terminal, tools and confirmations included; Ctrl-D ends."""
        from banker.cli.chat import Terminal
        from banker.cli.chat import chat as talk
        from banker.cli.local_conversation import local_conversation

        tenant = _tenant(config, tenant_id)
        banker = current_app.extensions["banker"]
        context = {"account_id": account_id} if account_id else {}

        async def run() -> None:
            terminal = Terminal(lambda text, dim: click.secho(text, dim=dim))
            conversation = await local_conversation(config, banker.toolbox, tenant, user_id, context, terminal)
            await talk(conversation, terminal, sys.stdin)

        asyncio.run(run())

    group.add_command(audit_command(lambda: seal_of(config), config.redis_url, config.sessions.redis_timeout_seconds))
    return group


def _avatars_mistakes(config: Config) -> list[str]:
    from banker.rtc.facade import load_avatar
    from banker.rtc.video.avatar import AvatarError

    mistakes: list[str] = []
    for tenant in config.tenants.values():
        try:
            if tenant.config.avatar_enabled:
                load_avatar(config, tenant)
        except AvatarError as error:
            mistakes += error.mistakes
    return list(dict.fromkeys(mistakes))  # once, however many tenants have the same


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: cannot be read: {error.strerror}") from None


def _tenant(config: Config, tenant_id: str) -> Tenant:
    tenant = config.tenants.get(tenant_id)
    if tenant is None:
        raise click.ClickException(f"there is no tenant {tenant_id!r}; there are: {', '.join(config.tenants)}")
    return tenant
