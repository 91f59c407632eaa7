"""The arguments of a tool: a JSON Schema for the agent, and strict validation of what the agent sends."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.validate import Equal, Length, OneOf, Range, Regexp

from banker.config.dataclass_schema import describe

MAX_STRING_CHARACTERS = 2000
"""Characters of one string argument."""
MAX_ITEMS = 100
"""Items of one list or keys of one object."""
MAX_NUMBER = 2**53
"""JSON numbers beyond this are not interoperable (RFC 8259, section 6)."""

_TYPES: tuple[tuple[type[fields.Field[Any]], dict[str, Any]], ...] = (
    (fields.Integer, {"type": "integer"}),
    (fields.Float, {"type": "number"}),
    (fields.Decimal, {"type": ["number", "string"]}),
    (fields.Boolean, {"type": "boolean"}),
    (fields.Date, {"type": "string", "format": "date"}),
    (fields.DateTime, {"type": "string", "format": "date-time"}),
    (fields.String, {"type": "string"}),
)


class Arguments:
    """The arguments of one tool, described by a marshmallow schema.

    Stricter than marshmallow: strings are not converted to numbers or booleans or the other way round, and unknown
    keys are rejected at every level. Raises `TypeError` for field types without a JSON Schema.
    """

    def __init__(self, schema: type[Schema]) -> None:
        self._schema = schema()
        self.json_schema = _object_schema(self._schema)
        self.keys: Mapping[str, str] = {
            field.attribute or name: _key(name, field) for name, field in self._schema.load_fields.items()
        }
        """Maps a parameter's name to the key that the agent sends."""

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

    def load(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments for the function. Raises `ValidationError`."""
        loaded: dict[str, Any] = self._schema.load(dict(arguments), unknown=RAISE)
        return loaded


def _key(name: str, field: fields.Field[Any]) -> str:
    return field.data_key if field.data_key is not None else name


def _object_schema(schema: Schema) -> dict[str, Any]:
    named = {_key(name, field): field for name, field in schema.load_fields.items()}
    return {
        "type": "object",
        "properties": {name: _field_schema(field, name) for name, field in named.items()},
        "required": [name for name, field in named.items() if field.required],
        "additionalProperties": False,
    }


def _field_schema(field: fields.Field[Any], name: str) -> dict[str, Any]:
    shown: dict[str, Any]
    if isinstance(field, fields.Nested):
        if field.many:
            raise TypeError(f"{name}: use List(Nested(…)) instead of many=True")
        shown = _object_schema(field.schema)
    elif isinstance(field, fields.List):
        shown = {"type": "array", "items": _field_schema(field.inner, name)}
    else:
        shown = next((dict(kind) for known, kind in _TYPES if isinstance(field, known)), {})
        if not shown:
            raise TypeError(f"{name}: a field of the type {type(field).__name__} is not supported")
    for check in field.validators:
        shown |= _constraint(check, shown["type"])
    if field.allow_none:
        shown = {"anyOf": [shown, {"type": "null"}]}
    return shown | {key: field.metadata[key] for key in ("description", "default") if key in field.metadata}


def _constraint(check: Any, kind: Any) -> dict[str, Any]:
    match check:
        case Equal():
            return {"const": check.comparable}
        case OneOf():
            return {"enum": list(check.choices)}
        case Length():
            least, most = ("minItems", "maxItems") if kind == "array" else ("minLength", "maxLength")
            low, high = (check.min, check.max) if check.equal is None else (check.equal, check.equal)
            bounds = {least: low, most: high}
        case Range():
            bounds = {
                "minimum" if check.min_inclusive else "exclusiveMinimum": check.min,
                "maximum" if check.max_inclusive else "exclusiveMaximum": check.max,
            }
        case Regexp() if "(?" not in check.regex.pattern:
            return {"pattern": check.regex.pattern}
        case _:
            return {}
    return {name: bound for name, bound in bounds.items() if isinstance(bound, int | float)}


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
    if isinstance(field, fields.Decimal) and number:
        return ""
    return _text_mistake(value)


def _text_mistake(value: Any) -> str:
    if not isinstance(value, str):
        return "must be a string"
    if len(value) > MAX_STRING_CHARACTERS:
        return f"must have at most {MAX_STRING_CHARACTERS} characters"
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n\r" for character in value):
        return "must not contain control characters or lone surrogates"
    return ""
