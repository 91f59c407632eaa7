"""Finds the secrets of a text: card numbers by their check digit, other numbers and words by a nearby name.

`number_runs` finds the numbers, `secret_names` their names, and `secret_words` the secrets that are words.
"""

from collections.abc import Iterator

from banker.text.card_numbers import CARD_DIGITS, begins_like_card, has_check_digit, is_issued
from banker.text.en.secret_terms import (
    CARD_NAMES,
    DETERMINERS,
    FILLERS,
    LINKS,
    OTHER_NAMES,
    PRONOUNS,
    TERMS,
    SecretKind,
)
from banker.text.number_runs import NumberRun, TokenizedText
from banker.text.secret_names import (
    LINKED_WORDS,
    NEAR_WORDS,
    is_card_before,
    is_link,
    is_named_otherwise,
    name_after,
    name_at,
    name_before,
)
from banker.text.secret_words import CODE_DIGITS, Secret, find_secret_words

NAMED_CARD_DIGITS = 8
"""A number that the customer calls a card number is removed from this length on: a digit may have been misheard, or a
pause may have divided it."""
GROWING_DIGITS = 6
"""From this length on, the number at the end of an interim transcript may become a card number."""
CONTINUED_DIGITS = 4
"""A number of this length at the end of a turn may continue in the next one."""
USUAL_DIGITS: dict[SecretKind, int] = {"pin": 4, "security_code": 3, "code": 6}
"""A secret with fewer digits at the end of a turn continues in the next one."""
AFTER_CARD_CHARACTERS = 80
"""Three or four digits this soon after a card number are its security code."""
ASIDE_WORDS = 6
"""At most this many words interrupt a card number: "4111 1111, no wait, 1111 1111"."""

_CARD_GROUPS = ([4, 4, 4, 4], [4, 6, 5], [4, 6, 4], [4, 4, 4, 4, 3], [4, 4, 5])
_NAMING_WORDS = frozenset({"number", "it", "i", "i'm", "hi", "hello"}).union(
    LINKS, FILLERS, DETERMINERS, CARD_NAMES, *TERMS
)


