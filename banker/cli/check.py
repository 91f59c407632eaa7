"""The `check` command: validate the configuration."""

import click
from flask import current_app
from flask.cli import with_appcontext

from banker.config.settings import Config


def check_command(config: Config) -> click.Command:
    """Return the command.

    Mistakes in the files already stop the app from loading. This command adds the emergency numbers, the tools and the
    avatars.
    """

    @click.command("check")
    @with_appcontext
    def check() -> None:
        """Validate the configuration, the tools, the avatars' pictures and the storage, and list every mistake."""
        from banker.agents.tool_checks import tool_mistakes
        from banker.sessions.backends import storage_mistakes

        toolbox = current_app.extensions["banker"].toolbox
        mistakes = _missing_numbers(config) + tool_mistakes(config, toolbox) + _avatar_mistakes(config)
        mistakes += storage_mistakes(config)
        if mistakes:
            raise click.ClickException("\n".join(mistakes))
        for line in _safety_notes():
            click.echo(line)
        click.echo(f"ok: {len(config.tenants)} tenant(s): {', '.join(config.tenants)}")

    return check


def _missing_numbers(config: Config) -> list[str]:
    """Return a line for each missing number that a customer in danger would need. The demo needs none."""
    return [
        f"{config.folder / 'tenants' / tenant.tenant_id}.toml: safety.{name}: is missing; set the number to call"
        for tenant in config.tenants.values()
        for name in ("emergency_number", "fraud_number")
        if not config.demo and getattr(tenant.safety, name) is None
    ]


def _safety_notes() -> list[str]:
    """Return a line for each missing package of the safety topics."""
    from banker.agents.safety import load_safety_topics

    topics = load_safety_topics()
    if topics is None:
        return ["note: safety topics are not recognised; install the extra [speech]"]
    if not topics.has_encoder:
        return ["note: safety topics are recognised by spelling alone; install the extra [speech]"]
    return []


def _avatar_mistakes(config: Config) -> list[str]:
    from banker.rtc.video.avatar import AvatarError
    from banker.rtc.video.avatar_loading import load_avatar

    mistakes: list[str] = []
    for tenant in config.tenants.values():
        try:
            if tenant.config.avatar_enabled:
                load_avatar(config, tenant)
        except AvatarError as error:
            mistakes += error.mistakes
    return list(dict.fromkeys(mistakes))  # several tenants may share an avatar
