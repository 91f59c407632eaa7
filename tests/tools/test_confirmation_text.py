"""The question before a tool that changes something: it says what will run, in words that cannot distort it."""

import asyncio
import logging
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import pytest

from banker import Choices
from banker.tools.base import Caller, ToolResult
from banker.tools.toolbox import Toolbox
from tests.tools.payments import ALL, CALLER, pay, run, summary


def test_a_summary_contains_the_arguments_and_cannot_be_distorted_by_them(toolbox: Toolbox) -> None:
    given = {"amount": 5, "to": "Ann”\n and “{amount}"}
    assert summary(toolbox, "pay", given) == "pay 5.00 to “Ann’ and ‘{amount}” now"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("1E+3", "1,000.00"),
        ("٥٠", "50.00"),
        ("५०.५", "50.50"),
        ("5_000", "5,000.00"),
        (" 7 ", "7.00"),
        ("0005", "5.00"),
        ("1.005", "1.005"),
        (15, "15.00"),
        (0.1, "0.10"),
        ("1E-3", "0.001"),
    ],
)
def test_an_amount_is_shown_as_the_number_that_runs(toolbox: Toolbox, sent: Any, shown: str) -> None:
    given = {"amount": sent, "to": "Ann"}
    assert summary(toolbox, "pay", given) == f"pay {shown} to “Ann” now"
    assert Decimal(run(toolbox, "pay", given).value["amount"]) == Decimal(shown.replace(",", ""))


@pytest.mark.parametrize("amount", ["1E+400", "1E-13", "Infinity", "NaN", "1e99999999999", 0.1 + 0.2, "9" * 1999])
def test_an_amount_that_nobody_could_read_is_refused(toolbox: Toolbox, amount: Any) -> None:
    assert run(toolbox, "pay", {"amount": amount, "to": "Ann"}).status == "invalid"


HIDDEN = "\u200b \u202e \u2066 \u00ad \ufeff \u3164 \u2800 \u034f \ufe01 \U000e0041 \u2028 a\u200db"


@pytest.mark.parametrize("hidden", HIDDEN.split(" "))
def test_invisible_characters_are_refused(toolbox: Toolbox, hidden: str) -> None:
    result = toolbox.check("pay", {"amount": 5, "to": f"An{hidden}n"}, ALL)
    assert isinstance(result, ToolResult) and "invisible" in result.reason


def test_composed_emoji_are_accepted_and_shown(toolbox: Toolbox) -> None:
    assert summary(toolbox, "pay", {"amount": 5, "to": "Ann ❤️ 👩‍👧"}) == "pay 5.00 to “Ann ❤️ 👩‍👧” now"


@pytest.mark.parametrize(
    ("more", "appended"),
    [
        ({}, ""),
        ({"kind": "now"}, ""),
        ({"urgent": True}, " and urgent “yes”"),
        ({"tags": ["rent", "“May”"], "times": 2}, " and tags “rent, ‘May’” and times “2”"),
        ({"tags": []}, ""),
        ({"day": "2026-12-04"}, " and day “Friday, December 4, 2026”"),
    ],
)
def test_arguments_missing_from_a_template_are_appended(toolbox: Toolbox, more: dict[str, Any], appended: str) -> None:
    assert summary(toolbox, "pay", {"amount": 5, "to": "Ann"} | more) == "pay 5.00 to “Ann” now" + appended
    toolbox.add(pay, name="quick", confirm=True, summary="send money")
    assert summary(toolbox, "quick", {"amount": 5, "to": "Ann"}) == "send money with amount “5.00” and to “Ann”"


def test_a_summary_may_be_a_function_of_the_loaded_values_or_missing(caplog: pytest.LogCaptureFixture) -> None:
    toolbox = Toolbox()
    toolbox.add(pay, name="quick")
    toolbox.add(pay, name="look", summary=lambda given: f"look at {given['to']} for {given['amount'] + 1}")
    toolbox.add(pay, name="hang", summary=lambda given: given["nothing"])
    given = {"amount": "5", "to": "Ann"}
    assert summary(toolbox, "quick", given) == "go ahead with this: quick, amount “5.00” and to “Ann”"
    assert summary(toolbox, "look", given) == "look at Ann for 6"
    toolbox.add(pay, name="pay", description="Pays somebody.")
    assert summary(toolbox, "pay", given) == "pay with amount “5.00” and to “Ann”"
    caplog.set_level(logging.ERROR)
    assert summary(toolbox, "hang", given) == "go ahead with this: hang, amount “5.00” and to “Ann”"
    assert "KeyError" in caplog.text


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("pay ${amount:,.2f} to {to}", "pay $1,234.50 to Ann"),
        ("pay {amount:.0f} to {to}", "pay 1,234.50 to Ann"),
        ("pay {amount:%} to {to:.1}", "pay 1,234.50 to Ann"),
        ("pay {amount} to {to} in {day:%B}", "pay 1,234.50 to Ann in December"),
    ],
)
def test_a_template_may_format_a_value_but_not_lose_a_digit(template: str, expected: str) -> None:
    toolbox = Toolbox()
    toolbox.add(pay, summary=template)
    given = {"amount": "1234.5", "to": "Ann"} | ({"day": "2026-12-04"} if "day" in template else {})
    assert summary(toolbox, "pay", given) == expected


