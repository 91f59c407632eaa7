"""The question before a tool that changes something."""

import logging
from typing import Any

import pytest

from banker.tools.toolbox import Toolbox
from tests.tools.payments import pay


def test_a_summary_contains_the_arguments_and_cannot_be_distorted_by_them(toolbox: Toolbox) -> None:
    given = {"amount": 5, "to": "Ann”\n\u202e and “{amount}"}
    assert toolbox.summary_of("pay", given) == "pay 5 to “Ann’ and ‘{amount}” now"
    assert len(toolbox.summary_of("pay", {"amount": 5, "to": "x" * 2000})) < 1040


@pytest.mark.parametrize(
    ("more", "appended"),
    [
        ({}, ""),
        ({"kind": "now"}, ""),
        ({"urgent": True}, " and urgent “yes”"),
        ({"tags": ["rent", "“May”"], "times": 2}, " and tags “rent, ‘May’” and times “2”"),
        ({"tags": []}, ""),
    ],
)
def test_arguments_missing_from_a_template_are_appended(toolbox: Toolbox, more: dict[str, Any], appended: str) -> None:
    assert toolbox.summary_of("pay", {"amount": 5, "to": "Ann"} | more) == "pay 5 to “Ann” now" + appended
    toolbox.add(pay, name="send", confirm=True, summary="send money")
    assert toolbox.summary_of("send", {"amount": 5, "to": "Ann"}) == "send money with amount “5” and to “Ann”"


def test_a_summary_may_be_a_function_or_missing(caplog: pytest.LogCaptureFixture) -> None:
    toolbox = Toolbox()
    toolbox.add(pay, name="pay_out")
    toolbox.add(pay, name="look", summary=lambda given: f"look at {given['to']}")
    assert toolbox.summary_of("pay_out", {"amount": 5, "to": "Ann"}) == "pay out with amount “5” and to “Ann”"
    assert toolbox.summary_of("look", {"to": "Ann"}) == "look at Ann"
    caplog.set_level(logging.ERROR)
    assert toolbox.summary_of("look", {"amount": 5}) == "look with amount “5”"
    assert "KeyError" in caplog.text
