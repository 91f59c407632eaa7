"""A tool's arguments: their JSON Schema for the agent, and strict validation of what the agent sends."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from banker.config.dataclass_schema import describe
from banker.json_schema import json_schema
from banker.tools.base import Caller, Choice, ParameterType
from banker.tools.parameters import ChoiceField, Choices, parameter_type

MAX_STRING_CHARACTERS = 2000
"""The longest string argument."""
MAX_ITEMS = 100
"""The most items of a list or keys of an object."""
MAX_NUMBER = 2**53
"""JSON numbers beyond this are not interoperable (RFC 8259, section 6)."""
MAX_DECIMALS = 12
"""The most decimals of an amount. Nobody can follow more."""
MAX_LISTED_CHOICES = 20
"""How many choices an error lists."""

_KINDS = (
    fields.Integer,
    fields.Float,
    fields.Decimal,
    fields.Boolean,
    fields.Date,
    fields.DateTime,
    fields.Time,
    fields.Enum,
    fields.String,
)


class Arguments:
    """The arguments of one tool, described by a marshmallow schema.

    Stricter than marshmallow: strings are not converted to numbers or booleans or the other way round, and unknown
    keys are rejected at every level. Raises `TypeError` for field types without a JSON Schema.
    """

    def __init__(self, schema: type[Schema]) -> None:
        self._schema = schema()
        _refuse_unknown_keys(self._schema)
        self.json_schema = json_schema(self._schema) | {"additionalProperties": False}
        self.keys: Mapping[str, str] = {
            field.attribute or name: _key(name, field) for name, field in self._schema.load_fields.items()
        }
        """Maps a parameter's name to the key that the agent sends."""
        named = {_key(name, field): field for name, field in self._schema.load_fields.items()}
        self.types: Mapping[str, ParameterType] = {
            key: kind for key, field in named.items() if (kind := parameter_type(field)) is not None
        }
        """The types of the arguments, by the key that the agent sends; none for lists and objects."""
        self.choices: Mapping[str, Choices] = {
            key: field.choices for key, field in named.items() if isinstance(field, ChoiceField)
        }
        """The arguments whose values the bank offers to each caller, by the key that the agent sends."""

    def mistakes(self, arguments: Any) -> list[str]:
        """Return at most eight lines `key: what to fix`; an empty list means that the arguments are valid."""
        mistakes = list(_object_mistakes(self._schema, arguments, ""))
        if mistakes:
            return mistakes[:8]
        try:
            self.load(arguments)
        except ValidationError as error:
            return describe(error.messages)[:8]
        return []

    def chosen(self, caller: Caller, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Return how the chosen values are shown, by the key of the argument.

        Blocks. Raises `ValidationError` for a value that the bank does not offer to this caller, and what the bank's
        functions raise.
        """
        names = {}
        for key, source in self.choices.items():
            if arguments.get(key) is not None:
                names[key] = _shown_choice(key, arguments[key], source.offered_to(caller))
        return names

    def loaded(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return what `load` returns, by the keys that the agent sends."""
        return {self.keys[name]: value for name, value in self.load(arguments).items()}

    def load(self, arguments: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
        """Return the keyword arguments for the function. `partial` allows missing ones.

        Raises `ValidationError`.
        """
        loaded: dict[str, Any] = self._schema.load(dict(arguments), unknown=RAISE, partial=partial)
        return loaded


_EMOJI_JOINER = re.compile(
    "(?<=[\ufe0f\u2600-\u27bf\U0001f000-\U0001faff])\u200d(?=[\u2600-\u27bf\U0001f000-\U0001faff])"
)
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
"""Invisible characters that Unicode counts as letters, marks or symbols (UAX 44)."""


def _key(name: str, field: fields.Field[Any]) -> str:
    return field.data_key if field.data_key is not None else name


def _shown_choice(key: str, value: str, offered: Sequence[Choice]) -> str:
    """Return the first name of a choice, with the value if two choices share the name."""
    found = next((choice for choice in offered if choice.value == value), None)
    if found is None:
        listed = ", ".join(f"{choice.value} ({choice.names[0]})" for choice in offered[:MAX_LISTED_CHOICES])
        raise ValidationError(
            f"{key}: must be one of: {listed}" if listed else f"{key}: there is nothing to choose from"
        )
    name = found.names[0]
    return name if sum(choice.names[0] == name for choice in offered) == 1 else f"{name} ({value})"


def _refuse_unknown_keys(schema: Schema) -> None:
    """Make `schema` and nested ones strict. Raises `TypeError` for an unsupported kind of field."""
    schema.unknown = RAISE
    for name, field in schema.load_fields.items():
        key = _key(name, field)
        while isinstance(field, fields.List):
            field = field.inner
            if isinstance(field, ChoiceField):
                raise TypeError(f"{key}: a list of Choices is not supported")
        if not isinstance(field, fields.Nested):
            if not isinstance(field, _KINDS):
                raise TypeError(f"{key}: a field of the type {type(field).__name__} is not supported")
        elif field.many:
            raise TypeError(f"{key}: use List(Nested(…)) instead of many=True")
        else:
            _refuse_unknown_keys(field.schema)


def _object_mistakes(schema: Schema, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path}: must be an object".removeprefix(": ")
        return
    named = {_key(name, field): field for name, field in schema.load_fields.items()}
    prefix = f"{path}." if path else ""
    for key in list(value)[:MAX_ITEMS]:
        if key not in named:
            yield f"{prefix}{ascii(str(key))[1:-1][:40]}: there is no such key, only: {', '.join(named) or 'none'}"
    for name, field in named.items():
        if name in value:
            yield from _mistakes(field, value[name], prefix + name)
        elif field.required:
            yield f"{prefix}{name}: is missing"


def _mistakes(field: fields.Field[Any], value: Any, path: str) -> Iterator[str]:
    if value is None:
        if not field.allow_none:
            yield f"{path}: must not be null"
    elif isinstance(field, fields.Nested):
        yield from _object_mistakes(field.schema, value, path)
    elif isinstance(field, fields.List):
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            yield f"{path}: must be a list of at most {MAX_ITEMS}"
        else:
            for at, item in enumerate(value):
                yield from _mistakes(field.inner, item, f"{path}.{at}")
    elif mistake := _plain_mistake(field, value):
        yield f"{path}: {mistake}"


def _plain_mistake(field: fields.Field[Any], value: Any) -> str:
    """Return what is wrong with a value that is neither a list nor an object; "" if it is valid."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not abs(value) <= MAX_NUMBER:  # also true for NaN
        return "is too large"
    if isinstance(field, fields.Boolean):
        return "" if isinstance(value, bool) else "must be true or false"
    if isinstance(field, fields.Integer):
        return "" if number and isinstance(value, int) else "must be a whole number"
    if isinstance(field, fields.Float):
        return "" if number else "must be a number"
    if isinstance(field, fields.Decimal) and (number or isinstance(value, str)):
        return _decimal_mistake(str(value))
    return _text_mistake(value)


def _decimal_mistake(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return "must be a number"
    if not number.is_finite() or number.copy_abs() > MAX_NUMBER:
        return "is too large"
    exponent = number.as_tuple().exponent
    return "" if isinstance(exponent, int) and -exponent <= MAX_DECIMALS else "has too many decimals"


def _text_mistake(value: Any) -> str:
    if not isinstance(value, str):
        return "must be a string"
    if len(value) > MAX_STRING_CHARACTERS:
        return f"must have at most {MAX_STRING_CHARACTERS} characters"
    if any(_is_invisible(character) for character in _EMOJI_JOINER.sub("", value)):
        return "must not contain control characters or other invisible characters"
    return ""


def _is_invisible(character: str) -> bool:
    """Return whether a character is neither visible nor audible to a person who is asked to confirm."""
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return character not in "\t\n\r"
    return _INVISIBLE.match(character) is not None