class Reason(Enum):
    """Why a card is replaced."""

    LOST = "lost"
    NOT_ARRIVED = "not_arrived"


def replace_card(
    caller: Caller,
    card: Annotated[str, Choices(lambda caller: {"c-1": ["Visa"], "c-2": ["Visa"], "c-3": ["the blue one"]})],
    reason: Reason = Reason.LOST,
    at: time | None = None,
    until: datetime | None = None,
    since: date | None = None,
) -> None: ...


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"card": "c-3"}, "replace the blue one because it is lost"),
        ({"card": "c-2", "reason": "not_arrived"}, "replace Visa (c-2) because it is not arrived"),
        ({"card": "c-3", "at": "14:05"}, "replace the blue one because it is lost and at “2:05 p.m.”"),
        (
            {"card": "c-3", "until": "2026-12-04T00:30:09Z"},
            "replace the blue one because it is lost and until “Friday, December 4, 2026, 12:30:09 a.m. UTC”",
        ),
    ],
)
def test_a_choice_is_shown_by_its_name_and_a_date_in_words(given: dict[str, Any], expected: str) -> None:
    toolbox = Toolbox()
    toolbox.add(replace_card, name="quick", confirm=True, summary="replace {card} because it is {reason}")
    assert summary(toolbox, "quick", given) == expected


def test_a_value_that_is_no_choice_is_never_asked_about() -> None:
    toolbox = Toolbox()
    toolbox.add(replace_card, name="quick", confirm=True)
    refused = asyncio.run(toolbox.propose(CALLER, "quick", {"card": "c-9"}, ALL))
    assert isinstance(refused, ToolResult) and refused.status == "invalid"
    assert refused.reason == "card: must be one of: c-1 (Visa), c-2 (Visa), c-3 (the blue one)"


def test_what_is_too_long_to_be_heard_is_refused() -> None:
    toolbox = Toolbox()

    @toolbox.tool(confirm=True)
    def look(caller: Caller, first: str, second: str, third: str) -> None: ...

    refused = asyncio.run(toolbox.propose(CALLER, "look", dict.fromkeys(("first", "second", "third"), "x" * 1900), ALL))
    assert isinstance(refused, ToolResult) and refused.status == "invalid" and "too long" in refused.reason


def card(**options: Any) -> dict[str, Any]:
    """Return the card of a transfer of 20 from savings that is declared with these options."""
    toolbox = Toolbox()

    @toolbox.tool(confirm=True, **options)
    def move_money(caller: Caller, amount: Decimal, source: str, note: str = "") -> None: ...

    proposed = asyncio.run(toolbox.propose(CALLER, "move_money", {"source": "savings", "amount": 20}, ["move_money"]))
    toolbox.close()
    assert not isinstance(proposed, ToolResult)
    return dict(proposed.card)


def test_a_card_has_the_values_that_run_under_the_names_of_the_bank() -> None:
    assert card() == {
        "title": "Move money",
        "fields": [{"label": "Amount", "value": "20.00"}, {"label": "Source", "value": "savings"}],
    }
    assert card(title="Transfer", labels={"source": "From", "amount": "Amount in USD"}) == {
        "title": "Transfer",
        "fields": [{"label": "From", "value": "savings"}, {"label": "Amount in USD", "value": "20.00"}],
    }


def test_a_function_that_may_say_more_is_read_in_full_unless_there_are_labels() -> None:
    assert card(summary=lambda values: "move it, for a fee of 5")["fields"] == []
    assert len(card(summary=lambda values: "move it", labels={"amount": "Amount"})["fields"]) == 2
