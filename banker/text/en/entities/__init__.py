"""Numeric entities: finds the figures of a text and normalises them, in digits or in words.

The kinds are amounts, percentages, numbers, codes, dates and times of day.
"""

import re
import unicodedata
from collections.abc import Iterator

from banker.text.en.currencies import CODE
from banker.text.en.entities import codes, dates, quantities
from banker.text.en.entities.entity import NumericEntity, code_key, number_key
from banker.text.en.entities.number_words import digits_for_words
from banker.text.en.pattern_reader import read_at
from banker.text.markup import strip_markup

__all__ = ["NumericEntity", "code_key", "number_key", "numeric_entities"]

_RULES = (*dates.RULES, *codes.RULES, *quantities.RULES)
_GLUED = re.compile(rf"\b({CODE})(?=[0-9])|(?<=[0-9])(?=(?:{CODE})\b)")
_START = re.compile(r"[A-Za-z0-9.*•●·#…+(]")


def numeric_entities(text: str) -> list[NumericEntity]:
    """Return all figures of `text`, including those in words ("four three two one") and those split by markup."""
    text = digits_for_words(unicodedata.normalize("NFKC", strip_markup(text)))
    return list(_scan(_GLUED.sub(r"\g<0> ", text)))


def _scan(text: str) -> Iterator[NumericEntity]:
    at = 0
    while start := _START.search(text, at):
        at = start.start()
        entities, at = read_at(_RULES, text, at) or ([], at + 1)
        yield from entities
