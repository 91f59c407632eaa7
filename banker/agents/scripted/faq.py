"""Finds the answer to a card or payment question among the bank's own and ours."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from banker.config.texts import DEFAULT_FAQ, Faq


def find_answer(text: str, own: Sequence[Faq]) -> str | None:
    """The answer of the entry that most of the text's words lead to: the bank's own first, then ours."""
    return _best(text, own) or _best(text, DEFAULT_FAQ)


def _best(text: str, entries: Iterable[Faq]) -> str | None:
    plain = text.lower().replace("\u2019", "'")
    met = [(sum(bool(_pattern(word).search(plain)) for word in entry.words), entry) for entry in entries]
    hits, entry = max(met, key=lambda pair: pair[0], default=(0, None))
    return entry.answer.format() if entry is not None and hits else None


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    whole = re.escape(word.lower().strip().removesuffix("*"))
    return re.compile(rf"(?<!\w){whole}" + (r"\w*" if word.strip().endswith("*") else r"(?!\w)"))
