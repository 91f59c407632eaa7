"""The types of a tool's parameters, and the choices that the bank offers to a caller."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from marshmallow import fields
from marshmallow.validate import OneOf

from banker.tools.base import Caller, Choice, Kind, ParameterType

MAX_CHOICES = 200
"""The most choices for one parameter. More can neither be read out nor fit a model's context window."""

# The order matters where marshmallow derives one field from another.
_KINDS: tuple[tuple[type[fields.Field[Any]], Kind], ...] = (
    (fields.Boolean, "boolean"),
    (fields.Integer, "integer"),
    (fields.Float, "amount"),
    (fields.Decimal, "amount"),
    (fields.Date, "date"),
    (fields.Time, "time"),
    (fields.DateTime, "datetime"),
    (fields.String, "text"),
)


@dataclass(frozen=True)
class Choices:
    """Marks a parameter whose values the bank offers to each caller: `Annotated[str, Choices(accounts_of)]`.

    `of(caller)` returns `{value: [names that a customer may use]}`. The first name is shown. The function runs like a
    tool, in the host's application context and within the tool's time limit.
    """

    of: Callable[[Caller], Mapping[str, Sequence[str]]]

    def __post_init__(self) -> None:
        """Raise `TypeError` if `of` cannot be called."""
        if not callable(self.of):
            raise TypeError("Choices takes a function of the caller.")

    def offered_to(self, caller: Caller) -> tuple[Choice, ...]:
        """Ask the bank. Blocks. Raises `TypeError` for a malformed answer, and whatever the function raises."""
        offered = self.of(caller)
        if not isinstance(offered, Mapping) or len(offered) > MAX_CHOICES:
            raise TypeError(f"Choices must be a mapping of at most {MAX_CHOICES} values")
        choices = tuple(
            Choice(value, (names,) if isinstance(names, str) else tuple(names) or (value,))
            for value, names in offered.items()
        )
        if not all(isinstance(text, str) and text for choice in choices for text in (choice.value, *choice.names)):
            raise TypeError("Choices must be {value: [names]}, all of them strings")
        return choices


class ChoiceField(fields.String):
    """A string that must be one of the values that the bank offers to the caller. The toolbox checks it."""

    def __init__(self, choices: Choices, **options: Any) -> None:
        super().__init__(**options)
        self.choices = choices


def parameter_type(field: fields.Field[Any]) -> ParameterType | None:
    """Return the type of a field as an agent sees it; None for lists and objects."""
    if isinstance(field, ChoiceField):
        return ParameterType("choice", field.required)
    if isinstance(field, fields.Enum):
        members = tuple(Choice(key_of_member(member), _names_of_member(member)) for member in field.enum)
        return ParameterType("choice", field.required, members)
    kind = next((kind for class_, kind in _KINDS if isinstance(field, class_)), None)
    if kind is None:
        return None
    listed = [check for check in field.validators if isinstance(check, OneOf)]
    choices = _choices(listed[0]) if listed else ()
    return ParameterType("choice" if choices and kind == "text" else kind, field.required, choices)


def key_of_member(member: Enum) -> str:
    """Return what an agent sends for a member of an enumeration: its value if all values are strings, or its name."""
    return str(member.value) if all(isinstance(each.value, str) for each in type(member)) else member.name


def _names_of_member(member: Enum) -> tuple[str, ...]:
    return tuple(dict.fromkeys((_readable(key_of_member(member)), _readable(member.name.lower()))))


def _choices(one_of: OneOf) -> tuple[Choice, ...]:
    labels = list(one_of.labels) + [""] * len(list(one_of.choices))
    return tuple(
        Choice(str(value), (label or _readable(str(value)),))
        for value, label in zip(one_of.choices, labels, strict=False)
    )


def _readable(key: str) -> str:
    return key.replace("_", " ").strip() or key
