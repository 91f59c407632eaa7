"""docs/configuration.md lists every key with its default, and no other."""

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from banker.config.settings import ServiceSettings
from banker.config.tenant import Tenant

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text()
SOURCES = [ROOT / "gunicorn.conf.py", *(ROOT / "banker").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]


def chapter(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def documented(title: str) -> dict[str, str]:
    """Return the defaults in a chapter's tables by key: {"limits.tenant_per_minute": "`600`"}."""
    found: dict[str, str] = {}
    for section in chapter(title).split("\n### ")[1:]:
        heading, *lines = section.splitlines()
        name = re.sub(r"[`\[\]]", "", heading)
        prefix = "" if name == "Top level" else f"{name}."
        column = -1 if name in ("texts", "safety") else 1
        for line in lines:
            if line.startswith("| `"):
                cells = line.strip("| ").split(" | ")
                found[prefix + cells[0].strip("`")] = cells[column]
    return found


def keys(cls: type[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every key of a settings class with its default as the page writes it."""
    hints = get_type_hints(cls)
    for field in fields(cls):
        hint = get_args(hints[field.name])[0] if get_origin(hints[field.name]) is tuple else hints[field.name]
        if field.metadata.get("internal"):
            continue
        if is_dataclass(hint):
            yield from keys(hint, f"{prefix}{field.name}.")  # type: ignore[arg-type]
        else:
            yield prefix + field.name, default_of(field)


def default_of(field: Field[Any]) -> str:
    if field.default is MISSING and field.default_factory is MISSING:
        return "required"
    value = field.default_factory() if field.default_factory is not MISSING else field.default
    if value is None:
        return "none"
    if value == {}:
        return "`{}`"
    if isinstance(value, dict):
        return "`{ " + ", ".join(f"{name} = {json.dumps(item)}" for name, item in value.items()) + " }`"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def differences(code: dict[str, str], page: dict[str, str]) -> list[str]:
    return [
        *(f"missing: {key}" for key in code.keys() - page.keys()),
        *(f"unknown: {key}" for key in page.keys() - code.keys()),
        *(
            f"{key}: the default is {code[key]}, not {page[key]}"
            for key in code.keys() & page.keys()
            if code[key] != page[key]
        ),
    ]


def test_every_key_of_banker_toml_is_documented_with_its_default() -> None:
    assert differences(dict(keys(ServiceSettings)), documented("banker.toml")) == []


def test_every_key_of_a_tenants_file_is_documented_with_its_default() -> None:
    assert differences(dict(keys(Tenant)), documented("A tenant's file")) == []


def test_every_variable_of_the_environment_is_documented() -> None:
    read = {
        name
        for path in SOURCES
        for name in re.findall(r"\bBANKER_[A-Z_]*[A-Z]\b|(?<=os\.environ\.get\([\"'])[A-Z_]+", path.read_text())
        if "__" not in name and name != "BANKER_EVENTS"  # a constant
    }
    assert read == set(re.findall(r"^\| `(\w+)`", chapter("Environment"), re.MULTILINE))
