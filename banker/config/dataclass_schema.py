"""Validates frozen dataclasses with marshmallow: a field definition has its type, default and validator."""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, field, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from marshmallow import RAISE, Schema, ValidationError
from marshmallow import fields as mm
from marshmallow.validate import Range, Validator

T = TypeVar("T")
_MESSAGES = {"Unknown field.": "there is no such key", "Missing data for required field.": "is missing"}


def key(
    default: Any = MISSING, *, factory: Any = MISSING, check: Validator | Callable[[Any], Any] | None = None
) -> Any:
    """Define a configuration key. It is required if it has neither a `default` nor a `factory`.

    `check` is a marshmallow validator.
    """
    if factory is not MISSING:
        return field(default_factory=factory, metadata={"check": check})
    return field(default=default, metadata={"check": check})


def whole(minimum: int, maximum: int) -> Range:
    """Return a validator for integers from `minimum` to `maximum`, both included."""
    return Range(min=minimum, max=maximum, error="must be a whole number from {min} to {max}")


def must(condition: Callable[[Any], bool], message: str) -> Callable[[Any], None]:
    """Return a validator that fails with `message`, which says what to fix, unless `condition` holds."""

    def check(value: Any) -> None:
        if value is not None and not condition(value):
            raise ValidationError(message)

    return check


class _StrictBoolean(mm.Field[bool]):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


def _marshmallow_field(hint: Any, **options: Any) -> mm.Field[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (part for part in get_args(hint) if part is not type(None))
        return _marshmallow_field(inner, **options, allow_none=True)
    if is_dataclass(hint):
        return mm.Nested(_schema(hint), **options)
    if get_origin(hint) is tuple:
        return mm.List(
            _marshmallow_field(get_args(hint)[0]), error_messages={"invalid": "must be a list in brackets"}, **options
        )
    if get_origin(hint) is dict:
        return mm.Dict(keys=mm.String(), values=_marshmallow_field(get_args(hint)[1]), **options)
    if hint is Any:
        return mm.Raw(**options)
    if hint is bool:
        return _StrictBoolean(**options)
    if hint is int:
        return mm.Integer(strict=True, error_messages={"invalid": "must be a whole number"}, **options)
    if hint is float:
        return mm.Float(error_messages={"invalid": "must be a number"}, **options)
    return mm.String(error_messages={"invalid": "must be text in quotes"}, **options)


def _schema(cls: Any) -> type[Schema]:
    hints = get_type_hints(cls)
    attributes: dict[str, Any] = {}
    for f in fields(cls):
        if f.metadata.get("internal"):
            continue
        required = f.default is MISSING and f.default_factory is MISSING
        check = f.metadata.get("check")
        attributes[f.name] = _marshmallow_field(hints[f.name], required=required, validate=[check] if check else [])
    meta = type("Meta", (), {"unknown": RAISE})
    return type(cls.__name__ + "Schema", (Schema,), {**attributes, "Meta": meta})


def _build(cls: Any, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(cls)
    arguments: dict[str, Any] = {}
    for name, value in values.items():
        hint = hints[name]
        if get_origin(hint) in (Union, types.UnionType):
            (hint,) = (part for part in get_args(hint) if part is not type(None))
        if is_dataclass(hint) and value is not None:
            value = _build(hint, value)
        elif isinstance(value, list):
            (item, *_) = get_args(hint)
            value = tuple(_build(item, each) if is_dataclass(item) else each for each in value)
        arguments[name] = value
    return cls(**arguments)


def describe(messages: Any, path: str = "") -> list[str]:
    """Return marshmallow's error messages as a list of `key: what to fix`, with dots in the keys of nested schemas."""
    if isinstance(messages, Mapping):
        return [
            line
            for name, inner in messages.items()
            for line in describe(inner, path if name == "_schema" else f"{path}.{name}".strip("."))
        ]
    lines = [messages] if isinstance(messages, str) else messages
    return [f"{path}: {_MESSAGES.get(str(text), str(text))}".removeprefix(": ") for text in lines]


def parse(cls: type[T], values: Mapping[str, Any]) -> T:
    """Validate `values` (nested mappings) into the frozen dataclass `cls`.

    Raises `ValueError` with a line `key: what to fix` for each mistake.
    """
    result, mistakes = read(cls, values)
    if mistakes or result is None:
        raise ValueError("\n".join(mistakes))
    return result


def read(cls: type[T], values: Mapping[str, Any]) -> tuple[T | None, list[str]]:
    """Validate `values` and keep the valid ones, so that further checks can report all mistakes at once.

    Returns the dataclass without invalid keys, and a line `key: what to fix` for each mistake. The dataclass is None
    if a required key is invalid or missing.
    """
    schema = _schema(cls)()
    try:
        return _build(cls, schema.load(values)), []
    except ValidationError as mistakes:
        wrong = mistakes.messages
    try:
        return _build(cls, schema.load(_without(values, wrong))), describe(wrong)
    except ValidationError:
        return None, describe(wrong)


def _without(values: Mapping[str, Any], messages: Any) -> dict[str, Any]:
    """Return `values` without the keys that have an error message."""
    rest = dict(values)
    for name, inner in messages.items():
        if isinstance(inner, Mapping) and isinstance(rest.get(name), Mapping) and "_schema" not in inner:
            rest[name] = _without(rest[name], inner)
        else:
            rest.pop(name, None)
    return rest
