"""Decides which argument a value is for, where several arguments take values of one kind."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from banker.text.en.value_context import RETRACTION, is_negated_after, role_after, role_of


@dataclass(frozen=True)
class FoundValue:
    """A value in a text. `value` holds what the kind needs; `role` is "from", "to" or ""."""

    value: Any
    start: int
    end: int
    negated: bool = False
    role: str = ""


def found_in(text: str, value: Any, start: int, end: int, *, after: int = 0) -> FoundValue:
    """Return a value with what the words before it say: which end it is, and whether it is the one not meant.

    `after`: where the value before it ends.
    """
    before = text[max(after, start - 40) : start].lower()
    return FoundValue(value, start, end, is_negated_after(before), role_after(before))


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
