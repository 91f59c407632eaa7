"""Reads the arguments of a form from what the customer says, also several at once and corrections."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from banker.agents.scripted.slots.assignment import FoundValue, assign, found_in, retracted
from banker.agents.scripted.slots.bank_choices import (
    ChoicesOf,
    among_listed,
    answered_name,
    choice_groups,
    every_value,
    listed_in_question,
    narrowed,
    of_day,
    unknown_name,
)
from banker.agents.scripted.slots.known import Known, Reading, UnreadText
from banker.agents.scripted.slots.text_arguments import take_texts
from banker.text.en.assent import answer
from banker.text.en.on_off import find_switch
from banker.text.en.slots import (
    DateSpan,
    Option,
    Slot,
    find_amounts,
    find_dates,
    find_datetimes,
    find_impossible_dates,
    find_integers,
    find_options,
    find_times,
    plain_amount,
    shift,
)
from banker.text.en.value_context import RETRACTION, counts, role_of
from banker.tools.base import ToolSpec

_KINDS = ("datetime", "date", "time", "amount", "integer", "boolean")
"""In this order, apart from what was asked for: "2000" is an amount if the question was "How much?"."""
MAX_WORDS_OF_CORRECTION = 2
"""So few words with a number, such as "9 then", correct what takes no other number."""
_SINCE = re.compile(r"\bsince\s(?:the\s|last\s)?$", re.IGNORECASE)
_RELATIVE = re.compile(r"\s(?:(?P<more>more|extra)|less|fewer)(?=[\s.,!?]*$)", re.IGNORECASE)
_POINTING = re.compile(r"\b(?:it|this|that|this one|that one|there|same|him|her|them)\b", re.IGNORECASE)


async def read_slots(text: str, spec: ToolSpec, choices_of: ChoicesOf, known: Known, now: datetime) -> Reading:
    """Read arguments of `spec` from `text`. `now` is the bank's local time."""
    by_kind: dict[str, list[str]] = {}
    for name, parameter in spec.parameter_types.items():
        by_kind.setdefault(parameter.kind, []).append(name)
    turn = UnreadText(text, known, spec.parameter_types)
    slots = _SlotReader(turn, now, spec)
    groups = await choice_groups(spec, choices_of, known.limited_to)
    slots.take_money(by_kind.get("amount", []), groups)
    in_question_first = sorted(groups, key=lambda group: (known.asked not in group[0], known.corrected not in group[0]))
    for names, options in in_question_first:
        slots.choose(names, options)
    asked = spec.parameter_types.get(known.asked)
    for kind in sorted(_KINDS, key=lambda kind: asked is None or kind != asked.kind):
        if of_kind := by_kind.get(kind):
            slots.take(kind, of_kind)
    offered = [name for names, _ in groups for name in names]
    without_choices = [name for name in by_kind.get("choice", []) if name not in offered]
    take_texts(turn, [*by_kind.get("text", []), *without_choices])
    slots.note_unknown(offered)
    turn.read.rest = " ".join(turn.left.split())
    return turn.read


