"""Finds secrets that are words: passwords, and codes with letters in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from banker.text.en.secret_terms import CHANGING, CLAUSE_ENDS, STATES, TERMS, SecretKind
from banker.text.number_runs import TokenizedText
from banker.text.secret_names import name_at

CODE_DIGITS = range(3, 11)
MAX_PASSWORD_WORDS = 5

_LINK = r"(?:is|was|to|'s|\u2019s)"
_VALUE = re.compile(
    rf"\s*(?:(?P<sign>[:=\u2013\u2014]|-(?=\s))|(?P<link>{_LINK})\b\s*:?|(?=\s))\s*(?:u[hm]+,?\s+)?(?P<value>\S+)"
)
_FAR_VALUE = re.compile(r"(?:\s+[\w'\u2019]+){1,5}?\s+(?:is|was|to be)\s+(?P<value>\S+)")
"""A value with some words between it and its name: "the password for online banking is hunter2"."""
_VALUE_BEFORE = re.compile(r"(?P<value>\S+)\s+(?:is|was)\s+(?:my|the|our|his|her)\s+(?:\w+\s+){0,2}?$")
_NEXT_WORD = re.compile(r" (?P<word>[^\s.,;:!?]+)")


@dataclass(frozen=True)
class Secret:
    """A secret and its position in the text."""

    start: int
    end: int
    kind: SecretKind


def find_secret_words(text: TokenizedText) -> Iterator[Secret]:
    """Yield the passwords and the codes with letters that a name claims."""
    for place, token in enumerate(text.tokens):
        name = name_at(text, place)
        if name is None:
            continue
        kind, size = name
        match = _VALUE.match(text.text, token.end)
        if match is not None and _is_value(text, kind, _bare(match["value"]), place, match["sign"], match["link"]):
            start, end = match.start("value"), match.start("value") + len(_bare(match["value"]))
            spoken = kind == "password" and match["link"] and end == match.end("value")
            yield Secret(start, _end_of_words(text.text, end) if spoken else end, kind)
        elif kind == "password":
            yield from _far_passwords(text, text.tokens[place - size + 1].start, token.end)


def _far_passwords(text: TokenizedText, start: int, end: int) -> Iterator[Secret]:
    """Yield strings that are not words of the language, near a password's name."""
    matches = (_FAR_VALUE.match(text.text, end), _VALUE_BEFORE.search(text.text, 0, start))
    for match in matches:
        if match is not None and _is_no_word(value := _bare(match["value"])):
            yield Secret(match.start("value"), match.start("value") + len(value), "password")


def _bare(value: str) -> str:
    return value.rstrip(".,;?")


def _is_no_word(value: str) -> bool:
    return (any(map(str.isalpha, value)) and any(map(str.isdigit, value))) or any(
        char in "!@#$%^&*_~+=" for char in value
    )


def _is_value(
    text: TokenizedText, kind: SecretKind, value: str, place: int, sign: str | None, link: str | None
) -> bool:
    if value.lower() in STATES or (value.lower(),) in TERMS or not value.strip("\"'“”‘’()[]"):
        return False
    if kind != "password":
        has_both = any(map(str.isalpha, value)) and any(map(str.isdigit, value))
        return has_both and len(value) in CODE_DIGITS and value[-2:].lower() not in ("am", "pm")
    if _is_no_word(value):
        return True
    if value.lower().endswith(("ed", "ing", "en")):
        return False
    if link == "to":
        return any(word in CHANGING for word in text.words(place - 4, place))
    return bool(sign or link)


def _end_of_words(text: str, end: int) -> int:
    """Return where a password of several words ends."""
    for _ in range(MAX_PASSWORD_WORDS - 1):
        match = _NEXT_WORD.match(text, end)
        if match is None or match["word"].lower() in CLAUSE_ENDS:
            break
        end = match.end()
    return end
