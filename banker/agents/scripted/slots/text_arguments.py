"""Reads free text arguments: the answer to the question for one, a correction, or what follows a word like "about"."""

import re
from collections.abc import Sequence

from banker.agents.scripted.slots.known import UnreadText
from banker.text.en.slots import free_text
from banker.text.en.slots.postal_addresses import find_address, find_postcode, is_only_code
from banker.text.en.value_context import RETRACTION

MAX_WORDS_WITH_NEW_CODE = 3
"""A number among more words than "no, it's 62704" does not replace a code that was given before."""
_ADDRESS = {"street": {"street", "address"}, "city": {"city", "town"}, "postcode": {"postcode", "zip", "postal"}}
"""The parts of an address, and the parts of the names of arguments that take them."""


def take_texts(turn: UnreadText, names: Sequence[str]) -> None:
    """Read free text: the whole turn if it was asked for, otherwise what follows a word such as "about"."""
    asked = turn.known.asked
    if asked in names and RETRACTION.match(turn.text) and _correct_text(turn, names):
        return
    if asked in names and _take_address(turn, names):
        return
    if asked in names and not (_answers_other(turn) or _corrects_other(turn) or _names_other_choice(turn)):
        said = free_text.without_values(turn.left) if _fills_other(turn) else turn.text
        if whole := free_text.answered_text(said, asked):
            _take(turn, whole, asked, names)
            turn.left = ""
        return
    if _take_address(turn, names):
        return
    missing = _missing_texts(turn, names)
    if len(missing) > 1:
        values, start = free_text.listed_texts(turn.left, missing)
        turn.read.values |= values
        turn.hide(start, len(turn.left) if values else start)
    for name in names:
        if name in turn.read.values:
            continue
        if (span := free_text.marked_text(turn.left, name)) is not None:
            end = _end_of_list(turn, span, name, names)
            _take(turn, turn.text[span[0] : end].strip(" .,;?!"), name, names)
            turn.hide(span[0], end)
        elif (code := free_text.code_in(turn.left, name)) is not None and (
            name not in turn.known.values or len(turn.left.split()) <= MAX_WORDS_WITH_NEW_CODE
        ):
            turn.read.values[name] = code[0]
            turn.hide(*code[1:])
        elif missing == [name] and turn.read.has_value and (alone := free_text.name_alone(turn.left)) is not None:
            turn.read.values[name] = turn.left[slice(*alone)]
            turn.hide(*alone)

    if not turn.read.has_value and not asked:
        _correct_text(turn, names)


def _take_address(turn: UnreadText, names: Sequence[str]) -> bool:
    """Take the street, the city and the postcode that the words have, where a tool needs all three, and say whether."""
    by_part = {part: name for name in names for part, words in _ADDRESS.items() if {*name.split("_")} & words}
    if by_part.keys() != _ADDRESS.keys():
        return False
    found = find_address(turn.left)
    said = free_text.answered_text(turn.text, turn.known.asked)
    if not found and turn.known.asked and (code := find_postcode(said)) and is_only_code(said, code[0]):
        found = {"postcode": code}  # also in answer to another part
    elif not found and turn.known.asked == by_part["postcode"] and by_part["city"] not in turn.known.values:
        found = {} if any(character.isdigit() for character in said) else {"city": (said, 0, len(turn.left))}
    for part, (value, start, end) in found.items():
        turn.read.values[by_part[part]] = value
        turn.hide(start, end)
    return bool(found)


def _fills_other(turn: UnreadText) -> bool:
    """Say whether another argument that is missing was read."""
    read = {*turn.read.values, *turn.read.candidates} - turn.known.values.keys()
    return any(turn.parameters[name].required for name in read)


def _answers_other(turn: UnreadText) -> bool:
    """Say whether nothing is left of the words after another argument that is missing was read."""
    return _fills_other(turn) and not free_text.without_values(turn.left)


def _corrects_other(turn: UnreadText) -> bool:
    """Say whether words take back another value instead: "make it 10:30", "sorry, I meant the 38.90 one"."""
    known = turn.known.values
    is_changed = any(name in known and known[name] != value for name, value in turn.read.values.items())
    return is_changed and RETRACTION.search(turn.text) is not None


def _names_other_choice(turn: UnreadText) -> bool:
    """Say whether the whole answer names a choice that nobody asked for: "in the Harbour Street branch"."""
    choices = [name for name, parameter in turn.parameters.items() if parameter.kind == "choice"]
    nouns = "|".join(re.escape(part) for name in choices for part in name.split("_") if len(part) > 2)
    named = rf"\W*(?:in|at|from|to)\s(?:my|our|the)\s[\w' -]+\s(?:{nouns})\W*"
    return bool(nouns) and re.fullmatch(named, turn.text, re.IGNORECASE) is not None


def _correct_text(turn: UnreadText, names: Sequence[str]) -> bool:
    """Take words that repeat a part of a text that was given before as its correction, and say whether they do."""
    said = free_text.answered_text(RETRACTION.sub("", turn.text.split(", ")[-1]).strip(), "")
    if exchanged := free_text.exchanged_words(turn.text):
        new, old = exchanged
        for name in names:
            if old in (known := str(turn.known.values.get(name, ""))).split():
                turn.read.values[name] = " ".join(new if word == old else word for word in known.split())
                turn.left = ""
                return True
    for name in names:
        if free_text.replaces(said, str(turn.known.values.get(name, ""))):
            turn.read.values[name] = said
            turn.left = ""
            return True
    return False


def _take(turn: UnreadText, said: str, name: str, names: Sequence[str]) -> None:
    """Take a text, or several texts with commas between them, where other required ones are missing."""
    missing = [each for each in _missing_texts(turn, names) if each != name]
    split = free_text.split_answer(said, [name, *missing]) if missing else {}
    for each, value in (split or {name: said}).items():
        turn.read.values[each] = value[: free_text.MAX_TEXT_CHARACTERS]


def _end_of_list(turn: UnreadText, span: tuple[int, int], name: str, names: Sequence[str]) -> int:
    """Return where the texts end that follow a marked one after commas, if other required texts are missing."""
    following = re.match(r"(?:\s*,\s*[\w' .-]+)+", turn.left[span[1] :])
    is_list = following is not None and any(each != name for each in _missing_texts(turn, names))
    return span[1] + following.end() if following is not None and is_list else span[1]


def _missing_texts(turn: UnreadText, names: Sequence[str]) -> list[str]:
    given = {*turn.known.values, *turn.read.values}
    return [name for name in names if turn.parameters[name].required and name not in given]