class SecretParser:
    """Parses one text. Its first `prefix` characters are context and not searched.

    `partial`: the text is still being spoken. `from_customer`: it may have the errors of speech; otherwise it is data.
    `expected`: the secret from the previous turn that "it" means in "I think it was 4821".
    """

    def __init__(
        self,
        text: str,
        prefix: int = 0,
        *,
        partial: bool = False,
        from_customer: bool = True,
        expected: SecretKind | None = None,
    ) -> None:
        self._expected = expected
        self.text = text
        self._prefix = prefix
        self._partial = partial
        self._from_customer = from_customer
        self._words = TokenizedText(text)

    def secrets(self) -> list[Secret]:
        """Return the secrets after the context, in order and without overlaps."""
        found = (*self._numbers(), *self._interrupted_cards(), *find_secret_words(self._words))
        kept: list[Secret] = []
        for secret in sorted(found, key=lambda secret: secret.start):
            if secret.end > self._prefix and (not kept or secret.start >= kept[-1].end):
                kept.append(secret)
        return kept

    def leaves_nothing(self) -> bool:
        """Return whether the text says nothing but its secrets and their names."""
        secrets = self.secrets()
        left = [
            token.word
            for token in self._words.tokens
            if token.start >= self._prefix and not any(s.start <= token.start < s.end for s in secrets)
        ]
        return bool(secrets) and all(word in _NAMING_WORDS for word in left)

    def growing_number(self, after: int) -> int | None:
        """Return the start of the number at the end of the text that may become a card number, if any."""
        number = self._words.last_number()
        if number is None or number.start < after or len(number.digits) < GROWING_DIGITS:
            return None
        return number.start

    def open_context(self) -> str:
        """Return the context for the next text: a name without its value, or a number that may continue."""
        words, number = self._words, self._words.last_number()
        if number is not None:
            kind = self._kind(number)
            if kind in USUAL_DIGITS and len(number.digits) < USUAL_DIGITS[kind]:
                return " ".join([*words.words(number.first - LINKED_WORDS, number.first), *number.digits])
            if len(number.digits) >= CONTINUED_DIGITS:
                return "card number" if self._is_named_card(number) else number.digits[-CARD_DIGITS.stop :]
        end = len(words.tokens)
        while end and words.word(end - 1) in FILLERS:
            end -= 1
        is_only_name = all(token.word in _NAMING_WORDS for token in words.tokens) and name_at(words, end - 1)
        is_open = words.word(end - 1) in LINKS and not self.text.rstrip().endswith((".", "!", "?"))
        if not (is_only_name or (is_open and (name_before(words, end) or is_card_before(words, end)))):
            return ""
        return " ".join(words.words(end - LINKED_WORDS, end)) + (":" if is_only_name else "")

    def _numbers(self) -> Iterator[Secret]:
        card_end: int | None = None
        for number in self._words.numbers:
            kind = self._kind(number)
            if kind is None and card_end is not None and number.start - card_end < AFTER_CARD_CHARACTERS:
                is_named = self._words.word(number.first - 1) in OTHER_NAMES
                kind = "security_code" if len(number.digits) in (3, 4) and not is_named else None
            if kind == "card":
                card_end = number.end
            if kind is not None:
                yield Secret(number.start, number.end, kind)

    def _kind(self, number: NumberRun) -> SecretKind | None:
        is_card = self._is_card(number) or self._is_named_card(number) or self._is_misheard_card(number)
        if is_card and not number.is_scaled:
            return "card"
        if number.is_scaled or len(number.digits) in CODE_DIGITS:
            named = name_before(self._words, number.first) or name_after(self._words, number)
            return named or ("code" if self._is_code_of_clause(number) else self._of_pronoun(number))
        is_last = number is self._words.last_number()
        if not is_last or len(number.digits) >= CODE_DIGITS.stop:
            return None
        is_begun = number.first > 0 and is_link(self._words, number.first - 1)
        return name_before(self._words, number.first) if self._partial or is_begun else None

    def _of_pronoun(self, number: NumberRun) -> SecretKind | None:
        """Return the secret that the previous turn named, if the number is the value of "it"."""
        if self._expected is None or number.is_scaled or len(number.digits) != USUAL_DIGITS.get(self._expected):
            return None
        is_said = number.first > 0 and is_link(self._words, number.first - 1)
        said_of = self._words.words(number.first - NEAR_WORDS - 2, number.first)
        return self._expected if is_said and PRONOUNS & {*said_of} else None

    def _is_code_of_clause(self, number: NumberRun) -> bool:
        """Say whether six digits belong to a code that was named some words before: "the code you sent me, 482913"."""
        if number.is_scaled or len(number.digits) != USUAL_DIGITS["code"] or not self._from_customer:
            return False
        names = (name_at(self._words, place) for place in range(number.first))
        is_named = any(name is not None and name[0] == "code" for name in names)
        return is_named and not is_named_otherwise(self._words, number.first)

    def _is_card(self, number: NumberRun) -> bool:
        digits = number.digits
        if len(digits) < CARD_DIGITS.start or digits[0] == "0" or self.text[: number.start].endswith("+"):
            return False
        sizes = [len(group) for group in number.groups]
        is_named = is_card_before(self._words, number.first)
        if not (number.is_plain or sizes in _CARD_GROUPS or set(sizes) == {1} or is_named):
            return False
        continues = number.start < self._prefix and self._from_customer
        is_other = continues or is_named_otherwise(self._words, number.first)
        if has_check_digit(digits) and (is_issued(digits) or not is_other):
            return True
        return not is_named_otherwise(self._words, number.first) and _contains_card(number)

    def _is_named_card(self, number: NumberRun) -> bool:
        is_long = len(number.digits) >= NAMED_CARD_DIGITS and number.is_plain
        return self._from_customer and is_long and is_card_before(self._words, number.first)

    def _is_misheard_card(self, number: NumberRun) -> bool:
        """Say whether a customer's number begins like a card's and comes in groups like one: a digit may be wrong."""
        is_like_card = len(number.digits) in CARD_DIGITS and begins_like_card(number.digits)
        is_grouped = len(number.groups) > 2 and len(number.groups[0]) == 4
        return self._from_customer and is_like_card and is_grouped and not is_named_otherwise(self._words, number.first)

    def _interrupted_cards(self) -> Iterator[Secret]:
        """Yield the parts of card numbers with words between them: "4111 1111, sorry, then 1111 1111"."""
        numbers = self._words.numbers
        for first in range(len(numbers)):
            digits = numbers[first].digits
            for last in range(first + 1, len(numbers)):
                between = self._words.words(numbers[last - 1].last + 1, numbers[last].first)
                digits += numbers[last].digits
                is_aside = len(between) <= ASIDE_WORDS and not any(word in OTHER_NAMES for word in between)
                if not is_aside or len(digits) >= CARD_DIGITS.stop or numbers[last].is_scaled:
                    break
                if is_issued(digits) and has_check_digit(digits):
                    yield from (Secret(number.start, number.end, "card") for number in numbers[first : last + 1])
                    break


def _contains_card(number: NumberRun) -> bool:
    """Return whether some of the groups are a card number: an expiry date or a security code follows it."""
    if len(number.groups) == 1:
        return any(is_issued(number.digits[:size]) and has_check_digit(number.digits[:size]) for size in CARD_DIGITS)
    for first in range(len(number.groups)):
        digits = ""
        for group in number.groups[first:]:
            digits += group
            if len(digits) in CARD_DIGITS and is_issued(digits) and has_check_digit(digits):
                return True
    return False
