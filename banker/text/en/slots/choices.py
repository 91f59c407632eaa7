"""A choice among options: by name, also misspelled, by number ("the one ending 4711") or by position ("the second")."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from banker.text.en.slots.spoken_numbers import Numerals, Slot

MIN_NAME_SIMILARITY = 84.0
"""Of 100, between an option's name and the words said: one typing error in a word of six letters."""
MIN_NAME_LETTERS = 4
"""A shorter name must be said exactly."""
MIN_BEGINNING_LETTERS = 3
ENDINGS = ("s", "es", "ly", "y", "er")
"""Words that differ by one of these name the same, as "month" and "monthly". "Take" and "taken" do not."""

_POSITION = re.compile(
    r"(?:the\s)?(?:(?:option|number)\s(?P<number>\d)\b|(?P<nth>\d)(?:st|nd|rd|th)\b(?!\sof)|(?P<last>last)\b(?:\s1\b)"
    r"|(?:(?P<former>former)|latter)\b(?!\s\w))(?:\s1\b)?"
)
_OTHER = re.compile(r"(?:the\s|my\s|an)?other\s(?:1|account|card|payee|branch)\b|\bthe\sother$|^other$")
_POINTERS = frozenset({"this", "that", "last", "next", "before", "other"})
"""Words of names such as "this month" that name nothing by themselves."""
_ALL = re.compile(r"(?:all|both|every)\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d(?:[\s-]?\d){2,}")


@dataclass(frozen=True)
class Option:
    """A value of a parameter and the names that a customer may use for it."""

    value: str
    names: tuple[str, ...]


def find_options(
    text: str, options: Sequence[Option], *, current: str | None = None, listed: int | None = None
) -> list[Slot[tuple[str, ...]]]:
    """Return the options that a text names, in its order; several values where a name fits several options.

    `current` is the value that "the other one" is not. `listed`: how many of the options the customer knows in their
    order, so that "the second one" means one of them (None: all).
    """
    numerals = Numerals(text)
    words = [(match[0], match.start(), match.end()) for match in re.finditer(r"\S+", numerals.text)]
    found = (
        _named(words, options)
        or _numbered(numerals.text, options)
        or _at_position(numerals.text, options[:listed])
        or _by_own_word(words, options)
        or _by_beginning(words, options)
    )
    if not found and current is not None and (match := _OTHER.search(numerals.text)):
        others = tuple(
            option.value for option in options if option.value != current and not _ALL.match(" ".join(option.names))
        )
        found = [(match.start(), match.end(), others)] if others else []
    return [Slot(values, *numerals.span(start, end)) for start, end, values in found]


_Found = list[tuple[int, int, tuple[str, ...]]]


def _named(words: list[tuple[str, int, int]], options: Sequence[Option]) -> _Found:
    """Find names, the longest and most alike first; names that are equally alike share a place in the text."""
    hits = []
    for option in options:
        names = {" ".join(Numerals(name).text.split()) for name in (option.value, *option.names)}
        # People write "creditcard", too, and leave the dollar sign out.
        for name in names | {name.replace(" ", "") for name in names} | {name.removeprefix("$ ") for name in names}:
            length = len(name.split())
            if not length:
                continue
            for at in range(len(words) - length + 1):
                said = " ".join(word for word, _, _ in words[at : at + length])
                score = _similarity(said, name)
                if score >= MIN_NAME_SIMILARITY:
                    hits.append((-score * len(name), at, at + length, option.value))
    hits.sort()
    found: list[tuple[int, int, float, list[str]]] = []
    for score, first, end, value in hits:
        same = next((hit for hit in found if hit[:2] == (first, end) and abs(hit[2] - score) < 1), None)
        if same is not None:
            if value not in same[3]:
                same[3].append(value)
        elif all(end <= start or first >= stop for start, stop, _, _ in found):
            found.append((first, end, score, [value]))
    return [(words[first][1], words[end - 1][2], tuple(values)) for first, end, _, values in sorted(found)]


def _by_own_word(words: list[tuple[str, int, int]], options: Sequence[Option]) -> _Found:
    """Find a word that only some of the options have in their names: "the visa", "rainy day"."""
    names = {
        option.value: {word for name in option.names for word in Numerals(name).text.split()} for option in options
    }
    found: _Found = []
    for word, start, end in words:
        values = tuple(
            value
            for value, own in names.items()
            if len(word) >= MIN_NAME_LETTERS and word not in _POINTERS and any(_is_alike(word, each) for each in own)
        )
        if 0 < len(values) < len(options):
            if found and found[-1][2] == values:
                found[-1] = (found[-1][0], end, values)
            else:
                found.append((start, end, values))
    return found


def _by_beginning(words: list[tuple[str, int, int]], options: Sequence[Option]) -> _Found:
    """Find the only option with a word that begins with the whole text: "sav" for savings."""
    if len(words) != 1 or len(words[0][0]) < MIN_BEGINNING_LETTERS:
        return []
    said, start, end = words[0]
    begun = [
        option.value
        for option in options
        if any(word.startswith(said) for name in option.names for word in name.lower().split())
    ]
    return [(start, end, (begun[0],))] if len(begun) == 1 else []


def _is_alike(said: str, name: str) -> bool:
    """Return whether two words are alike up to a typing error or an ending: "month" and "monthly"."""
    shorter, longer = sorted((said, name), key=len)
    same_stem = len(shorter) >= MIN_NAME_LETTERS and longer in {f"{shorter}{ending}" for ending in ENDINGS}
    return _similarity(said, name) >= MIN_NAME_SIMILARITY or same_stem


def _similarity(said: str, name: str) -> float:
    if said == name:
        return 100.0
    if len(name) < MIN_NAME_LETTERS or any(character.isdecimal() for character in name) or said[0] != name[0]:
        return 0.0
    if name.startswith(said) and name != f"{said}s":
        return 0.0  # "take" is another word than "taken"
    return float(fuzz.ratio(said.removesuffix("'s"), name))


def _numbered(text: str, options: Sequence[Option]) -> _Found:
    found: _Found = []
    for match in _DIGITS.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        values = tuple(
            option.value
            for option in options
            if any(re.sub(r"\D", "", name).endswith(digits) for name in (option.value, *option.names))
        )
        if values:
            found.append((*match.span(), values))
    return found


def _at_position(text: str, options: Sequence[Option]) -> _Found:
    found: _Found = []
    for match in _POSITION.finditer(text):
        at = int(match["number"] or match["nth"] or (1 if match["former"] else len(options)))
        is_day = match["nth"] and text[: match.start()].endswith("on ")
        is_adverb = match["nth"] and not re.search(r"^the |1$", match[0]) and match[0].strip() != text.strip(" .!")
        if 1 <= at <= len(options) and not is_day and not is_adverb:  # "freeze it first"
            found.append((*match.span(), (options[at - 1].value,)))
    return found
