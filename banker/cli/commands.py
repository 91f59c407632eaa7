"""Assemble the `flask banker` command group."""

from flask.cli import AppGroup

from banker.audit import seal_of
from banker.cli.audit import audit_command
from banker.cli.chat import chat_command
from banker.cli.check import check_command
from banker.cli.conversation_tests.command import talks_command
from banker.cli.end import end_command
from banker.cli.evaluation.command import evaluate_command
from banker.cli.privacy.export import export_command
from banker.cli.privacy.forget import forget_command
from banker.cli.privacy.prune import prune_command
from banker.cli.sessions import sessions_command
from banker.cli.token import token_command
from banker.config.settings import Config


def commands(config: Config) -> AppGroup:
    """Return the command group of an app with this configuration."""
    group = AppGroup(
        "banker",
        help="Check the configuration, mint tokens, try the agent, end sessions, verify the trail, forget users.",
    )
    group.add_command(check_command(config))
    group.add_command(token_command(config))
    group.add_command(evaluate_command(config))
    group.add_command(talks_command(config))
    group.add_command(chat_command(config))
    group.add_command(sessions_command(config))
    group.add_command(end_command(config))
    group.add_command(audit_command(lambda: seal_of(config), config.redis_url, config.sessions.redis_timeout_seconds))
    group.add_command(prune_command(config))
    group.add_command(export_command(config))
    group.add_command(forget_command(config))
    return group
