"""Grounding: a sentence may only contain numeric entities from a tool, the user or the bank's own texts.

The check covers amounts, percentages, decimals, plain numbers of 100 and above (including years), account, card, ticket
and telephone numbers, IBANs and other codes, the endings of masked numbers, dates and times of day, in digits or words.
A number that a model computes, such as a total or a rounded amount, is not grounded. The check ignores plain numbers
below 100 that are neither money nor a percentage, a code or a date ("two accounts", "within 24 hours"), fractions,
"24/7" and "100%". A number without a noun ("You have ninety-nine") is checked from 20 on.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import takewhile
from typing import Any

from banker.text.en.entities import NumericEntity, code_key, number_key, numeric_entities

MAX_FACTS = 5000
"""When full, the oldest fact is dropped. A session's largest tool results have a few hundred."""
MIN_BARE_FIGURE = 20
"""A smaller number without a noun usually answers "how many?"."""
_USER_PREFIX = "user "
_ACCOUNT_STATEMENT = re.compile(
    r"\b(?:balances?|available|overdrawn|in credit|savings|checking|you (?:now )?(?:have|own|hold)|"
    r"(?:your|the) (?:\w+ ){0,3}account)\b",
    re.IGNORECASE,
)
_BALANCE = re.compile(r"\bbalances?\b", re.IGNORECASE)
_QUOTATION = re.compile(r"“[^”]*”|\"[^\"]*\"")


class GroundingGuard:
    """The known numbers of one session.

    The caller adds the tenant's texts and today's date, every text of the user, and every tool result. The whole state
    is `facts()`: `GroundingGuard(guard.facts())` continues in another process.
    """

    def __init__(self, facts: Iterable[str] = ()) -> None:
        known = list(facts)
        self._facts: dict[str, None] = dict.fromkeys(fact for fact in known if not fact.startswith(_USER_PREFIX))
        user_facts = [fact.removeprefix(_USER_PREFIX) for fact in known if fact.startswith(_USER_PREFIX)]
        self._user: GroundingGuard | None = GroundingGuard(user_facts) if user_facts else None

    def facts(self) -> list[str]:
        """Return the state as JSON data. It contains account numbers, so store it only with the session."""
        user_facts = self._user.facts() if self._user else []
        return [*self._facts, *(_USER_PREFIX + fact for fact in user_facts)]

    def learn_user_text(self, text: str) -> None:
        """Add the numbers in the user's words. They may be repeated to the user, but do not prove a balance."""
        self._user = self._user or GroundingGuard()
        self._user.learn(text)

    def learn(self, value: Any) -> None:
        """Add every number in a text, a number, a date, or JSON data of any depth."""
        if isinstance(value, str):
            for entity in numeric_entities(value):
                self._learn_entity(entity)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                self.learn(item)
                if isinstance(item, str):  # "O-1" is only a code if it is called the number of an order
                    self.learn(f"{str(key).replace('_', ' ')}: {item}")
        elif isinstance(value, list | tuple | set | frozenset):
            for item in value:
                self.learn(item)
        elif isinstance(value, datetime | date):
            self.learn(value.isoformat())
        elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            self._learn_number(Decimal(str(value)))
        while len(self._facts) > MAX_FACTS:
            del self._facts[next(iter(self._facts))]

    def learn_facts(self, facts: Iterable[str]) -> None:
        """Add the `facts()` of another guard that has learnt tool results and texts of the bank."""
        for fact in facts:
            self._add(fact)

    def allows(self, sentence: str) -> bool:
        """Return whether every number in a sentence, as the agent wrote it, is grounded."""
        return not self.ungrounded(sentence)

    def ungrounded(self, sentence: str) -> list[str]:
        """Return the kinds of ungrounded numbers: `amount`, `code`, `date`, … (see `NumericEntity`)."""
        figures = [e for e in numeric_entities(sentence) if e.kind != "count" or _is_bare_figure(e, sentence)]
        unknown = [e for e in figures if not any(map(self._knows, e.keys))]
        if self._user and not _ACCOUNT_STATEMENT.search(_QUOTATION.sub(" ", sentence)):
            unknown = [entity for entity in unknown if not any(map(self._user._knows, entity.keys))]
        return list(dict.fromkeys(entity.kind for entity in unknown))

    def _learn_number(self, number: Decimal) -> None:
        if number.is_finite():
            self._add(number_key(number))
            if number >= 100 and number == number.to_integral_value():
                self._add(code_key(str(int(number))))

    def _learn_entity(self, entity: NumericEntity) -> None:
        for key in entity.keys:
            self._add("c:" + key[2:] if key.startswith("e:") else key)

    def _add(self, key: str) -> None:
        self._facts.pop(key, None)  # a repeated fact becomes the newest one
        self._facts[key] = None

    def _knows(self, key: str) -> bool:
        if key in self._facts:
            return True
        kind, value = key[:2], key[2:]
        if kind == "e:":
            return any(code.endswith(value) for code in self._of_kind("c:"))
        if kind == "c:":
            return value.isdigit() and (self._ends_a_code(value) or self._is_known_year(value))
        return kind == "d:" and any(_is_part_of(value, known) for known in self._of_kind("d:"))

    def _ends_a_code(self, digits: str) -> bool:
        """Return whether `digits` are all digits of a code such as "acc-789", or four or more last ones of any code."""
        return any(
            code.endswith(digits) and (len(digits) >= 4 or _last_digits(code) == digits) for code in self._of_kind("c:")
        )

    def _is_known_year(self, digits: str) -> bool:
        return len(digits) == 4 and any(known.startswith(digits + "-") for known in self._of_kind("d:"))

    def _of_kind(self, kind: str) -> Iterable[str]:
        return (fact[2:] for fact in self._facts if fact.startswith(kind))


def _is_bare_figure(count: NumericEntity, sentence: str) -> bool:
    """Return whether a number without a noun must be grounded: "You have ninety-nine", "Your balance is twelve"."""
    values = [Decimal(key[2:]) for key in count.keys if key.startswith("n:")]
    return any(value >= MIN_BARE_FIGURE for value in values) or bool(values and _BALANCE.search(sentence))


def _last_digits(code: str) -> str:
    return "".join(takewhile(str.isdigit, reversed(code)))[::-1]


def _is_part_of(partial_date: str, known_date: str) -> bool:
    """Return whether every given part of a date equals that of the known date."""
    return all(part in ("", other) for part, other in zip(partial_date.split("-"), known_date.split("-"), strict=True))
