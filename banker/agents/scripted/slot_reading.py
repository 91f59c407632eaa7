"""Reads the arguments of a form from what the customer says, also several at once and corrections."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from banker.text.en.assent import answer
from banker.text.en.slots import (
    Option,
    find_amounts,
    find_codes,
    find_dates,
    find_datetimes,
    find_integers,
    find_options,
    find_times,
)
from banker.tools.base import Choice, ParameterType, ToolSpec

MAX_TEXT_CHARACTERS = 500
"""Length of a free text argument that is taken from one turn."""

_MARKERS = {
    "from": ("from", "out of", "off", "since", "starting", "after"),
    "to": ("to", "into", "onto", "until", "till", "through", "before"),
}
"""Words before a value that say which of two arguments it is."""
_ROLES = {
    **dict.fromkeys(("from", "source", "since", "start", "begin"), "from"),
    **dict.fromkeys(("to", "target", "destination", "until", "end", "recipient", "payee"), "to"),
}
"""Parts of arguments' names and the markers that go with them."""
_NEGATED = re.compile(r"\b(?:not|instead of|rather than|isn't|wasn't)(?:\s+(?:the|my|on|from|to))*\s*$", re.IGNORECASE)
_TEXT_MARKERS = {
    "about": ("subject", "topic", "about", "details", "title"),
    "because": ("reason", "cause", "why"),
    "regarding": ("subject", "topic", "about", "details"),
    "concerning": ("subject", "topic", "about", "details"),
    "to": ("payee", "recipient", "person", "country", "destination"),
    "in": ("city", "town", "place", "location", "country"),
    "near": ("city", "town", "place", "location", "postcode"),
    "at": ("shop", "merchant", "store", "branch", "place"),
    "on": ("shop", "merchant", "category"),
    "with": ("shop", "merchant"),
    "for": ("purpose", "reason", "topic", "name", "currency"),
    "saying": ("message", "details", "text", "note"),
}
"""Words before a free text, and the parts of names of arguments that it may be."""
_TEXT_END = re.compile(r"\s{2,}|[,;.?!](?:\s|$)|\s(?:from|starting|until|till|on|every|by|and|please)\b")
_TRAILING = re.compile(r"\s(?:at|in|for|to|with|of|the|my)$")
_LEAD_IN = re.compile(
    r"^(?:(?:um+|uh+|well|so|oh|okay|ok|please|yes|yeah|no|sorry)[\s,]+)*(?:(?:it'?s|it is|that'?s|that is|this is|"
    r"i'?d say|make (?:it|that)|the answer is)\s+(?:called\s+)?)?",
    re.IGNORECASE,
)
_POINTING = re.compile(r"\b(?:it|this|that|this one|that one|there|same)\b", re.IGNORECASE)

ChoicesOf = Callable[[str, str], Awaitable[Sequence[Choice]]]


@dataclass
class Reading:
    """What a turn says about a form: values by argument, and the part of the text that no value uses."""

    values: dict[str, Any] = field(default_factory=dict)
    candidates: dict[str, list[str]] = field(default_factory=dict)
    rest: str = ""


@dataclass(frozen=True)
class _Found:
    value: Any
    start: int
    end: int
    negated: bool = False
    role: str = ""


async def read_slots(
    text: str,
    spec: ToolSpec,
    choices_of: ChoicesOf,
    *,
    values: Mapping[str, Any],
    asked: str = "",
    limited_to: Mapping[str, Sequence[str]] | None = None,
    mentioned: Sequence[str] = (),
    now: datetime,
) -> Reading:
    """Read arguments of `spec` from `text`. `values` are those known so far, `asked` is the one in question.

    `limited_to` are the values of a choice that an earlier answer left open, and `mentioned` the values that "it" may
    refer to.
    """
    limited_to = limited_to or {}
    roles = {_role(name) for name, parameter in spec.parameter_types.items() if parameter.kind == "choice"}
    slots = _SlotReader(text, values, limited_to, asked, now, roles, forward=spec.confirm)
    for names, options in await _choice_groups(spec, choices_of, limited_to):
        slots.choose(names, options, mentioned)
    by_kind: dict[str, list[str]] = {}
    for name, parameter in spec.parameter_types.items():
        by_kind.setdefault(parameter.kind, []).append(name)
    for kind in ("datetime", "date", "time", "amount", "integer", "boolean"):
        if of_kind := by_kind.get(kind):
            slots.take(kind, of_kind)
    without_choices = [name for name in by_kind.get("choice", []) if name not in slots.offered]
    slots.take_text([*by_kind.get("text", []), *without_choices], spec.parameter_types)
    return Reading(slots.values, slots.candidates, slots.rest())


