"""JSON Schema 2020-12 from marshmallow schemas, by apispec: for `/openapi.json` and for the parameters of tools."""

from decimal import Decimal
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields
from marshmallow.validate import Equal, Range

OPENAPI_VERSION = "3.1.0"
"""The first version whose schemas are JSON Schema (https://spec.openapis.org/oas/v3.1.0#schema-object)."""


def new_spec(title: str, version: str, *, inline: bool = False, **options: Any) -> APISpec:
    """Return an empty OpenAPI document that takes marshmallow schemas. `options` are further top-level keys.

    A nested schema becomes a separate component with a reference to it, or, with `inline`, a part of the outer schema.
    """
    plugin = MarshmallowPlugin(schema_name_resolver=_without_name if inline else None)
    spec = APISpec(title, version, OPENAPI_VERSION, plugins=[plugin], **options)
    if plugin.converter is not None:  # set once the plugin belongs to a document
        plugin.converter.add_attribute_function(_refine)  # type: ignore[no-untyped-call]
    return spec


def json_schema(schema: Schema) -> dict[str, Any]:
    """Return the JSON Schema of one marshmallow schema, without references."""
    spec = new_spec("", "", inline=True)
    spec.components.schema("Only", schema=schema)
    converted: dict[str, Any] = spec.to_dict()["components"]["schemas"]["Only"]
    return converted


def _without_name(schema: Any) -> str:
    """Return no name: apispec inlines a nested schema without one."""
    return ""


def _refine(converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Correct what apispec omits or takes from Python. `ret` is the JSON Schema of the field so far."""
    for check in field.validators:
        if isinstance(check, Equal) and not field.allow_none:
            ret.pop("enum", None)
            ret["const"] = check.comparable
        elif isinstance(check, Range):
            if not check.min_inclusive and "minimum" in ret:
                ret["exclusiveMinimum"] = ret.pop("minimum")
            if not check.max_inclusive and "maximum" in ret:
                ret["exclusiveMaximum"] = ret.pop("maximum")
    if "(?" in (ret.get("pattern") or ""):  # a group of Python's syntax, which ECMA 262 (JSON Schema's) may not have
        del ret["pattern"]
    if isinstance(field, fields.Decimal):  # text keeps the digits that a binary number would lose
        ret["type"] = ["number", "string", *(["null"] if field.allow_none else [])]
    if isinstance(field, fields.Time):  # the format "time" of JSON Schema demands a UTC offset
        ret["pattern"] = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"
    if isinstance(field, fields.Dict) and field.key_field is not None:
        names = converter.field2property(field.key_field)
        if names != {"type": "string"}:
            ret["propertyNames"] = names
    for name, value in list(ret.items()):
        if value is None:
            del ret[name]
        elif isinstance(value, Decimal):
            ret[name] = int(value) if value == value.to_integral_value() else float(value)
    return {}
