"""Finds secrets in a text: a small parser over words and numbers.

A card number is known by its check digit. Any other secret is a number, or a word, that a name near by claims: "my PIN
is 1234", "1234 is my PIN", "password: hunter2". A nearer name of something else ("account 1234") takes the number away.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from banker.text.card_numbers import CARD_DIGITS, has_check_digit, is_issued
from banker.text.en.secret_terms import (
    CARD_NAMES,
    CHANGING,
    CLAUSE_ENDS,
    DETERMINERS,
    FILLERS,
    LINKS,
    OTHER_CODES,
    OTHER_NAMES,
    STATES,
    TERMS,
    UNITS,
    SecretKind,
)
from banker.text.en.spoken_digits import is_scale, tokens

CODE_DIGITS = range(3, 11)
NAMED_CARD_DIGITS = 8
"""A number that the customer calls a card number is removed from this length on: a digit may have been misheard, and a
pause may have cut it in two."""
GROWING_DIGITS = 6
"""From this length on, the number at the end of an interim transcript may become a card number."""
CONTINUED_DIGITS = 4
"""A number of this length at the end of a turn may go on in the next one."""
NEAR_WORDS = 3
"""A name this many words before a number claims it."""
LINKED_WORDS = 10
"""So does one this many words before, where a link such as "is" stands right before the number."""
AFTER_CARD_CHARACTERS = 80
"""Three or four digits this soon after a card number are its security code."""
MAX_PASSWORD_WORDS = 5

_GAP = re.compile(r"[^\w$€£¥₹%+?]{0,4}")
_PLAIN_GAP = re.compile(r"[^\w$€£¥₹%+?.,/:;]{0,4}")
_CARD_GROUPS = ([4, 4, 4, 4], [4, 6, 5], [4, 6, 4], [4, 4, 4, 4, 3], [4, 4, 5])
_VALUE = re.compile(
    r"\s*(?:(?P<sign>[:=])|(?P<link>is|was|to|'s|\u2019s)\b\s*:?|(?=\s))\s*(?:u[hm]+,?\s+)?(?P<value>\S+)"
)
_NEXT_WORD = re.compile(r" (?P<word>[^\s.,;:!?]+)")

_NAMING_WORDS = frozenset({"number", "it", "i", "i'm", "hi", "hello"}).union(
    LINKS, FILLERS, DETERMINERS, CARD_NAMES, *TERMS
)


@dataclass(frozen=True)
class Secret:
    """A secret and its place in the text."""

    start: int
    end: int
    kind: SecretKind


@dataclass(frozen=True)
class _Number:
    """Neighbouring numbers that may be one, as tokens `first` to `last`."""

    first: int
    last: int
    start: int
    end: int
    groups: tuple[str, ...]
    plain: bool
    """Whether only spaces and dashes stand between the groups. Between words any punctuation may stand."""
    scaled: bool
    """Whether "hundred" or "thousand" is in it."""

    @property
    def digits(self) -> str:
        return "".join(self.groups)


class SecretParser:
    """Parses one text, of which the first `prefix` characters are context and not searched.

    `partial`: the text is still being said. `from_customer`: a person says it, who may err; otherwise it is data.
    """

    def __init__(self, text: str, prefix: int = 0, *, partial: bool = False, from_customer: bool = True) -> None:
        self.text = text
        self._prefix = prefix
        self._partial = partial
        self._from_customer = from_customer
        self._tokens = tokens(text)
        self._numbers = list(self._find_numbers())
        self._cut_card = False

    def secrets(self) -> list[Secret]:
        """Return the secrets behind the context, in their order and without overlaps."""
        found = [secret for secret in (*self._number_secrets(), *self._words()) if secret.end > self._prefix]
        kept: list[Secret] = []
        for secret in sorted(found, key=lambda secret: secret.start):
            if not kept or secret.start >= kept[-1].end:
                kept.append(secret)
        return kept

    def leaves_nothing(self) -> bool:
        """Return whether the text says nothing but its secrets and their names."""
        secrets = self.secrets()
        left = [
            token.word
            for token in self._tokens
            if token.start >= self._prefix and not any(s.start <= token.start < s.end for s in secrets)
        ]
        return bool(secrets) and all(word in _NAMING_WORDS for word in left)

    def growing_number(self, after: int) -> int | None:
        """Return where the number starts that ends the text and may become a card number; None if there is none."""
        number = self._last_number()
        if number is None or number.start < after or len(number.digits) < GROWING_DIGITS:
            return None
        return number.start

    def open_context(self) -> str:
        """Return what the next text has to know: a name that still lacks its value, or a number that may go on."""
        number = self._last_number()
        if number is not None and len(number.digits) >= CONTINUED_DIGITS:
            return "card number" if self._is_named_card(number) else number.digits[-CARD_DIGITS.stop :]
        place = len(self._tokens)
        while place and self._tokens[place - 1].word in FILLERS:
            place -= 1
        if not place or self._tokens[place - 1].word not in LINKS or self.text.rstrip().endswith((".", "!", "?")):
            return ""
        named = self._name_before(place) is not None or self._card_before(place)
        return " ".join(token.word for token in self._tokens[-LINKED_WORDS:]) if named else ""

    # Numbers

    def _find_numbers(self) -> Iterator[_Number]:
        place = 0
        while place < len(self._tokens):
            if not self._tokens[place].digits or self._is_quantity(place):
                place += 1
                continue
            last = place
            while (following := self._continuation(last)) is not None:
                last = following
            yield self._number(place, last)
            place = last + 1

    def _continuation(self, place: int) -> int | None:
        """Return the token that continues the number at `place`: digits, or a scale word, behind fillers."""
        following = place + 1
        while following < len(self._tokens) and self._tokens[following].word in FILLERS:
            following += 1
        if following >= len(self._tokens):
            return None
        token = self._tokens[following]
        gaps = (self._gap(before) for before in range(place, following))
        if not (token.digits or is_scale(token.word)) or not all(_GAP.fullmatch(gap) for gap in gaps):
            return None
        return None if self._is_quantity(following) else following

    def _number(self, first: int, last: int) -> _Number:
        span = self._tokens[first : last + 1]
        return _Number(
            first,
            last,
            span[0].start,
            span[-1].end,
            tuple(token.digits for token in span if token.digits),
            all(_PLAIN_GAP.fullmatch(self._gap(place)) for place in range(first, last))
            or all(token.word.isalpha() for token in span),
            any(is_scale(token.word) for token in span),
        )

    def _gap(self, place: int) -> str:
        """Return what stands between a token and the next one."""
        return self.text[self._tokens[place].end : self._tokens[place + 1].start]

    def _is_quantity(self, place: int) -> bool:
        """Return whether a currency or a unit makes the number at `place` an amount or a count."""
        token = self._tokens[place]
        before, behind = self.text[: token.start].rstrip()[-1:], self.text[token.end :].lstrip()[:1]
        following = self._tokens[place + 1].word if place + 1 < len(self._tokens) else ""
        return (before and before in "$€£¥₹") or (behind and behind in "$€£¥₹%") or following in UNITS

    def _last_number(self) -> _Number | None:
        """Return the number that the text ends with."""
        place = len(self._tokens) - 1
        while place >= 0 and self._tokens[place].word in FILLERS:
            place -= 1
        return self._numbers[-1] if self._numbers and self._numbers[-1].last == place else None

    def _number_secrets(self) -> Iterator[Secret]:
        card_end: int | None = None
        for number in self._numbers:
            kind = self._kind(number)
            if kind is None and card_end is not None and number.start - card_end < AFTER_CARD_CHARACTERS:
                is_named = self._tokens[max(0, number.first - 1)].word in OTHER_NAMES
                kind = "security_code" if len(number.digits) in (3, 4) and not is_named else None
            if kind == "card":
                card_end = number.end
            if kind is not None:
                yield Secret(number.start, number.end, kind)

    def _kind(self, number: _Number) -> SecretKind | None:
        if not number.scaled and (self._is_card(number) or self._is_named_card(number)):
            return "card"
        least = 1 if self._partial and number is self._last_number() else CODE_DIGITS.start
        if not (number.scaled or least <= len(number.digits) < CODE_DIGITS.stop):
            return None
        return self._name_before(number.first) or self._name_after(number)

    # Card numbers

    def _is_card(self, number: _Number) -> bool:
        digits = number.digits
        if len(digits) < CARD_DIGITS.start or digits[0] == "0" or self.text[: number.start].endswith("+"):
            return False
        sizes = [len(group) for group in number.groups]
        if not (number.plain or sizes in _CARD_GROUPS or set(sizes) == {1} or self._card_before(number.first)):
            return False
        continues = number.start < self._prefix and self._from_customer
        if has_check_digit(digits) and (is_issued(digits) or not (continues or self._is_account(number))):
            return True
        return self._contains_card(number)

    def _contains_card(self, number: _Number) -> bool:
        """Return whether some of the groups are a card number: an expiry date or a security code follows it."""
        if len(number.groups) == 1:
            return any(
                is_issued(number.digits[:size]) and has_check_digit(number.digits[:size]) for size in CARD_DIGITS
            )
        for first in range(len(number.groups)):
            digits = ""
            for group in number.groups[first:]:
                digits += group
                if len(digits) in CARD_DIGITS and is_issued(digits) and has_check_digit(digits):
                    return True
        return False

    def _is_account(self, number: _Number) -> bool:
        words = [token.word for token in self._tokens[max(0, number.first - NEAR_WORDS) : number.first]]
        return "account" in words or "accounts" in words

    def _is_named_card(self, number: _Number) -> bool:
        return (
            self._from_customer
            and len(number.digits) >= NAMED_CARD_DIGITS
            and number.plain
            and self._card_before(number.first)
        )

    def _card_before(self, place: int) -> bool:
        """Return whether the words before a token name a card, and nothing nearer names something else."""
        words = [token.word for token in self._tokens[max(0, place - 2 * NEAR_WORDS) : place]]
        for word in reversed(words):
            if word in CARD_NAMES:
                return True
            if word in OTHER_NAMES or word in UNITS:
                return False
        return False

    # Names of secrets

    def _name_at(self, place: int) -> SecretKind | None:
        """Return the kind of secret that is named by the words that end at token `place`."""
        for size in (3, 2, 1):
            words = tuple(token.word for token in self._tokens[max(0, place - size + 1) : place + 1])
            if len(words) == size and words in TERMS:
                is_other = words == ("code",) and place > 0 and self._tokens[place - 1].word in OTHER_CODES
                return None if is_other else TERMS[words]
        return None

    def _name_before(self, place: int) -> SecretKind | None:
        """Return the kind of secret whose name claims the number that begins at token `place`."""
        linked = place > 0 and self._is_link(place - 1)
        reach = LINKED_WORDS if linked else NEAR_WORDS
        has_passed_number = False
        for before in range(place - 1, max(-1, place - 1 - reach), -1):
            token = self._tokens[before]
            if (kind := self._name_at(before)) is not None:
                return kind
            if token.digits and linked:
                has_passed_number = True  # the names before it are this number's: "the PIN of card 4321 is 9876"
            elif token.digits or (self._names_other(before) and not has_passed_number):
                return None
        return None

    def _is_link(self, place: int) -> bool:
        behind = self.text[self._tokens[place].end :].lstrip()[:1]
        return self._tokens[place].word in LINKS or behind in (":", "=") or self._tokens[place].word in FILLERS

    def _names_other(self, place: int) -> bool:
        word = self._tokens[place].word
        is_other_code = word == "code" and place > 0 and self._tokens[place - 1].word in OTHER_CODES
        return word in OTHER_NAMES or is_other_code

    def _name_after(self, number: _Number) -> SecretKind | None:
        """Return the kind of secret that is named behind a number: "1234 is my PIN", "use 1234 as the code"."""
        if number.first and self._tokens[number.first - 1].word in OTHER_NAMES:
            return None
        place = number.last + 1
        if place < len(self._tokens) and self._tokens[place].word in ("is", "was", "as", "for"):
            place += 1
            while place < len(self._tokens) - 1 and self._tokens[place].word in DETERMINERS:
                place += 1
        for at in (place, place + 1, place + 2):
            if at < len(self._tokens) and (kind := self._name_at(at)) is not None:
                size = next(len(words) for words in TERMS if self._ends_with(at, words))
                return kind if at - size + 1 <= place else None
        return None

    def _ends_with(self, place: int, words: tuple[str, ...]) -> bool:
        return tuple(token.word for token in self._tokens[max(0, place - len(words) + 1) : place + 1]) == words

    # Passwords, and codes with letters in them

    def _words(self) -> Iterator[Secret]:
        for place, token in enumerate(self._tokens):
            kind = self._name_at(place)
            match = _VALUE.match(self.text, token.end) if kind is not None else None
            if kind is None or match is None:
                continue
            value = match["value"].rstrip(".,;?")
            if self._is_value(kind, value, place, sign=match["sign"], link=match["link"]):
                start, end = match.start("value"), match.start("value") + len(value)
                spoken = kind == "password" and match["link"] and end == match.end("value")
                yield Secret(start, self._end_of_words(end) if spoken else end, kind)

    def _is_value(self, kind: SecretKind, value: str, place: int, *, sign: str | None, link: str | None) -> bool:
        if value.lower() in STATES or (value.lower(),) in TERMS or not value.strip("\"'“”‘’()[]"):
            return False
        has_letter, has_digit = any(map(str.isalpha, value)), any(map(str.isdigit, value))
        if kind != "password":
            return has_letter and has_digit and len(value) in CODE_DIGITS and value[-2:].lower() not in ("am", "pm")
        if (has_letter and has_digit) or any(char in "!@#$%^&*_~+=" for char in value):
            return True
        if value.lower().endswith(("ed", "ing", "en")):
            return False
        if link == "to":
            return any(token.word in CHANGING for token in self._tokens[max(0, place - 4) : place])
        return bool(sign or link)

    def _end_of_words(self, end: int) -> int:
        """Return where a password of several words ends."""
        for _ in range(MAX_PASSWORD_WORDS - 1):
            match = _NEXT_WORD.match(self.text, end)
            if match is None or match["word"].lower() in CLAUSE_ENDS:
                break
            end = match.end()
        return end