async def _choice_groups(
    spec: ToolSpec, choices_of: ChoicesOf, limited_to: Mapping[str, Sequence[str]]
) -> list[tuple[list[str], list[Option]]]:
    """Return the arguments that share their choices, with these."""
    groups: list[tuple[list[str], list[Option]]] = []
    same: tuple[list[str], list[Option]] | None
    for name, parameter in spec.parameter_types.items():
        if parameter.kind != "choice":
            continue
        choices = parameter.choices or await choices_of(spec.name, name)
        allowed = limited_to.get(name)
        options = [
            Option(choice.value, tuple(choice.names))
            for choice in choices
            if allowed is None or choice.value in allowed
        ]
        same = next((group for group in groups if group[1] == options), None)
        if same is not None:
            same[0].append(name)
        elif options:
            groups.append(([name], options))
    return groups


class _SlotReader:
    """Reads one kind of argument after the other; what one has read is hidden from the next."""

    def __init__(
        self,
        text: str,
        values: Mapping[str, Any],
        limited_to: Mapping[str, Sequence[str]],
        asked: str,
        now: datetime,
        choice_roles: Collection[str],
        *,
        forward: bool,
    ) -> None:
        self._text = text
        self._left = text
        self._known = values
        self._limited_to = limited_to
        self._asked = asked
        self._now = now
        self._choice_roles = choice_roles
        self._direction: Any = "future" if forward else "past"
        self.values: dict[str, Any] = {}
        self.candidates: dict[str, list[str]] = {}
        self.offered: set[str] = set()

    def rest(self) -> str:
        """Return what no value uses."""
        return " ".join(self._left.split())

    def choose(self, names: list[str], options: list[Option], mentioned: Sequence[str]) -> None:
        """Read the choices that `names` share."""
        self.offered.update(names)
        current = next((self._known[name] for name in names if isinstance(self._known.get(name), str)), None)
        found = [
            self._found(slot.value, slot.start, slot.end) for slot in find_options(self._left, options, current=current)
        ]
        is_new = not self._known and not self._asked
        if not found and is_new and len(names) == 1 and (pointing := _POINTING.search(self._left)):
            values = {option.value for option in options}
            latest = next((value for value in reversed(mentioned) if value in values), None)
            if latest is not None:
                self.values[names[0]] = latest
                self._hide(*pointing.span())
                return
        for name, hit in self._assign(names, found, self._choice_roles):
            self._hide(hit.start, hit.end)
            if len(hit.value) == 1:
                self.values[name] = hit.value[0]
            else:
                self.candidates[name] = list(hit.value)

    def take(self, kind: str, names: list[str]) -> None:
        """Read the arguments of a kind that is not free text."""
        bare = self._asked in names or (kind in ("amount", "integer") and bool(self._known or self.values or names))
        for name, hit in self._assign(names, self._hits(kind, bare, names), {_role(name) for name in names}):
            self.values[name] = hit.value[1] if kind in ("date",) and _role(name) == "to" else hit.value[0]
            self._hide(hit.start, hit.end)

    def _hits(self, kind: str, bare: bool, names: list[str]) -> list[_Found]:
        left = self._left
        if kind == "amount":
            return [
                self._found((_plain(slot.value.amount),), slot.start, slot.end)
                for slot in find_amounts(left, bare=bare)
            ]
        if kind == "integer":
            return [self._found((slot.value,), slot.start, slot.end) for slot in find_integers(left)] if bare else []
        if kind == "date":
            return [
                self._found((slot.value.first.isoformat(), slot.value.last.isoformat()), slot.start, slot.end)
                for slot in find_dates(left, self._now.date(), self._direction)
            ]
        if kind == "time":
            bare = self._asked in names
            return [
                self._found((slot.value.isoformat(),), slot.start, slot.end)
                for slot in find_times(left, self._now, bare=bare)
            ]
        if kind == "datetime":
            return self._moments(names)
        plain = answer(left)
        if plain is None or self._asked not in names:
            return []
        return [_Found((plain == "yes",), 0, len(left))]

    def _moments(self, names: list[str]) -> list[_Found]:
        """Read points in time. A day alone or a time alone completes the other half that is known already."""
        found = []
        name = self._asked if self._asked in names else names[0]
        known = self._known.get(name)
        day_before = next(iter(self._limited_to.get(name, [])), None)
        before = datetime.fromisoformat(str(known or day_before)) if known or day_before else None
        bare = self._asked in names
        for day, time in find_datetimes(self._left, self._now, self._direction, bare=bare):
            parts = [part for part in (day, time) if part is not None]
            date_part = day.value if day else before.date() if before else self._now.date()
            time_part = time.value if time else before.time() if known and before else None
            if time_part is None:
                self.candidates[name] = [date_part.isoformat()]
                self._hide(parts[0].start, parts[0].end)
                continue
            moment = datetime.combine(date_part, time_part).isoformat()
            found.append(self._found((moment,), min(p.start for p in parts), max(p.end for p in parts)))
        return found

    def take_text(self, names: list[str], parameters: Mapping[str, ParameterType]) -> None:
        """Read free text: the whole turn if it was asked for, otherwise what follows a word such as "about"."""
        if self._asked in names:
            whole = _LEAD_IN.sub("", self._text.strip(), count=1)
            # "My street is Elm Street" answers with "Elm Street"; "my card is bent" is all of a ticket's subject.
            named = re.escape(self._asked.replace("_", " "))
            whole = re.sub(rf"^(?:my|the)\s+{named}\s+is\s+(?:called\s+)?", "", whole, flags=re.IGNORECASE)
            whole = whole.strip(" .,;") or self._text.strip()
            if any(character.isalnum() for character in whole):
                self.values[self._asked] = whole[:MAX_TEXT_CHARACTERS]
                self._left = ""
            return
        for name in names:
            if (span := self._marked_text(name)) is not None:
                start, end = span
                self.values[name] = self._text[start:end].strip(" .,;?!")[:MAX_TEXT_CHARACTERS]
                self._hide(start, end)
            elif re.search(r"(?:^|_)(?:id|number|code|iban|reference)$", name) and (codes := find_codes(self._left)):
                self.values[name] = codes[0].value
                self._hide(codes[0].start, codes[0].end)

    def _marked_text(self, name: str) -> tuple[int, int] | None:
        parts = set(name.lower().split("_"))
        words = [marker for marker, names in _TEXT_MARKERS.items() if parts & set(names)]
        own = [name.replace("_", " ")]
        pattern = rf"\b(?:(?:{'|'.join(map(re.escape, own))})\s*(?:is|:|to)|{'|'.join(words) or 'named'})\s+(\S.*)"
        for match in re.finditer(pattern, self._left, re.IGNORECASE):
            text = _TRAILING.sub("", _TEXT_END.split(match[1], maxsplit=1)[0].strip())
            if re.search(r"\w{2}", text) and text.lower() not in ("me", "it", "that", "this", "you"):
                return match.start(1), match.start(1) + len(text)
        return None

    def _found(self, value: Any, start: int, end: int) -> _Found:
        before = self._text[max(0, start - 40) : start].lower()
        role = ""
        if words := re.findall(r"\b(?:" + "|".join(w for group in _MARKERS.values() for w in group) + r")\b", before):
            tail = before[before.rindex(words[-1]) + len(words[-1]) :]
            if len(tail.split()) <= 3 and not re.search(r"[.,;]|\band\b", tail):
                role = next(name for name, group in _MARKERS.items() if words[-1] in group)
        return _Found(value, start, end, bool(_NEGATED.search(before)), role)

    def _assign(self, names: list[str], found: list[_Found], roles: Collection[str]) -> list[tuple[str, _Found]]:
        """Decide which argument each value is: by the word before it, by the question, by the value it replaces.

        `roles` are those of all arguments of this kind: a value with the marker of another one is left to that.
        """
        for hit in [hit for hit in found if hit.negated]:
            self._hide(hit.start, hit.end)
        wanted = [hit for hit in found if not hit.negated]
        replaced = [hit for hit in found if hit.negated]
        assigned: dict[str, _Found] = {}
        open_names = list(names)
        for hit in wanted:
            fitting = [name for name in open_names if hit.role and _role(name) == hit.role]
            if not fitting and hit.role and hit.role in roles:
                continue
            candidates = fitting or self._unmarked(open_names, replaced)
            if candidates and (fitting or len(names) == 1 or len(wanted) > 1 or self._clear(candidates, names)):
                assigned[candidates[0]] = hit
                open_names.remove(candidates[0])
        return list(assigned.items())

    def _unmarked(self, names: list[str], replaced: list[_Found]) -> list[str]:
        """Order the arguments that a value without a marker may be, the likeliest first."""
        old = {str(value) for hit in replaced for value in hit.value}
        return sorted(
            names,
            key=lambda name: (
                name != self._asked,
                not (old and str(self._known.get(name)) in old),
                name in self._known and bool(self._asked),
                names.index(name),
            ),
        )

    def _clear(self, candidates: list[str], names: list[str]) -> bool:
        """Say whether a single value without a marker can only be the first of `candidates`."""
        missing = [name for name in names if name not in self._known and name not in self.values]
        return candidates[0] == self._asked or len(missing) <= 1 or not any(_role(name) for name in names)

    def _hide(self, start: int, end: int) -> None:
        self._left = self._left[:start] + "\0" * (end - start) + self._left[end:]
        self._left = self._left.replace("\0", " ")


def _role(name: str) -> str:
    return next((_ROLES[part] for part in name.lower().split("_") if part in _ROLES), "")


def _plain(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text and Decimal(text) == int(amount) else text
