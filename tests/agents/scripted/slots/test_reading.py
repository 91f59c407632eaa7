"""The arguments that are read from a turn."""

import asyncio
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest

from banker.agents.scripted.slots import Known, Reading, read_slots
from banker.tools.base import Choice
from banker.tools.parameters import Choices
from banker.tools.toolbox import Toolbox

NOW = datetime(2026, 11, 25, 9, 30)  # a Wednesday
PAYEES = {"p1": ["Marta Lopez", "Marta"], "p2": ["Green Homes"], "p3": ["credit card"]}
TOOLBOX = Toolbox()


@TOOLBOX.tool(confirm=True)
def standing_order(
    caller,
    payee: Annotated[str, Choices(lambda caller: PAYEES)],
    amount: Decimal,
    frequency: Literal["weekly", "monthly", "yearly"],
    start: date,
) -> dict:
    """Set up a standing order."""
    return {}


@TOOLBOX.tool
def convert(caller, amount: Decimal, to: Literal["EUR", "JPY", "CHF"], source: Literal["USD", "EUR"] = "USD") -> dict:
    """Convert an amount."""
    return {}


@TOOLBOX.tool(confirm=True)
def travel(caller, country: Literal["Italy", "Spain"], from_date: date, to_date: date) -> dict:
    """Note a trip."""
    return {}


@TOOLBOX.tool(confirm=True)
def move_house(caller, street: str, city: str, postcode: str) -> dict:
    """Change the address."""
    return {}


def read(tool: str, text: str, values: dict[str, Any] | None = None, asked: str = "") -> Reading:
    async def choices(tool: str, argument: str) -> list[Choice]:
        return [Choice(value, tuple(names)) for value, names in PAYEES.items()]

    (spec,) = TOOLBOX.specs((tool,))
    return asyncio.run(read_slots(text, spec, choices, Known(values or {}, asked), NOW))


ADDRESS = {"street": "7 Elm Street", "city": "Springfield", "postcode": "62704"}


@pytest.mark.parametrize(
    ("tool", "text", "values"),
    [
        ("standing_order", "500 dollars a month to Marta starting January 1st",
         {"payee": "p1", "amount": "500", "frequency": "monthly", "start": "2027-01-01"}),
        ("standing_order", "pay the creditcard 20 every week", {"payee": "p3", "amount": "20", "frequency": "weekly"}),
        ("convert", "what are 100 dollars in euros", {"amount": "100", "source": "USD", "to": "EUR"}),
        ("convert", "250 USD to yen", {"amount": "250", "source": "USD", "to": "JPY"}),
        ("convert", "50 euros in francs", {"amount": "50", "source": "EUR", "to": "CHF"}),
        ("travel", "I go to Italy on friday and come back on december 14th",
         {"country": "Italy", "from_date": "2026-11-27", "to_date": "2026-12-14"}),
        ("travel", "back on december 14th from Spain, off on december 2nd",
         {"country": "Spain", "from_date": "2026-12-02", "to_date": "2026-12-14"}),
        ("travel", "Italy from friday for two weeks",
         {"country": "Italy", "from_date": "2026-11-27", "to_date": "2026-12-11"}),
        ("move_house", "I live at 7 Elm Street in Springfield 62704", ADDRESS),
        ("standing_order", "20, no, 30 dollars to Marta every month from friday, sorry, from saturday",
         {"payee": "p1", "amount": "30", "frequency": "monthly", "start": "2026-11-28"}),
        ("standing_order", "I've paid Marta 90 since the summer, monthly",
         {"payee": "p1", "amount": "90", "frequency": "monthly"}),
        ("standing_order", "Marta monthly, the same as last month", {"payee": "p1", "frequency": "monthly"}),
        ("move_house", "my new address is 7 Elm Street, Springfield, 62704", ADDRESS),
        ("move_house", "I want to change my address to 7 Elm Street, Springfield, 62704", ADDRESS),
    ],
)  # fmt: skip
def test_all_values_of_a_sentence_are_read(tool: str, text: str, values: dict[str, Any]) -> None:
    assert read(tool, text).values == values


@pytest.mark.parametrize(
    ("text", "asked", "values"),
    [
        ("7 Elm Street, Springfield 62704", "street", ADDRESS),
        ("we moved to 7 Elm Street please", "street", {"street": "7 Elm Street"}),
        ("the city is Springfield", "city", {"city": "Springfield"}),
    ],
)
def test_an_answer_is_read_without_the_words_around_it(text: str, asked: str, values: dict[str, Any]) -> None:
    assert read("move_house", text, asked=asked).values == values


def test_a_text_is_corrected_by_words_that_resemble_it() -> None:
    assert read("move_house", "no, it's number 9, 9 Elm Street", ADDRESS).values == {"street": "9 Elm Street"}


def test_a_number_answers_what_was_asked() -> None:
    assert read("standing_order", "2000", {"payee": "p1"}, asked="amount").values == {"amount": "2000"}


def test_a_position_is_a_date_unless_the_choice_was_asked_for() -> None:
    known = {"payee": "p1", "amount": "5", "frequency": "weekly", "start": "2026-12-01"}
    assert read("standing_order", "make that the third", known).values == {"start": "2026-12-03"}
    assert read("standing_order", "the third one", asked="payee").values["payee"] == "p3"


def test_a_name_that_no_choice_has_is_noted() -> None:
    assert read("standing_order", "pay 5 dollars to Bob Smith").unknown == {"payee": "Bob Smith"}
    assert read("standing_order", "I want to pay my rent").unknown == {}


def test_what_is_to_be_done_is_no_value() -> None:
    assert read("move_house", "I need to change my address").values == {}
