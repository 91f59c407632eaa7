"""The JSON Schema of a marshmallow schema, where it differs from what apispec makes by itself."""

import json
from datetime import date
from typing import Any

import pytest
from marshmallow import Schema, fields
from marshmallow.validate import Equal, Length, OneOf, Range, Regexp

from banker.json_schema import json_schema

Inner = Schema.from_dict({"n": fields.Integer(required=True)})


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (fields.String(validate=Equal("x")), {"type": "string", "const": "x"}),
        (fields.String(validate=Equal("x"), allow_none=True), {"type": ["string", "null"], "enum": ["x", None]}),
        (fields.String(validate=OneOf(["a", "b"])), {"type": "string", "enum": ["a", "b"]}),
        (fields.String(validate=Length(1, 5)), {"type": "string", "minLength": 1, "maxLength": 5}),
        (fields.String(validate=Length(equal=3)), {"type": "string", "minLength": 3, "maxLength": 3}),
        (fields.String(validate=Regexp(r"[a-z]+")), {"type": "string", "pattern": "[a-z]+"}),
        (fields.String(validate=Regexp(r"(?P<word>[a-z]+)")), {"type": "string"}),
        (fields.Integer(validate=Range(1, 9)), {"type": "integer", "minimum": 1, "maximum": 9}),
        (
            fields.Float(validate=Range(0, 1, min_inclusive=False, max_inclusive=False)),
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        ),
        (fields.Decimal(validate=Range(min=1)), {"type": ["number", "string"], "minimum": 1}),
        (fields.Decimal(allow_none=True), {"type": ["number", "string", "null"]}),
        (fields.Date(), {"type": "string", "format": "date"}),
        (fields.DateTime(format="%d.%m.%Y"), {"type": "string"}),
        (fields.Integer(load_default=None, allow_none=True), {"type": ["integer", "null"]}),
        (fields.Boolean(load_default=False), {"type": "boolean", "default": False}),
        (
            fields.List(fields.Nested(Inner), validate=Length(max=2)),
            {"type": "array", "maxItems": 2, "items": json_schema(Inner())},
        ),
    ],
)
def test_a_field_and_its_validators_become_keywords(field: fields.Field[Any], expected: dict[str, Any]) -> None:
    schema = json_schema(Schema.from_dict({"value": field})())
    assert schema["properties"]["value"] == expected
    assert json.loads(json.dumps(schema)) == schema


def test_a_schema_refuses_unknown_keys_and_names_its_keys_as_they_are_sent() -> None:
    sent = Schema.from_dict({"until": fields.Date(data_key="to", required=True, validate=Range(min=date(2020, 1, 1)))})
    schema = json_schema(sent())
    assert schema["required"] == list(schema["properties"]) == ["to"]
    assert schema["additionalProperties"] is False
