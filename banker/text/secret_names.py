"""Decides which name near a number claims it: "my PIN is 1234", "1234 is my PIN", "the three digits are 123".

A nearer name of something else ("account 1234") takes the number away.
"""

from banker.text.en.secret_terms import (
    CARD_NAMES,
    DETERMINERS,
    DIGIT_COUNTS,
    FILLERS,
    LINKS,
    OTHER_CODES,
    OTHER_NAMES,
    TERMS,
    UNITS,
    SecretKind,
)
from banker.text.number_runs import NumberRun, TokenizedText

NEAR_WORDS = 3
"""A name this many words before a number claims it."""
LINKED_WORDS = 10
"""A name this many words before claims it too, if a link such as "is" directly precedes the number."""
_LONGEST_TERM = max(map(len, TERMS))
_SKIPPED_AFTER = LINKS | DETERMINERS | {"for", "that"}


def name_at(text: TokenizedText, place: int) -> tuple[SecretKind, int] | None:
    """Return the kind of secret that is named by the words that end at token `place`, and how many words those are."""
    for size in range(_LONGEST_TERM, 0, -1):
        words = tuple(text.words(place - size + 1, place + 1))
        if len(words) == size and words in TERMS:
            is_other = words == ("code",) and text.word(place - 1) in OTHER_CODES
            return None if is_other else (TERMS[words], size)
    if text.word(place) in ("digits", "numbers") and text.word(place - 2) != "last":
        kind = DIGIT_COUNTS.get(text.tokens[place - 1].digits) if place else None
        return (kind, 2) if kind else None
    if text.words(place - 1, place + 1) == ["digit", "number"] and place > 1:
        kind = DIGIT_COUNTS.get(text.tokens[place - 2].digits)
        return (kind, 3) if kind else None
    return None


def name_before(text: TokenizedText, place: int) -> SecretKind | None:
    """Return the kind of secret whose name claims the number that begins at token `place`."""
    linked = place > 0 and is_link(text, place - 1)
    has_passed_number = False
    for before in range(place - 1, max(-1, place - 1 - (LINKED_WORDS if linked else NEAR_WORDS)), -1):
        if (name := name_at(text, before)) is not None:
            return name[0]
        if text.tokens[before].digits and linked:
            has_passed_number = True  # the names before it are this number's: "the PIN of card 4321 is 9876"
        elif text.tokens[before].digits or (_names_other(text, before, linked=linked) and not has_passed_number):
            return None
    return None


def name_after(text: TokenizedText, number: NumberRun) -> SecretKind | None:
    """Return the kind of secret that is named behind a number: "1234 is my PIN", "use 1234 as the code"."""
    if text.word(number.first - 1) in OTHER_NAMES:
        return None
    place = number.last + 1
    while place - number.last <= NEAR_WORDS + 1 and text.word(place) in _SKIPPED_AFTER:
        place += 1
    for end in range(place, min(place + _LONGEST_TERM, len(text.tokens))):
        name = name_at(text, end)
        if name is not None:
            return name[0] if end - name[1] < place else None
    return None


def is_card_before(text: TokenizedText, place: int) -> bool:
    """Return whether the words before a token name a card, and nothing nearer names something else."""
    for word in reversed(text.words(place - 2 * NEAR_WORDS, place)):
        if word in CARD_NAMES:
            return True
        if word in OTHER_NAMES or word in UNITS:
            return False
    return False


def is_link(text: TokenizedText, place: int) -> bool:
    """Return whether the token at `place` links a name before it with a value behind it."""
    word = text.word(place)
    return word in LINKS or word in FILLERS or text.behind(place) in (":", "=")


def is_named_otherwise(text: TokenizedText, place: int) -> bool:
    """Return whether the words right before a token name something else than a secret."""
    return any(word in OTHER_NAMES for word in text.words(place - NEAR_WORDS, place))


def _names_other(text: TokenizedText, place: int, *, linked: bool) -> bool:
    word = text.word(place)
    is_other_code = word == "code" and text.word(place - 1) in OTHER_CODES
    return word in OTHER_NAMES or is_other_code or (not linked and word in CARD_NAMES)
