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
        click.echo(f"ok: {len(config.tenants)} tenant(s): {', '.join(config.tenants)}")

    return check


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