class _SlotReader:
    """Reads one kind of argument after the other; what one has read is hidden from the next."""

    def __init__(self, turn: UnreadText, now: datetime, spec: ToolSpec) -> None:
        self._turn = turn
        self._known, self._parameters, self._read = turn.known, turn.parameters, turn.read
        self._now = now
        self._direction: Any = "future" if spec.confirm else "past"

    def take_money(self, names: Sequence[str], groups: Sequence[tuple[list[str], list[Option]]]) -> None:
        """Read an amount with its currency, where the currency is an argument too: "300 euros"."""
        for slot in find_amounts(self._turn.left) if names else []:
            currency = slot.value.currency
            fitting = [group for group, options in groups if currency in {option.value for option in options}]
            open_names = [name for group in fitting for name in group if name not in self._read.values]
            if open_names:
                # The currency of an amount is the one that the customer has, not the one to change into.
                name = min(open_names, key=lambda name: (role_of(name) == "to", role_of(name) == ""))
                self._read.values[name] = currency
                amount = next((each for each in names if each not in self._read.values), None)
                if amount is not None:
                    self._read.values[amount] = plain_amount(slot.value.amount)
                self._turn.hide(slot.start, slot.end)

    def choose(self, names: list[str], options: list[Option]) -> None:
        """Read the choices that `names` share."""
        names = [name for name in names if name not in self._read.values]
        known, asked = self._known.values, self._known.asked
        current = next((known[name] for name in names if isinstance(known.get(name), str)), None)
        listed = self._listed(names, len(options))
        left = self._turn.left
        hits = find_options(left, options, current=current, listed=listed)
        hits = among_listed(left, hits, options, self._known.listed)
        if current is not None and asked not in names:  # a day that is spoken of does not change what is chosen
            days = find_dates(left, self._now.date())
            hits = [
                hit for hit in hits if len(hit.value) == 1 or not any(day.start <= hit.end <= day.end for day in days)
            ]
        elif len(names) == 1:
            open_values = self._known.limited_to.get(names[0], [])
            hits = of_day(left, hits, options, open_values, self._now.date())
        ends = [0, *(each.end for each in hits)]
        found = [self._turn.found(each.value, each, after) for each, after in zip(hits, ends, strict=False)]
        if len(names) == 1:
            named, found = found, narrowed(found)
            for hit in named if len(found) < len(named) else ():
                if hit.role in ("", found[-1].role):
                    self._turn.hide(hit.start, hit.end)
        if not found and len(names) == 1:
            if every := every_value(self._turn.left, names[0], options, asked=asked in names):
                self._read.every[names[0]] = every
            elif not known and not asked:
                self._refer_back(names[0], options)
        roles = {role_of(name) for name, parameter in self._parameters.items() if parameter.kind == "choice"}
        for name, hit in self._assigned(names, found, roles):
            if len(hit.value) == 1:
                self._read.values[name] = hit.value[0]
            else:
                self._read.candidates[name] = list(hit.value)

    def _listed(self, names: Sequence[str], number: int) -> int:
        """Return how many choices a position may mean: "make that the fifth" is a date, if the form has one.

        None, if none were read out to the customer: "from my First National account".
        """
        if not (self._known.values or self._known.asked or self._known.limited_to):
            return 0
        has_date = any(parameter.kind in ("date", "datetime") for parameter in self._parameters.values())
        if has_date and self._known.asked not in names:
            return 0
        return listed_in_question(number)

    def _refer_back(self, name: str, options: Sequence[Option]) -> None:
        """Take the value that was spoken of last for "it" and "that one", unless another one is named as well."""
        if unknown_name(self._turn.left, name, self._known.vocabulary, required=self._parameters[name].required):
            return
        values = {option.value for option in options}
        latest = next((value for value in reversed(self._known.mentioned) if value in values), None)
        pointing = _POINTING.search(self._turn.left)
        if latest is not None and pointing is not None:
            self._read.values[name] = latest
            self._turn.hide(*pointing.span())

    def take(self, kind: str, names: list[str]) -> None:
        """Read the arguments of a kind that is not free text."""
        names = [name for name in names if name not in self._read.values]
        hits = self._hits(kind, names) if names else []
        if kind == "date" and self._take_period(names, hits):
            return
        if kind in ("date", "datetime") and names and not hits:
            for day in find_impossible_dates(self._turn.left, self._now.date()):
                self._read.unknown[self._known.asked if self._known.asked in names else names[0]] = day.value
                self._turn.hide(day.start, day.end)
        for name, hit in self._assigned(names, hits, {role_of(name) for name in names}):
            self._read.values[name] = hit.value[-1] if kind == "date" and role_of(name) == "to" else hit.value[0]
        if kind == "date":
            self._order_period(names)

    def _take_period(self, names: Sequence[str], hits: Sequence[FoundValue]) -> bool:
        """Take both ends of a period from one date: "in October", and "yesterday" where both ends may be left out."""
        ends = {role_of(name): name for name in names}
        if len(hits) != 1 or hits[0].role or hits[0].negated or not {"from", "to"} <= ends.keys():
            return False
        first, last = hits[0].value
        optional = not any(self._parameters[ends[role]].required for role in ("from", "to"))
        if first == last and not optional:
            return False
        self._read.values |= {ends["from"]: first, ends["to"]: last}
        self._turn.hide(hits[0].start, hits[0].end)
        return True

    def _order_period(self, names: Sequence[str]) -> None:
        """Exchange the ends of a period that would end before it begins."""
        ends = {role_of(name): name for name in names if name in self._read.values}
        if {"from", "to"} <= ends.keys():
            first, last = self._read.values[ends["from"]], self._read.values[ends["to"]]
            self._read.values |= {ends["from"]: min(first, last), ends["to"]: max(first, last)}

    def _hits(self, kind: str, names: list[str]) -> list[FoundValue]:
        left, asked = self._turn.left, self._known.asked in names
        if kind == "amount":
            return [self._turn.found((self._amount(each, names),), each) for each in find_amounts(left, bare=True)]
        if kind == "integer":
            money = [(each.start, each.end) for each in find_amounts(left)]
            numbers = [
                each
                for each in find_integers(left)
                if asked or not any(start <= each.start < end for start, end in money)
            ]
            counted = [each for each in numbers if any(counts(left[each.end :], name) for name in names)]
            return [self._turn.found((each.value,), each) for each in (counted if len(names) == 1 else []) or numbers]
        if kind == "date":
            dates = [each for each in self._dates(names) if not self._is_over(each)]
            spans = [(each.value.first.isoformat(), each.value.last.isoformat()) for each in dates]
            found = [self._turn.found(span, each) for span, each in zip(spans, dates, strict=True)]
            is_length = [each.value.length is not None for each in dates]  # it says both ends: "from Friday for a week"
            return [replace(hit, role="") if whole else hit for hit, whole in zip(found, is_length, strict=True)]
        if kind == "time":
            times = find_times(left, self._now, bare=asked or self._corrects(names))
            return [self._turn.found((each.value.isoformat(),), each) for each in times]
        if kind == "datetime":
            return self._moments(names)
        return self._yes_or_no(names, asked)

    def _dates(self, names: Sequence[str]) -> list[Slot[DateSpan]]:
        """Read dates. A length of time, such as "for two weeks", says when a period ends that begins today or then."""
        dates = find_dates(self._turn.left, self._now.date(), self._direction)
        days = [each for each in dates if not each.value.length]
        lengths = [each for each in dates if each.value.length]
        if not lengths or len(days) > 1 or not {"from", "to"} <= {role_of(name) for name in names}:
            return days
        parts = [*days, lengths[0]]
        first, (unit, count) = parts[0].value.first, lengths[0].value.length or ("day", 0)
        span = DateSpan(first, shift(first, unit, count), (unit, count))
        return [Slot(span, min(part.start for part in parts), max(part.end for part in parts))]

    def _corrects(self, names: Sequence[str]) -> bool:
        """Say whether a number alone is another time: "make it 11", if the form takes no other numbers."""
        kinds = {parameter.kind for parameter in self._parameters.values()}
        is_known = any(name in self._known.values for name in names)
        is_short = len(self._turn.text.split()) <= MAX_WORDS_OF_CORRECTION
        return (
            is_known
            and kinds.isdisjoint({"amount", "integer"})
            and bool(is_short or RETRACTION.search(self._turn.text))
        )

    def _yes_or_no(self, names: Sequence[str], asked: bool) -> list[FoundValue]:
        """Read a yes or no to the question, or the wish to have the only thing of the form on or off."""
        plain = answer(self._turn.left) if asked else None
        of_kind = [each for each in self._parameters.values() if each.kind == "boolean" and each.required]
        is_switch = asked or (len(of_kind) == 1 and self._parameters[names[0]].required)
        value = find_switch(self._turn.left) if is_switch and plain is None else plain == "yes" if plain else None
        return [] if value is None else [FoundValue((value,), 0, len(self._turn.left) if plain else 0)]

    def _amount(self, slot: Slot[Any], names: Sequence[str]) -> str:
        """Return an amount; "five dollars less" is taken off the one that is known."""
        relative = _RELATIVE.match(self._turn.left, slot.end)
        known = self._known.values.get(names[0])
        if relative is None or known is None or len(names) != 1:
            return plain_amount(slot.value.amount)
        change = slot.value.amount if relative["more"] else -slot.value.amount
        return plain_amount(Decimal(str(known)) + change)

    def _is_over(self, slot: Slot[DateSpan]) -> bool:
        """Return whether something cannot be done on a date any more: "last month", "since Friday"."""
        is_period = slot.value.first != slot.value.last
        is_past = (is_period and slot.value.last < self._now.date()) or _SINCE.search(self._turn.left, 0, slot.start)
        return self._direction == "future" and bool(is_past)

    def _moments(self, names: list[str]) -> list[FoundValue]:
        """Read points in time. A day alone or a time alone completes the other half that is known already."""
        found = []
        asked = self._known.asked in names
        name = self._known.asked if asked else names[0]
        known = self._known.values.get(name)
        day_before = next(iter(self._known.limited_to.get(name, [])), None)
        before = datetime.fromisoformat(str(known or day_before)) if known or day_before else None
        bare = asked or self._corrects(names)
        for day, time in find_datetimes(self._turn.left, self._now, self._direction, bare=bare):
            parts = [part for part in (day, time) if part is not None]
            date_part = day.value if day else before.date() if before else self._now.date()
            is_whole = known or "T" in str(day_before)
            time_part = time.value if time else before.time() if is_whole and before else None
            if time_part is None:
                self._read.candidates[name] = [date_part.isoformat()]
                self._turn.hide(parts[0].start, parts[0].end)
                continue
            moment = datetime.combine(date_part, time_part).isoformat()
            start, end = min(part.start for part in parts), max(part.end for part in parts)
            found.append(found_in(self._turn.text, (moment,), start, end))
        return found

    def note_unknown(self, names: Sequence[str]) -> None:
        """Note a name that the customer uses for a choice that the bank does not offer."""
        for name in names:
            if any(name in read for read in (self._read.values, self._read.candidates, self._read.every)):
                continue
            vocabulary = self._known.vocabulary
            opens = not (self._known.values or self._known.asked)
            is_required = self._parameters[name].required
            said = unknown_name(self._turn.left, name, vocabulary, required=is_required, opens=opens)
            if not said and name == self._known.asked:
                said = answered_name(self._turn.left, vocabulary)
            if said and said not in self._read.unknown.values():
                self._read.unknown[name] = said

    def _assigned(
        self, names: Sequence[str], found: list[FoundValue], roles: Collection[str]
    ) -> list[tuple[str, FoundValue]]:
        """Assign values to arguments, and hide what was assigned or said to be wrong."""
        known = {**self._known.values, **self._read.values}
        found = retracted(self._turn.text, found)
        assigned = assign(names, found, roles, known, self._known.asked)
        for hit in [*(hit for hit in found if hit.negated), *(hit for _, hit in assigned)]:
            self._turn.hide(hit.start, hit.end)
        return assigned
