"""The languages with text normalisation.

A language is a package beside `banker.text.en` whose module `normalisation` has a `LANGUAGE` and `pronouncing`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module

from banker.text.shown_and_spoken import Anchor, Language, Spoken

SUPPORTED = ("en",)
"""ISO 639-1 codes. The configuration of a tenant with another language is refused."""


def package(code: str, pronounced: Mapping[str, str] | None = None) -> Language:
    """Return the text normalisation for a language code. `pronounced`: how words are said, by how they are written.

    Text in a language without a package goes to the voice unchanged, since the voice reads its numbers better than the
    rules of another language would.
    """
    if code not in SUPPORTED:
        return _UNCHANGED
    return _language(code, tuple((pronounced or {}).items()))


@lru_cache(maxsize=256)
def _language(code: str, pronounced: tuple[tuple[str, str], ...]) -> Language:
    module = import_module(f"banker.text.{code}.normalisation")
    language = module.pronouncing(dict(pronounced)) if pronounced else module.LANGUAGE
    assert isinstance(language, Language)  # noqa: S101
    return language


def _unchanged(shown: str) -> Spoken:
    """Return the text as it is, or nothing if it has neither letters nor digits."""
    if not any(map(str.isalnum, shown)):
        return Spoken("", ())
    return Spoken(shown, tuple(Anchor(word.end(), word.end()) for word in re.finditer(r"\S+", shown)))


_UNCHANGED = Language(display_text=str, verbalise=_unchanged)
