"""Loads the avatar of each tenant: from the configuration folder or, failing that, from the package."""

import logging

from banker.config.loading import DEFAULT_FOLDER
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.rtc.video.avatar import Avatar, AvatarError

log = logging.getLogger(__name__)


def load_avatars(config: Config) -> dict[str, Avatar]:
    """Return the avatar of each tenant that shows one, by tenant. Unusable ones are logged and left out. Blocking."""
    avatars = {}
    for tenant in config.tenants.values():
        if not tenant.config.avatar_enabled:
            continue
        try:
            avatars[tenant.tenant_id] = load_avatar(config, tenant)
        except (AvatarError, OSError) as error:
            log.error("tenant %s has no avatar: %s", tenant.tenant_id, error)
    return avatars


def load_avatar(config: Config, tenant: Tenant) -> Avatar:
    """Return a tenant's avatar. Blocking. Raises `AvatarError`, and `OSError` for unreadable files."""
    folder = config.folder / "avatars" / tenant.avatar
    if not folder.exists():
        folder = DEFAULT_FOLDER / "avatars" / tenant.avatar
    return Avatar.load(folder, tenant.config.theme.get("primaryColor", "#0066cc"))


def load_portrait(config: Config, tenant: Tenant) -> bytes | None:
    """Return a PNG of the tenant's banker; None if the tenant shows none or its avatar is unusable. Blocking."""
    if not tenant.config.avatar_enabled:
        return None
    try:
        return load_avatar(config, tenant).portrait()
    except (AvatarError, OSError):
        return None  # logged when the media start
