"""Which arguments a tool accepts."""

from typing import Any

import pytest

from banker.tools.toolbox import Toolbox
from tests.tools.payments import ALL, run


def test_values_arrive_with_their_declared_types(toolbox: Toolbox) -> None:
    given = {"amount": "12.50", "to": "Ann", "tags": ["a"], "day": "2026-11-24", "urgent": True}
    assert run(toolbox, "pay", given).value == {
        "amount": "12.50", "to": "Ann", "kind": "now", "tags": ["a"], "times": 1, "urgent": True, "day": "2026-11-24"
    }  # fmt: skip
    assert toolbox.check("pay", given, ALL) == given


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"times": True}, "times: must be a whole number"),
        ({"times": "3"}, "times: must be a whole number"),
        ({"times": 3.0}, "times: must be a whole number"),
        ({"times": 13}, "times: "),
        ({"times": 10**400}, "times: is too large"),
        ({"times": None}, "times: must not be null"),
        ({"amount": float("nan")}, "amount: is too large"),
        ({"amount": True}, "amount: must be a string"),
        ({"amount": "a lot"}, "amount: "),
        ({"urgent": 1}, "urgent: must be true or false"),
        ({"urgent": "yes"}, "urgent: must be true or false"),
        ({"to": 5}, "to: must be a string"),
        ({"to": ""}, "to: "),
        ({"to": "x" * 2001}, "to: must have at most 2000 characters"),
        ({"to": "a\0b"}, "to: must not contain control characters"),
        ({"to": "a\ud800"}, "to: must not contain control characters"),
        ({"to": ["x"]}, "to: must be a string"),
        ({"to": {"$ne": ""}}, "to: must be a string"),
        ({"kind": "never"}, "kind: "),
        ({"tags": "a"}, "tags: must be a list"),
        ({"tags": [1]}, "tags.0: must be a string"),
        ({"tags": ["x"] * 101}, "tags: must be a list of at most 100"),
        ({"tags": ["x" * 2000] * 9}, "too long"),
        ({"day": "tomorrow"}, "day: "),
        ({"caller": {"user_id": "somebody-else"}}, "caller: there is no such key"),
        ({"self": 1}, "self: there is no such key"),
        ({"__proto__": {}}, "__proto__: there is no such key"),
        ({"__class__": {}}, "__class__: there is no such key"),
        ({"tо": "x"}, "there is no such key"),
        ({7: 1}, "7: there is no such key"),
    ],
)
def test_invalid_arguments_are_refused_with_what_to_fix(toolbox: Toolbox, change: dict[Any, Any], mistake: str) -> None:
    result = run(toolbox, "pay", {"amount": 1, "to": "Ann"} | change)
    assert result.status == "invalid" and mistake in result.reason


@pytest.mark.parametrize("arguments", [None, "{}", [], 7, {"amount": 1}, {}])
def test_arguments_must_be_an_object_with_all_required_keys(toolbox: Toolbox, arguments: Any) -> None:
    assert run(toolbox, "pay", arguments).status == "invalid"
