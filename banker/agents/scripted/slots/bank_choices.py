"""The choices that the bank offers for an argument: what a customer may call them, and names that none of them has."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from babel import Locale
from babel.numbers import get_currency_name, get_currency_symbol
from rapidfuzz import fuzz, process

from banker.agents.scripted.slots.assignment import FoundValue
from banker.text.en.slots import Option, Slot, find_amounts, find_dates, find_options
from banker.text.en.slots.choices import MIN_NAME_SIMILARITY
from banker.text.en.slots.free_text import (
    answered_text,
    name_before_value,
    name_in,
    names_after,
    tells,
    without_possessive,
)
from banker.text.en.slots.free_text import markers_of as text_markers
from banker.text.en.value_context import markers_of as role_markers
from banker.text.en.value_context import role_of
from banker.tools.base import Choice, ToolSpec


@dataclass(frozen=True)
class Vocabulary:
    """Words, in lower case, that are no names of things which the bank lacks."""

    ordinary: frozenset[str] = frozenset()
    """Words with which customers ask for things."""
    common: frozenset[str] = frozenset()
    """Those of them that are used with anything: "bank", "new"."""


ChoicesOf = Callable[[str, str], Awaitable[Sequence[Choice]]]

MAX_LISTED_CHOICES = 6
"""More names than these are not read out; the first few are examples then."""
EXAMPLES = 3
MAX_NAME_WORDS = 4
MAX_EVERY = 4
"""More values than these are not acted on at once: "all of them" then needs a choice of its own."""

_LOCALE = Locale("en", "US")
_CODE = re.compile(r"\b[A-Za-z]{2,}-\d+\b")
_NEWEST = re.compile(r"\b(?:latest|newest|most recent|last(?= one|\W*$))\b(?: one)?", re.IGNORECASE)
_OLDEST = re.compile(r"\b(?:oldest|older|earliest|earlier)\b(?: one)?", re.IGNORECASE)
_EVERY = re.compile(r"\b(?:both|all|every|each)\b", re.IGNORECASE)


async def choice_groups(
    spec: ToolSpec, choices_of: ChoicesOf, limited_to: Mapping[str, Sequence[str]]
) -> list[tuple[list[str], list[Option]]]:
    """Return the arguments that share their choices, with these. `limited_to`: what an earlier answer left open."""
    groups: list[tuple[list[str], list[Option]]] = []
    for name, parameter in spec.parameter_types.items():
        if parameter.kind != "choice":
            continue
        choices = parameter.choices or await choices_of(spec.name, name)
        allowed = limited_to.get(name)
        options = [_option(choice) for choice in choices if allowed is None or choice.value in allowed]
        same = next((names for names, others in groups if others == options), None)
        if same is not None:
            same.append(name)
        elif options:
            groups.append(([name], options))
    return groups


def _option(choice: Choice) -> Option:
    """Return a choice with the names that a language gives it: "euros" for EUR."""
    if choice.value not in _LOCALE.currencies:
        return Option(choice.value, tuple(choice.names))
    names = [get_currency_name(choice.value, count, locale=_LOCALE) for count in (1, 2)]
    names += [name.split()[-1] for name in names]  # "yen", "francs"
    return Option(choice.value, (*choice.names, *names, get_currency_symbol(choice.value, locale=_LOCALE)))


Hits = list[Slot[tuple[str, ...]]]
"""Where a text names choices: one value, or several that the words fit."""


def among_listed(text: str, hits: Hits, options: Sequence[Option], listed: Sequence[Sequence[str]]) -> Hits:
    """Return the choice of the last list that was said, for a position in it or where the words fit several choices."""
    rows = [next((option.value for option in options if option.value in row), "") for row in listed]
    if not any(rows):
        return hits
    if not hits:
        at_position = find_options(text, [Option(value, ()) for value in rows])
        return [hit for hit in at_position if hit.value != ("",)]
    among = [tuple(value for value in hit.value if value in rows) for hit in hits]
    return [replace(hit, value=some or hit.value) for hit, some in zip(hits, among, strict=True)]


def of_day(text: str, hits: Hits, options: Sequence[Option], open_values: Sequence[str], today: date) -> Hits:
    """Return choices told apart by the day in their names: "the one from last month", "the latest one".

    `open_values` are those in question.
    """
    wanted = {value for hit in hits for value in hit.value} or set(open_values)
    newest = _NEWEST.search(text)
    pointed = newest or _OLDEST.search(text)
    if len(wanted) > 1 and pointed is not None:
        days = {
            option.value: day.value.first
            for option in options
            if option.value in wanted
            for day in find_dates(option.names[0], today, "past")
        }
        best = sorted(days, key=lambda value: days[value], reverse=newest is not None)
        return [Slot((best[0],), *pointed.span())] if days else hits
    said = find_dates(text, today, "past") if len(wanted) > 1 else []
    if len(said) != 1:
        return hits
    span = said[0].value
    fitting = tuple(
        option.value
        for option in options
        if option.value in wanted
        and any(span.first <= day.value.first <= span.last for day in find_dates(option.names[0], today, "past"))
    )
    return [Slot(fitting, said[0].start, said[0].end)] if fitting else hits


def narrowed(found: list[FoundValue]) -> list[FoundValue]:
    """Return the choice that all names in a text fit: "the Uber charge of 18.40" of several at Uber."""
    wanted = [hit for hit in found if not hit.negated]
    common = [value for value in wanted[0].value if all(value in hit.value for hit in wanted)] if wanted[1:] else []
    if not common:
        clear = [hit for hit in wanted if len(hit.value) == 1]  # "200 dollars in euros" names the euro
        return [hit for hit in found if hit.negated or not clear or len(hit.value) == 1]
    marked = next((hit for hit in reversed(wanted) if hit.role), wanted[-1])
    return [*(hit for hit in found if hit.negated), replace(marked, value=tuple(common))]


def are_currencies(choices: Sequence[Choice]) -> bool:
    """Return whether all choices are codes of currencies, which any amount may have."""
    return all(choice.value in _LOCALE.currencies for choice in choices)


def listed_in_question(number: int) -> int:
    """Return how many of this number of choices a question names, so that "the second one" can mean one of them."""
    return number if number <= MAX_LISTED_CHOICES else EXAMPLES


def every_value(text: str, name: str, options: Sequence[Option], *, asked: bool) -> list[str]:
    """Return all values if the customer wants all of them: "both" as an answer, "freeze both my cards"."""
    if not 2 <= len(options) <= MAX_EVERY:
        return []
    nouns = {*name.split("_"), *(option.names[0].split()[-1] for option in options if option.names)}
    noun = rf"\b(?:{'|'.join(re.escape(each.lower()) for each in nouns)})s?\b|\bof (?:them|these|those)\b"
    match = _EVERY.search(text)
    is_all = asked or (match is not None and match[0].lower() == "both" and not text[match.end() :].strip(" .!?"))
    if match is None or not (is_all or re.search(noun, text[match.end() :].lower())):
        return []
    return [option.value for option in options]


def unknown_name(text: str, name: str, vocabulary: Vocabulary, *, required: bool, opens: bool = False) -> str:
    """Return a name for the argument that a text uses although no choice has it: "Denver" of "a branch in Denver".

    `opens`: whether the text begins a form. `text` has blanks where values were read. An argument that is `required`
    is asked for anyway, with what there is to choose from. Where it is not, "my business account" must not be passed
    over.
    """
    if (code := _CODE.search(text)) is not None:
        return code[0]
    for said in names_after(text, dict.fromkeys([*role_markers(name), *text_markers(name)])):
        own = without_possessive(said)
        if own and required and own.split()[-1].lower() not in {*vocabulary.common, *name.split("_")}:
            return own  # "my mum" is somebody, although "mum" is an ordinary word
        if not own and _is_name(said, vocabulary.ordinary):
            return said
    if required and role_of(name) == "to" and (said := name_before_value(text)):
        own = without_possessive(said)
        is_new = opens and _is_name(said, vocabulary.ordinary) and not is_misspelled(said, vocabulary.ordinary)
        if own or said[0].isupper() or is_new:
            return own or said
    nouns = "|".join(re.escape(part) for part in name.split("_") if len(part) > 2)
    for match in re.finditer(
        rf"\b(?:my|our|the)\s((?:(?!of\b|in\b|on\b)[\w'&-]+\s){{1,2}})(?:{nouns or 'none'})\b", text, re.IGNORECASE
    ):
        if not required and _is_name(match[1].strip(), vocabulary.common):
            return match[0].split(" ", 1)[1]
    return ""


def answered_name(text: str, vocabulary: Vocabulary) -> str:
    """Return the name that an answer to a question gives and none of the choices has: "John" of "he is called John"."""
    if "?" in text:
        return ""
    if amounts := find_amounts(text, bare=True):  # "the one for $42.50"
        return text[amounts[0].start : amounts[0].end]
    said = answered_text(text, "")
    return name_in(said) or (said if _is_name(said, vocabulary.ordinary) and not tells(said) else "")


def is_misspelled(said: str, ordinary: Collection[str]) -> bool:
    """Say whether a word is rather an ordinary one with a typing error: "trasnfer"."""
    return (
        said.islower()
        and process.extractOne(said, ordinary, scorer=fuzz.ratio, score_cutoff=MIN_NAME_SIMILARITY) is not None
    )


def _is_name(said: str, ordinary: Collection[str]) -> bool:
    words = said.split()
    if not 1 <= len(words) <= MAX_NAME_WORDS or not re.search(r"[^\W\d]{2}", said) or words[0][0].isdigit():
        return False
    return all(word[:1].isupper() for word in words) or any(word.lower().strip("'") not in ordinary for word in words)
