"""The `check` command: validate the configuration."""

import click

from banker.config.settings import Config


def check_command(config: Config) -> click.Command:
    """Return the command. An invalid setting already stops the app from loading; what remains are the avatars."""

    @click.command("check")
    def check() -> None:
        """Validate the configuration and the avatars' pictures, and list every mistake."""
        mistakes = _avatar_mistakes(config)
        if mistakes:
            raise click.ClickException("\n".join(mistakes))
        for line in _safety_notes(config):
            click.echo(line)
        click.echo(f"ok: {len(config.tenants)} tenant(s): {', '.join(config.tenants)}")

    return check


def _safety_notes(config: Config) -> list[str]:
    """Return a line for each number that a customer in danger would need, and for each package that is missing."""
    from banker.agents.safety import load_safety_topics

    notes = [
        f"note: {config.folder / 'tenants' / tenant.tenant_id}.toml: safety.{name}: is missing; set the number to call"
        for tenant in config.tenants.values()
        for name in ("emergency_number", "fraud_number")
        if not config.demo and getattr(tenant.safety, name) is None
    ]
    topics = load_safety_topics()
    if topics is None:
        notes.append("note: safety topics are not recognised; install the extra [speech]")
    elif not topics.has_encoder:
        notes.append("note: safety topics are recognised by spelling alone; install the extra [speech]")
    return notes


def _avatar_mistakes(config: Config) -> list[str]:
    from banker.rtc.facade import load_avatar
    from banker.rtc.video.avatar import AvatarError

    mistakes: list[str] = []
    for tenant in config.tenants.values():
        try:
            if tenant.config.avatar_enabled:
                load_avatar(config, tenant)
        except AvatarError as error:
            mistakes += error.mistakes
    return list(dict.fromkeys(mistakes))  # several tenants may share an avatar
