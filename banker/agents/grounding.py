"""Nothing invented is spoken: each figure of a sentence was heard from a tool, the user or the bank's own texts.

Checked are amounts, percentages, decimals, plain numbers of three figures and more (years too), account, card, ticket
and telephone numbers, IBANs and other codes, the endings of masked ones, dates and times of day, in figures or in
words. What a model works out itself (a total, a rounded amount) was never heard either. Free are plain numbers below
100 that nothing marks as money, percent, number of something or date ("two accounts", "within 24 hours"), fractions,
"24/7" and "100%".
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import takewhile
from typing import Any

from banker.text.en.entities import NumericEntity, code_key, figures, number_key

MAX_FACTS = 5000
"""What is learnt beyond pushes out what was learnt first."""
_FROM_USER = "user "
_ABOUT_MONEY = re.compile(
    r"\b(?:balances?|available|overdrawn|in credit|savings|checking|you (?:now )?(?:have|own|hold)|"
    r"(?:your|the) (?:\w+ ){0,3}account)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"")


class GroundingGuard:
    """The figures one session has heard.

    The whole state is `facts()`: `GroundingGuard(facts)` continues with it in another process.

    The caller teaches it the tenant's texts and today's date, each word of the user, each tool's value and reason.
    """

    def __init__(self, facts: Iterable[str] = ()) -> None:
        known = list(facts)
        self._facts: dict[str, None] = dict.fromkeys(fact for fact in known if not fact.startswith(_FROM_USER))
        said = [fact.removeprefix(_FROM_USER) for fact in known if fact.startswith(_FROM_USER)]
        self._user: GroundingGuard | None = GroundingGuard(said) if said else None

    def facts(self) -> list[str]:
        """Everything learnt, as JSON data; it holds account numbers: keep it where the session is kept."""
        said = self._user.facts() if self._user else []
        return [*self._facts, *(_FROM_USER + fact for fact in said)]

    def hear(self, text: str) -> None:
        """Learn the figures of the user's words: they may be read back, but prove nothing about his accounts."""
        self._user = self._user or GroundingGuard()
        self._user.learn(text)

    def learn(self, value: Any) -> None:
        """Learn every figure of a text, a number, a date, or of JSON data whatever its depth."""
        if isinstance(value, str):
            for figure in figures(value):
                self._learn_figure(figure)
        elif isinstance(value, Mapping):
            for inner in value.values():
                self.learn(inner)
        elif isinstance(value, list | tuple | set | frozenset):
            for inner in value:
                self.learn(inner)
        elif isinstance(value, datetime | date):
            self.learn(value.isoformat())
        elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            self._learn_number(Decimal(str(value)))
        while len(self._facts) > MAX_FACTS:
            del self._facts[next(iter(self._facts))]

    def know(self, facts: Iterable[str]) -> None:
        """Take over what another guard has learnt of tools and texts, its `facts()`."""
        for fact in facts:
            self._add(fact)

    def allows(self, text: str) -> bool:
        """Whether a sentence, as an agent wrote it, may be spoken."""
        return not self.offending(text)

    def offending(self, text: str) -> list[str]:
        """The kinds of figures in `text` that were never heard: `amount`, `code`, `date`, … (see `NumericEntity`)."""
        unknown = [f for f in figures(text) if f.kind != "count" and not any(map(self._knows, f.keys))]
        if self._user and not _ABOUT_MONEY.search(_QUOTED.sub(" ", text)):
            unknown = [f for f in unknown if not any(map(self._user._knows, f.keys))]
        return list(dict.fromkeys(f.kind for f in unknown))

    def _learn_number(self, number: Decimal) -> None:
        if number.is_finite():
            self._add(number_key(number))
            if number >= 100 and number == number.to_integral_value():
                self._add(code_key(str(int(number))))

    def _learn_figure(self, figure: NumericEntity) -> None:
        for key in figure.keys:
            self._add("c:" + key[2:] if key.startswith("e:") else key)

    def _add(self, key: str) -> None:
        self._facts.pop(key, None)  # what is said again is young again
        self._facts[key] = None

    def _knows(self, key: str) -> bool:
        if key in self._facts:
            return True
        kind, value = key[:2], key[2:]
        if kind == "e:":
            return any(code.endswith(value) for code in self._of("c:"))
        if kind == "c:":
            return value.isdigit() and (self._ends_a_code(value) or self._is_known_year(value))
        return kind == "d:" and any(_fits(value, known) for known in self._of("d:"))

    def _ends_a_code(self, digits: str) -> bool:
        """The figures of "acc-789", or the last four and more of any number."""
        return any(
            code.endswith(digits) and (len(digits) >= 4 or _last_digits(code) == digits) for code in self._of("c:")
        )

    def _is_known_year(self, digits: str) -> bool:
        return len(digits) == 4 and any(known.startswith(digits + "-") for known in self._of("d:"))

    def _of(self, kind: str) -> Iterable[str]:
        return (fact[2:] for fact in self._facts if fact.startswith(kind))


def _last_digits(code: str) -> str:
    return "".join(takewhile(str.isdigit, reversed(code)))[::-1]


def _fits(said: str, known: str) -> bool:
    """Each part of the date that is said is a part of the one that is known."""
    return all(part in ("", other) for part, other in zip(said.split("-"), known.split("-"), strict=True))
