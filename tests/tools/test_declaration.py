"""How functions become tools, and which declarations are refused."""

from typing import Any

import pytest
from marshmallow import Schema, fields
from marshmallow.validate import Range

from banker.tools.base import Caller
from banker.tools.toolbox import Toolbox
from tests.tools.payments import ALL, CALLER, pay, run


def test_the_schema_comes_from_the_signature_and_the_docstring(toolbox: Toolbox) -> None:
    (spec,) = toolbox.specs(ALL)
    assert (spec.name, spec.description, spec.confirm) == ("pay", "Pay somebody.", True)
    assert spec.parameters == {
        "type": "object",
        "properties": {
            "amount": {"type": ["number", "string"], "description": "How much."},
            "to": {"type": "string", "minLength": 1, "maxLength": 20, "description": "The name of the receiver."},
            "kind": {"type": "string", "enum": ["now", "later"], "description": "When.", "default": "now"},
            "tags": {"type": ["array", "null"], "items": {"type": "string"}},
            "times": {"type": "integer", "minimum": 1, "maximum": 12, "default": 1},
            "urgent": {"type": "boolean", "default": False},
            "day": {"type": ["string", "null"], "format": "date"},
        },
        "required": ["amount", "to"],
        "additionalProperties": False,
    }


def test_the_decorator_returns_the_function_unchanged_and_reads_field_lists() -> None:
    toolbox = Toolbox()

    @toolbox.tool
    def look(caller, account_id: str):  # type: ignore[no-untyped-def]
        """Look it up.

        :param account_id: Which one.
        """
        return account_id

    @toolbox.tool(name="pay", description="Pay.", confirm=True)
    def other(caller: Caller) -> None: ...

    assert look(CALLER, "x") == "x"
    assert [spec.name for spec in toolbox.specs({"pay", "look", "none"})] == ["look", "pay"]
    assert toolbox.specs(["look"])[0].parameters["properties"]["account_id"]["description"] == "Which one."
    assert toolbox.needs_confirmation("pay") and not toolbox.needs_confirmation("look")


def no_caller(account_id: str) -> None: ...
def untyped(caller, account_id) -> None: ...  # type: ignore[no-untyped-def]
def unsupported(caller: Caller, where: complex) -> None: ...
def either(caller: Caller, where: int | str) -> None: ...
def starred(caller: Caller, *more: str) -> None: ...
def keyed(caller: Caller, **more: str) -> None: ...
def missing(caller: Caller, where: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821
async def later(caller: Caller) -> None: ...


@pytest.mark.parametrize(
    "wrong", [no_caller, untyped, unsupported, either, starred, keyed, missing, later, lambda: 1, 7]
)
def test_a_wrong_declaration_is_refused_at_once(wrong: Any) -> None:
    with pytest.raises(TypeError):
        Toolbox().add(wrong, name="wrong")


@pytest.mark.parametrize(
    "options",
    [{"name": ""}, {"name": "a b"}, {"name": "pаy"}, {"name": "__proto__"}, {"timeout": 0}, {"summary": "{nobody}"},
     {"summary": "{to.__class__}"}, {"summary": "{"}, {}],
)  # fmt: skip
def test_wrong_options_are_refused_at_once(toolbox: Toolbox, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        toolbox.add(pay, **options)


class Transfer(Schema):
    amount = fields.Decimal(required=True, validate=Range(min=1), metadata={"description": "How much."})
    whom = fields.String(data_key="to", required=True)
    lines = fields.List(fields.Nested(Schema.from_dict({"n": fields.Integer(required=True)})))


def test_a_marshmallow_schema_replaces_the_type_hints() -> None:
    toolbox = Toolbox()

    @toolbox.tool(schema=Transfer, summary="pay {amount} to {to}")
    def look(caller, amount, whom, lines=()):  # type: ignore[no-untyped-def]
        return [amount, whom, lines]

    assert toolbox.specs(ALL)[0].parameters["required"] == ["amount", "to"]
    assert run(toolbox, "look", {"amount": 5, "to": "x", "lines": [{"n": 1}]}).value == ["5", "x", [{"n": 1}]]
    for bad in ({"amount": 0, "to": "x"}, {"amount": 5, "whom": "x"}, {"amount": 5, "to": "x", "lines": [{"n": True}]},
                {"amount": 5, "to": "x", "lines": [{"n": 1, "m": 2}]}):  # fmt: skip
        assert run(toolbox, "look", bad).status == "invalid"
    with pytest.raises(TypeError):
        toolbox.add(lambda caller, amount: 1, name="pay", schema=Transfer)
