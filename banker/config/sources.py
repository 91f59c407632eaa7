"""Reads configuration values: TOML files, overrides in the environment, and secrets in the environment.

The functions append mistakes to a list, so that one start reports all of them.
"""

import json
import os
import pwd
import re
import stat
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

MIN_SECRET_BYTES = 32
"""The shortest key for HS256 (RFC 7518 section 3.2)."""


def read_toml(path: Path, mistakes: list[str], *, optional: bool = False) -> dict[str, Any] | None:
    """Return the content of a TOML file, or None if it cannot be read. An `optional` file may be missing."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors write a byte order mark
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        mistakes.append(f"{path}: is not valid TOML: {error}")
    except OSError as error:
        if not (optional and isinstance(error, FileNotFoundError)):
            mistakes.append(f"{path}: cannot be read: {error.strerror}")
    return None


def unreadable_folders(folder: Path, names: Collection[str] | None = None) -> list[str]:
    """Return a line for `folder` if it is unreadable, or else for each unreadable folder in it.

    `names` selects the folders in it; by default all.
    """
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            return []
        if os.access(folder, os.R_OK | os.X_OK, effective_ids=True):
            inner = [entry for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")]
            counted = sorted(entry.path for entry in inner if names is None or entry.name in names)
            return [line for path in counted for line in unreadable_folders(Path(path))]
    except PermissionError:
        pass
    except OSError:  # it does not exist, or no longer
        return []
    return [f"{folder}: cannot be read by the user {_user_name()}; let that user read it and enter it (chmod, chown)"]


def _user_name() -> str:
    """Return the name of the user of this process, or the number in a container without names."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def environment_overrides(environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return overrides of `banker.toml` by section.

    `BANKER_LIMITS__TENANT_PER_MINUTE=6000` is read like Flask's `from_prefixed_env` does: as JSON, or else as a string.
    """
    sections: dict[str, dict[str, Any]] = {}
    for name, text in environ.items():
        section, separator, entry = name.removeprefix("BANKER_").partition("__")
        if not name.startswith("BANKER_") or not separator:
            continue
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        sections.setdefault(section.lower(), {})[entry.lower()] = value
    return sections


def read_secret(
    where: str,
    name: str | None,
    environ: Mapping[str, str],
    mistakes: list[str],
    *,
    min_bytes: int = MIN_SECRET_BYTES,
) -> str | None:
    """Return the value of the environment variable `name`, or None if no variable is configured.

    `where`, "banker.toml: ice.secret_env", begins the mistake line.
    """
    if name is None:
        return None
    value = environ.get(name, "")
    if not value:
        mistakes.append(f"{where}: the environment variable {name} is not set; set it")
    elif len(os.fsencode(value)) < min_bytes:
        mistakes.append(f"{where}: {name} must have at least {min_bytes} bytes")
    return value or None


def read_api_key(where: str, name: str | None, environ: Mapping[str, str], mistakes: list[str]) -> str | None:
    """Return the API key in the environment variable `name`. It must be valid in an HTTP header."""
    key = read_secret(where, name, environ, mistakes, min_bytes=1)
    if key and not re.fullmatch(r"[!-~]+", key):
        mistakes.append(f"{where}: {name} must consist of visible ASCII characters without spaces")
    return key
