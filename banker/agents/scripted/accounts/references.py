"""Which account the user's words point at: a number, a name, the other one, all of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_ID = re.compile(r"\b[a-z]{2,8}-\d{1,12}\b", re.IGNORECASE)
_DIGITS = re.compile(r"\b(?:acc(?:ount)?|number|no)\b\.?\s*(?:number\s*)?(\d(?:[\s-]?\d){1,30})\b", re.IGNORECASE)
_NEGATED = re.compile(r"\bnot (?:(?:the|my|that|this) )?\w+(?: account| one)?", re.IGNORECASE)
_SAME = {"saving": "savings", "current": "checking", "giro": "checking", "chequing": "checking", "company": "business"}
_KINDS = frozenset({"savings", "checking", "joint", "business", "deposit", "credit", "loan", "mortgage", "salary"})
_OTHER = frozenset({"other", "others", "second", "another", "different"})
_ALL = frozenset({"all", "both", "each", "every", "everything", "accounts", "balances"})
_TAKEN = frozenset(
    {"open", "ticket", "tickets", "human", "cancel", "stop", "help", "lost", "stolen", "thanks", "hello"}
)
_SHORT_NAME = 4
_FILLERS = frozenset(
    """a account actually again an and asked balance card correct don't else for hm how i in is it it's kindly like look
    me mean meant my not now number of ok okay on one ones our no oh please rather same see show so sorry still tell
    that the then there these this too uh um wait want wanted was well what what's with would yes you i'd there's
    about also but by check do does have has got money much stand give let's now her his nope nah
    or to are together""".split()
)


@dataclass(frozen=True)
class Reference:
    """`number`: the account `value`; `name`: accounts whose name has the word `value`; `other`; `all`."""

    kind: Literal["number", "name", "other", "all"]
    value: str = ""


def reference(text: str, accounts: Sequence[Sequence[str]], here: str = "") -> Reference | None:
    """What `text` points at. `accounts`: the pairs of number and name that are known; `here`: the number that the
    portal shows, which tells what the bank's numbers look like."""
    text = _NEGATED.sub(" ", text)
    lower = text.lower()
    for number, _ in accounts:
        if number and re.search(rf"(?<!\w){re.escape(number.lower())}(?!\w)", lower):
            return Reference("number", number)
    if match := _ID.search(text):
        return Reference("number", match.group())
    if match := _DIGITS.search(text):
        return Reference("number", _as_bank_writes(re.sub(r"\D", "", match.group(1)), accounts, here))
    words = _words(text)
    named = _name_words(accounts)
    if word := next((word for word in words if word in named), None):
        return Reference("name", word)
    if _ALL & set(words):
        return Reference("all")
    return Reference("other") if _OTHER & set(words) else None


def points_only(text: str, found: Reference, accounts: Sequence[Sequence[str]]) -> bool:
    """Whether `text` says nothing but which account is meant: "and the other one?", "no, the savings account"."""
    if "don't" in text.lower().replace("\u2019", "'") or len(text) > 120:
        return False
    text = _NEGATED.sub(" ", text)
    if found.kind == "number":
        text = re.sub(re.escape(found.value), " ", text, flags=re.IGNORECASE)
        text = re.sub(r"[\d-]+|\bacc\b", " ", text)
    expected = _FILLERS | _OTHER | _ALL | _name_words(accounts)
    return all(word in expected or word == found.value for word in _words(text))


def names(word: str, name: str) -> bool:
    """Whether an account's `name` has `word`, a checking account also being a current one."""
    return word in _words(name)


def _name_words(accounts: Sequence[Sequence[str]]) -> frozenset[str]:
    """Words that name an account: usual ones, and those of short names that mean nothing else to the banker."""
    own = {word for _, name in accounts if len(name.split()) <= _SHORT_NAME for word in _words(name)}
    return _KINDS | (own - _FILLERS - _OTHER - _ALL - _TAKEN)


def _words(text: str) -> list[str]:
    plain = text.lower().replace("\u2019", "'")
    return [_SAME.get(word, word) for word in re.findall(r"[^\W_]+(?:'[^\W_]+)*", plain)]


def _as_bank_writes(digits: str, accounts: Sequence[Sequence[str]], here: str) -> str:
    for number in (*(number for number, _ in accounts), here):
        if number and re.sub(r"\D", "", number) == digits:
            return number
    prefix = re.fullmatch(r"([A-Za-z]{2,8}-)\d+", here)
    return prefix[1] + digits if prefix else digits
