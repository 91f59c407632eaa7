"""Decides which argument a value is for, where several arguments take values of one kind."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

_MARKERS = {
    "from": ("from", "form", "out of", "off", "since", "starting", "after"),
    "to": ("to", "into", "onto", "until", "till", "through", "before"),
}
"""Words before a value that say which of two arguments it is."""
_ROLES = {
    **dict.fromkeys(("from", "source", "since", "start", "begin", "departure"), "from"),
    **dict.fromkeys(("to", "target", "destination", "until", "end", "recipient", "payee", "return"), "to"),
}
"""Parts of arguments' names and the markers that go with them."""
_MARKER = re.compile(r"\b(?:" + "|".join(word for group in _MARKERS.values() for word in group) + r")\b")
_BETWEEN = re.compile(r"[.,;]|\b(?:and|on|at|by|for|with|in|about)\b")
"""What ends the reach of a marker: in "to Italy on Friday" the day is not what "to" is about."""
_REACH_WORDS = 3
RETRACTION = re.compile(
    r"\b(?:no|sorry|oops|wait|rather|actually|i mean(?:t)?|make (?:it|that)|scratch that|or is it)\b", re.IGNORECASE
)
"""Between two values, what takes the first one back: "50, no, 60"."""
_NEGATED = re.compile(r"\b(?:not|instead of|rather than|isn't|wasn't)(?:\s+(?:the|my|on|from|to))*\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class FoundValue:
    """A value in a text. `value` holds what the kind needs; `role` is "from", "to" or ""."""

    value: Any
    start: int
    end: int
    negated: bool = False
    role: str = ""


def role_of(name: str) -> str:
    """Return "from" or "to" if the name of an argument says that it is one end of something, otherwise ""."""
    return next((_ROLES[part] for part in name.lower().split("_") if part in _ROLES), "")


def markers_of(name: str) -> tuple[str, ...]:
    """Return the words that stand before a value of an argument because of its role."""
    return _MARKERS.get(role_of(name), ())


def found_in(text: str, value: Any, start: int, end: int, *, after: int = 0) -> FoundValue:
    """Return a value with what the words before it say: which end it is, and whether it is the one not meant.

    `after`: where the value before it ends.
    """
    before = text[max(after, start - 40) : start].lower()
    role = ""
    markers = list(_MARKER.finditer(before))
    if markers:
        tail = before[markers[-1].end() :]
        if len(tail.split()) <= _REACH_WORDS and not _BETWEEN.search(tail):
            role = next(name for name, group in _MARKERS.items() if markers[-1][0] in group)
    return FoundValue(value, start, end, bool(_NEGATED.search(before)), role)


def counts(after: str, name: str) -> bool:
    """Say whether what follows a number says that it is this argument: "24 months" for `months`."""
    word = re.match(r"\W*([^\W\d_]+)", after)
    return word is not None and word[1].lower().rstrip("s") in {part.rstrip("s") for part in name.lower().split("_")}


def retracted(text: str, found: Sequence[FoundValue]) -> list[FoundValue]:
    """Return the values with those negated that the customer takes back in the same breath: "50, no, 60"."""
    kept = sorted(found, key=lambda hit: hit.start)
    for at, hit in enumerate(kept[1:], start=1):
        if hit.negated or not RETRACTION.search(text, kept[at - 1].end, hit.start):
            continue
        earlier = [n for n in range(at) if not (hit.role and kept[n].role) or kept[n].role == hit.role]
        if earlier:
            kept[earlier[-1]] = replace(kept[earlier[-1]], negated=True)
    return kept


def assign(
    names: Sequence[str], found: Sequence[FoundValue], roles: Collection[str], known: Mapping[str, Any], asked: str
) -> list[tuple[str, FoundValue]]:
    """Decide which argument each value is: by the word before it, by the question, by the value it replaces.

    `roles` are those of all arguments of this kind: a value with the marker of another one is left to that.
    """
    wanted = [hit for hit in found if not hit.negated]
    replaced = {str(value) for hit in found if hit.negated for value in hit.value}
    assigned: dict[str, FoundValue] = {}
    open_names = list(names)
    for hit in sorted(wanted, key=lambda hit: not any(hit.role and role_of(name) == hit.role for name in names)):
        fitting = [name for name in open_names if hit.role and role_of(name) == hit.role]
        if not fitting and hit.role and hit.role in roles:
            continue
        candidates = fitting or _unmarked(open_names, replaced, names, known, asked)
        if candidates and (fitting or len(names) == 1 or len(wanted) > 1 or _is_clear(candidates, names, known, asked)):
            assigned[candidates[0]] = hit
            open_names.remove(candidates[0])
    return list(assigned.items())


def _unmarked(
    open_names: Sequence[str], replaced: set[str], names: Sequence[str], known: Mapping[str, Any], asked: str
) -> list[str]:
    """Order the arguments that a value without a marker may be, the likeliest first."""
    return sorted(
        open_names,
        key=lambda name: (
            name != asked,
            not (replaced and str(known.get(name)) in replaced),
            name in known and bool(asked),
            names.index(name),
        ),
    )


def _is_clear(candidates: Sequence[str], names: Sequence[str], known: Mapping[str, Any], asked: str) -> bool:
    """Say whether a single value without a marker can only be the first of `candidates`."""
    missing = [name for name in names if name not in known]
    return candidates[0] == asked or len(missing) <= 1 or not any(role_of(name) for name in names)
