"""The demo bank's banking tools: what they return, whom they serve, their limits, and that nothing runs twice."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from banker.tools.base import Caller, ToolResult
from banker.tools.toolbox import Toolbox
from examples.bank import Bank
from examples.bank.records import Refused
from examples.bank.tools.cards import replacement_summary
from examples.bank.tools.payments import transfer_summary
from tests.examples.test_bank import DANA, OMAR, TOOLS, rows, use

STRANGER = Caller("tenant-123", "demo-customer")
DAY_S = 86_400


def value(toolbox: Toolbox, name: str, caller: Caller = DANA, **arguments: Any) -> Any:
    outcome = use(toolbox, caller, name, **arguments)
    assert outcome.status == "ok", outcome
    return outcome.value


def choices(toolbox: Toolbox, name: str, key: str, caller: Caller = DANA) -> list[str]:
    return [choice.value for choice in asyncio.run(toolbox.choices(caller, name, key, TOOLS))]


def balances(books: Bank, customer: str = "demo-customer") -> list[str]:
    return [str(account.balance) for account in books.accounts(customer)]


def next_weekday(books: Bank, weekday: int, clock: time = time(10)) -> datetime:
    """The first such day after tomorrow; Monday is 0."""
    day = books.today() + timedelta(2)
    return datetime.combine(day + timedelta((weekday - day.weekday()) % 7), clock)


def test_all_tools_are_registered_and_those_that_change_something_ask_first(toolbox: Toolbox) -> None:
    specs = toolbox.specs(TOOLS)
    assert {spec.name for spec in specs} == set(TOOLS)
    assert {spec.name for spec in specs if spec.confirm} == {
        "dispute_charge",
        "transfer_money",
        "freeze_card",
        "unfreeze_card",
        "replace_card",
        "create_ticket",
        "change_address",
        "book_appointment",
    }


def test_the_latest_transactions_come_first(toolbox: Toolbox, books: Bank) -> None:
    found = value(toolbox, "list_transactions")
    assert len(found["transactions"]) == 5 and found["found"] >= 40
    first = next(one for one in found["transactions"] if one["shop"] == "Starbucks")
    number = first.pop("transaction_id")
    assert number.startswith("tx-")
    assert first == {
        "date": books.today().isoformat(),
        "shop": "Starbucks",
        "category": "coffee",
        "amount": "5.85",
        "currency": "USD",
        "direction": "out",
        "account_id": "acc-789",
        "account": "Everyday Checking",
        "dispute_id": None,
    }
    assert "$5.85 at Starbucks." in found["message"]


def test_transactions_are_selected_by_account_day_and_shop(toolbox: Toolbox, books: Bank) -> None:
    since, until = books.today() - timedelta(20), books.today() - timedelta(10)
    found = value(toolbox, "list_transactions", since=since.isoformat(), until=until.isoformat(), limit=20)
    assert found["found"] == len(found["transactions"]) >= 3
    assert all(since.isoformat() <= one["date"] <= until.isoformat() for one in found["transactions"])
    found = value(toolbox, "list_transactions", shop="Amazon", limit=2)
    assert (len(found["transactions"]), found["found"]) == (2, 4)
    assert found["message"].startswith("Here are the latest 2 of 4 transactions.")
    found = value(toolbox, "list_transactions", account_id="acc-790", limit=99)
    assert {one["shop"] for one in found["transactions"]} == {"Interest"}
    assert {one["direction"] for one in found["transactions"]} == {"in"}
    found = value(toolbox, "list_transactions", since=until.isoformat(), until=since.isoformat())
    assert (found["transactions"], found["message"]) == ([], "I found no such transactions in the last three months.")


def test_spending_is_summed_by_month_and_shop(toolbox: Toolbox, books: Bank) -> None:
    books.transfer("demo-customer", "acc-789", "payee-2", Decimal("100"))
    for month in choices(toolbox, "get_spending", "month"):
        spent = value(toolbox, "get_spending", month=month)
        listed = [one for one in books.transactions("demo-customer") if f"{one.day:%Y-%m}" == month]
        expected = -sum(one.amount for one in listed if one.amount < 0 and one.category != "transfer")
        assert Decimal(spent["total"]) == expected
        assert len(spent["shops"]) <= 5
    month = f"{books.today():%Y-%m}"
    assert value(toolbox, "get_spending")["month"] == month
    amazon = value(toolbox, "get_spending", shop="Amazon", month=month)
    listed = [one for one in books.transactions("demo-customer", shop="amazon") if f"{one.day:%Y-%m}" == month]
    assert Decimal(amazon["total"]) == -sum(one.amount for one in listed)
    assert f"at Amazon in {books.today():%B %Y}" in amazon["message"]
    assert "on groceries in" in value(toolbox, "get_spending", shop="groceries")["message"]


def test_a_transfer_between_own_accounts_moves_the_money(toolbox: Toolbox, books: Bank) -> None:
    made = value(toolbox, "transfer_money", from_account="acc-789", to_account="acc-790", amount="50")
    assert made == {
        "transfer_id": "TR-5001",
        "from_account": "acc-789",
        "from_name": "Everyday Checking",
        "to_account": "acc-790",
        "to_name": "Rainy Day Savings",
        "amount": "50.00",
        "currency": "USD",
        "date": books.today().isoformat(),
        "status": "done",
        "message": "Done. I've transferred $50.00 from Everyday Checking to Rainy Day Savings."
        " The transfer has the number TR-5001.",
    }
    assert balances(books) == ["1184.56", "8250.00"]
    entries = [(one.account_id, one.shop, str(one.amount)) for one in books.transactions("demo-customer")[:2]]
    assert sorted(entries) == [("acc-789", "Rainy Day Savings", "-50.00"), ("acc-790", "Everyday Checking", "50.00")]


def test_without_an_account_the_money_comes_from_the_checking_account(toolbox: Toolbox, books: Bank) -> None:
    assert value(toolbox, "transfer_money", to_account="acc-790", amount="0.01")["from_account"] == "acc-789"
    outcome = use(toolbox, DANA, "transfer_money", to_account="acc-789", amount="5")
    assert outcome.reason == "The money can't go to the account that it comes from."
    assert balances(books) == ["1234.55", "8200.01"]


def test_a_payee_with_an_account_at_the_bank_gets_the_money(toolbox: Toolbox, books: Bank) -> None:
    value(toolbox, "transfer_money", to_account="payee-1", amount="20.50")
    assert balances(books) == ["1214.06", "8200.00"]
    assert balances(books, "other-customer") == ["790.62", "3100.99"]
    newest = books.transactions("other-customer", "acc-901")
    assert ("Dana Demo", Decimal("20.50")) in [(one.shop, one.amount) for one in newest]
    value(toolbox, "transfer_money", to_account="payee-2", amount="14.06")
    assert balances(books) == ["1200.00", "8200.00"]


def test_a_later_transfer_runs_on_its_day(toolbox: Toolbox, database: Path, books: Bank) -> None:
    day = books.today() + timedelta(4)
    made = value(toolbox, "transfer_money", to_account="acc-790", amount="1000", when=day.isoformat())
    assert (made["status"], made["date"]) == ("scheduled", day.isoformat())
    books.transfer("demo-customer", "acc-789", "payee-2", Decimal("500"), day)
    assert balances(books) == ["1234.56", "8200.00"]
    now = datetime.combine(day, time(1), UTC).timestamp()
    assert balances(Bank(database, clock=lambda: now - 2 * 3600)) == ["1234.56", "8200.00"]
    later = Bank(database, clock=lambda: now)
    assert balances(later) == ["234.56", "9200.00"]
    assert [(one.transfer_id, one.status) for one in later.transfers("demo-customer")] == [
        ("TR-5002", "failed"),
        ("TR-5001", "done"),
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"amount": "0"}, ""),
        ({"amount": "-5"}, ""),
        ({"amount": "0.001"}, ""),
        ({"amount": "10000.01"}, ""),
        ({"amount": "NaN"}, ""),
        ({"amount": "5.005"}, "An amount can't have fractions of a cent."),
        ({"amount": "1234.57"}, "There isn't enough money in that account. Its balance is $1,234.56."),
        ({"when": "2020-01-01"}, "when: That day is over."),
        ({"when": "2100-01-01"}, "A transfer can be made today or on a day within the next year."),
        ({"from_account": "acc-790"}, "The money can't go to the account that it comes from."),
        ({"from_account": "acc-901"}, ""),
        ({"from_account": "acc-999"}, ""),
        ({"to_account": "acc-901"}, ""),
        ({"to_account": "payee-4"}, ""),
        ({"to_account": "payee-4' OR '1'='1"}, ""),
    ],
)  # fmt: skip
def test_a_transfer_that_is_refused_changes_nothing(
    toolbox: Toolbox, database: Path, books: Bank, arguments: dict[str, str], reason: str
) -> None:
    given = {"to_account": "acc-790", "amount": "5"} | arguments
    outcome = use(toolbox, DANA, "transfer_money", **given)
    assert outcome.status in ("failed", "invalid")
    assert not reason or outcome.reason == reason
    assert "Omar Other, " not in outcome.reason and "Family" not in outcome.reason
    assert balances(books) == ["1234.56", "8200.00"]
    assert rows(database, "SELECT * FROM transfers") == []


def test_accounts_that_are_blocked_neither_send_nor_receive(toolbox: Toolbox, database: Path, books: Bank) -> None:
    for source, target in (("acc-901", "acc-902"), ("acc-902", "acc-901")):
        outcome = use(toolbox, OMAR, "transfer_money", from_account=source, to_account=target, amount="5")
        assert outcome.status == "failed"
    assert balances(books, "other-customer") == ["770.12", "3100.99"]
    assert rows(database, "SELECT * FROM transactions WHERE transfer_id IS NOT NULL") == []


def test_the_database_refuses_what_belongs_to_others_even_if_a_tool_does_not(books: Bank) -> None:
    attempts = (
        lambda: books.transfer("demo-customer", "acc-901", "acc-789", Decimal(5)),
        lambda: books.transfer("demo-customer", "acc-789", "acc-901", Decimal(5)),
        lambda: books.transfer("demo-customer", "acc-789", "payee-4", Decimal(5)),
        lambda: books.set_frozen("demo-customer", "card-5120", True),
        lambda: books.replace_card("demo-customer", "card-5120", "lost"),
        lambda: books.dispute("demo-customer", books.transactions("other-customer")[0].transaction_id, "Not me"),
        lambda: books.dispute("demo-customer", "7001", "Not me"),
    )
    for attempt in attempts:
        with pytest.raises(Refused, match="can't find"):
            attempt()
    assert balances(books, "other-customer") == ["770.12", "3100.99"]


def test_a_transfer_with_the_same_call_id_runs_once(toolbox: Toolbox, books: Bank) -> None:
    call = replace(DANA, call_id="call-1")
    made = [value(toolbox, "transfer_money", call, to_account="acc-790", amount="10") for _ in range(3)]
    assert made[0] == made[1] == made[2]
    assert balances(books) == ["1224.56", "8210.00"]
    value(toolbox, "transfer_money", replace(DANA, call_id="call-2"), to_account="acc-790", amount="10")
    value(toolbox, "transfer_money", replace(OMAR, call_id="call-1"), to_account="payee-4", amount="10")
    assert balances(books) == ["1224.56", "8220.00"]


def test_many_threads_can_neither_overdraw_an_account_nor_run_a_call_twice(books: Bank) -> None:
    def transfer(number: int) -> str:
        try:
            call_id = f"call-{number // 2}"
            return books.transfer("demo-customer", "acc-789", "acc-790", Decimal(400), call_id=call_id).transfer_id
        except Refused:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(transfer, range(16)))
    assert len(set(made) - {"refused"}) == 3
    assert balances(books) == ["34.56", "9400.00"]


def test_a_transfer_is_rolled_back_as_a_whole(books: Bank, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "_keep_outcome", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        books.transfer("demo-customer", "acc-789", "acc-790", Decimal(400), call_id="call-1")
    assert balances(books) == ["1234.56", "8200.00"]
    assert rows(database, "SELECT * FROM transfers") == []
    assert rows(database, "SELECT * FROM transactions WHERE transfer_id IS NOT NULL") == []


def test_payees_are_listed(toolbox: Toolbox) -> None:
    found = value(toolbox, "list_payees")
    assert found["payees"][2] == {
        "payee_id": "payee-1",
        "name": "Omar Other",
        "bank": "Demo Bank",
        "account_ending": "0901",
    }
    expected = "You can send money to City Power and Light, Maple Street Apartments and Omar Other."
    assert found["message"] == expected
    assert value(toolbox, "list_payees", STRANGER)["payees"] == []


def test_a_card_is_frozen_and_unfrozen(toolbox: Toolbox) -> None:
    for _ in range(2):
        assert value(toolbox, "freeze_card", card="card-4417")["status"] == "frozen"
    cards = value(toolbox, "list_cards")
    assert [(card["card_id"], card["status"]) for card in cards["cards"]] == [
        ("card-4417", "frozen"),
        ("card-8802", "active"),
    ]
    assert cards["message"].startswith("Your debit card ending in 4417 is frozen and expires in 09/29.")
    card = value(toolbox, "unfreeze_card", card="card-4417")
    assert (card["status"], card["name"]) == ("active", "debit card ending in 4417")


def test_a_repeated_call_does_not_freeze_again_what_was_unfrozen_since(toolbox: Toolbox) -> None:
    call = replace(DANA, call_id="call-1")
    value(toolbox, "freeze_card", call, card="card-4417")
    value(toolbox, "unfreeze_card", card="card-4417")
    assert value(toolbox, "freeze_card", call, card="card-4417")["status"] == "active"


@pytest.mark.parametrize("tool", ["freeze_card", "unfreeze_card", "replace_card"])
@pytest.mark.parametrize("card", ["card-5120", "card-0000", "4417", ""])
def test_cards_of_others_do_not_exist(toolbox: Toolbox, books: Bank, tool: str, card: str) -> None:
    more = {"reason": "lost"} if tool == "replace_card" else {}
    outcome = use(toolbox, DANA, tool, card=card, **more)
    assert outcome.status in ("failed", "invalid") and "5120" not in outcome.reason
    assert {one.status for one in books.cards("other-customer")} == {"active"}


@pytest.mark.parametrize("reason", ["lost", "stolen"])
def test_a_card_that_is_gone_is_cancelled_and_replaced(toolbox: Toolbox, books: Bank, reason: str) -> None:
    call = replace(DANA, call_id="call-1")
    new = value(toolbox, "replace_card", call, card="card-4417", reason=reason)
    assert (new["status"], new["kind"]) == ("ordered", "debit") and new["ending"] != "4417"
    assert new["arrives"] == (books.today() + timedelta(7)).isoformat()
    assert "I've cancelled your old card." in new["message"] and "12 Maple Street" in new["message"]
    again = books.replace_card("demo-customer", "card-4417", reason, "call-1")
    assert again.card_id == new["card_id"]
    states = [card.status for card in books.cards("demo-customer")]
    assert states == ["cancelled", "active", "ordered"]
    assert choices(toolbox, "freeze_card", "card") == ["card-8802"]


def test_a_damaged_card_works_until_the_new_one_arrives(toolbox: Toolbox, database: Path, books: Bank) -> None:
    new = value(toolbox, "replace_card", card="card-4417", reason="damaged")
    assert "cancelled" not in new["message"]
    assert [card.status for card in books.cards("demo-customer")] == ["active", "active", "ordered"]
    assert use(toolbox, DANA, "replace_card", card="card-4417", reason="damaged").status == "failed"
    now = books.now().timestamp() + 7 * DAY_S
    later = Bank(database, clock=lambda: now)
    assert [card.status for card in later.cards("demo-customer")] == ["cancelled", "active", "active"]


def test_a_replaced_card_that_is_lost_meanwhile_is_cancelled_too(toolbox: Toolbox, books: Bank) -> None:
    new = value(toolbox, "replace_card", card="card-4417", reason="damaged")
    assert value(toolbox, "replace_card", card="card-4417", reason="lost")["card_id"] == new["card_id"]
    assert [card.status for card in books.cards("demo-customer")] == ["cancelled", "active", "ordered"]


def test_a_charge_is_disputed_once(toolbox: Toolbox, books: Bank) -> None:
    charge = books.transactions("demo-customer", shop="Amazon")[0]
    call = replace(DANA, call_id="call-1")
    found = value(toolbox, "dispute_charge", call, transaction=charge.transaction_id, reason="I never got it")
    assert (found["dispute_id"], found["amount"], found["shop"]) == ("D-301", "34.99", "Amazon")
    assert "$34.99 at Amazon. Its number is D-301." in found["message"]
    assert books.dispute("demo-customer", charge.transaction_id, "I never got it", "call-1").dispute_id == "D-301"
    with pytest.raises(Refused, match=r"already\. Your dispute has the number D-301"):
        books.dispute("demo-customer", charge.transaction_id, "Again")
    assert charge.transaction_id not in choices(toolbox, "dispute_charge", "transaction")


def test_only_own_payments_to_shops_can_be_disputed(toolbox: Toolbox, database: Path, books: Bank) -> None:
    value(toolbox, "transfer_money", to_account="acc-790", amount="5")
    salary = books.transactions("demo-customer", shop="income")[0].transaction_id
    moved = books.transactions("demo-customer", shop="transfer")[0].transaction_id
    foreign = books.transactions("other-customer")[0].transaction_id
    for transaction in (salary, moved, foreign, "tx-1", "tx-x"):
        outcome = use(toolbox, DANA, "dispute_charge", transaction=transaction, reason="Not me")
        assert outcome.status in ("failed", "invalid")
    with pytest.raises(Refused, match="Only a payment"):
        books.dispute("demo-customer", salary, "Not me")
    assert use(toolbox, DANA, "dispute_charge", transaction=salary, reason="").status == "invalid"
    assert rows(database, "SELECT * FROM disputes") == []


def test_an_address_is_changed(toolbox: Toolbox, books: Bank) -> None:
    new = {"street": "5 Oak Lane", "city": "Riverton", "postcode": "62561"}
    assert value(toolbox, "change_address", street=" 5  Oak Lane", city="Riverton", postcode="62561") == new
    address = books.address("demo-customer")
    assert address is not None and (address.street, address.city, address.postcode) == tuple(new.values())
    other = books.address("other-customer")
    assert other is not None and other.street == "48 Harbor Road"
    for mistake in ({"street": ""}, {"street": " ? "}, {"city": "12"}, {"postcode": "none"}, {"postcode": "1" * 20}):
        assert use(toolbox, DANA, "change_address", **{**new, **mistake}).status == "invalid"
    assert use(toolbox, Caller("demo", "nobody"), "change_address", **new).status == "failed"


def test_branches_are_found_by_city(toolbox: Toolbox) -> None:
    assert len(value(toolbox, "find_branch")["branches"]) == 3
    found = value(toolbox, "find_branch", city="Riverton")
    assert [branch["name"] for branch in found["branches"]] == ["Riverside"]
    assert found["message"].startswith("I found one branch: Riverside, 31 Quay Lane, Riverton, with a cash machine")
    assert use(toolbox, DANA, "find_branch", city="Atlantis").status == "invalid"


def test_an_appointment_is_booked_once(toolbox: Toolbox, books: Bank) -> None:
    when = next_weekday(books, 1)
    given = {"topic": "A loan", "branch": "branch-1", "when": when.isoformat()}
    call = replace(DANA, call_id="call-1")
    booked = [value(toolbox, "book_appointment", call, **given) for _ in range(2)]
    assert booked[0] == booked[1]
    assert (booked[0]["appointment_id"], booked[0]["branch"]) == ("A-201", "Main Street")
    assert booked[0]["when"] == when.isoformat()
    assert "at 10:00 AM, at Main Street" in booked[0]["message"]
    assert use(toolbox, OMAR, "book_appointment", **given).reason == "That time is taken at this branch."
    assert [one.topic for one in books.appointments("demo-customer")] == ["A loan"]
    assert books.appointments("other-customer") == []


@pytest.mark.parametrize(
    ("weekday", "clock", "reason"),
    [
        (5, time(10), "Monday to Friday"),
        (1, time(8, 30), "nine to half past four"),
        (1, time(17), "nine to half past four"),
        (1, time(10, 10), "on the hour or at half past"),
    ],
)
def test_appointments_are_within_opening_hours(
    toolbox: Toolbox, books: Bank, weekday: int, clock: time, reason: str
) -> None:
    when = next_weekday(books, weekday, clock).isoformat()
    outcome = use(toolbox, DANA, "book_appointment", topic="A loan", branch="branch-1", when=when)
    assert outcome.status == "invalid" and reason in outcome.reason
    for other in ("2020-01-07T10:00", "2100-01-05T10:00"):
        outcome = use(toolbox, DANA, "book_appointment", topic="A loan", branch="branch-1", when=other)
        assert outcome.reason == "An appointment can be booked for the next three months."
    assert use(toolbox, DANA, "book_appointment", topic="A loan", branch="branch-9", when=when).status == "invalid"


def test_a_ticket_with_the_same_call_id_is_opened_once(books: Bank) -> None:
    first = books.open_ticket("demo-customer", "Card", "", "call-1")
    assert books.open_ticket("demo-customer", "Other words", "", "call-1") == first


def test_an_exchange_rate_is_for_one_us_dollar(toolbox: Toolbox) -> None:
    found = value(toolbox, "exchange_rate", currency="EUR")
    assert (found["rate"], found["base"], found["name"]) == ("0.8620", "USD", "euros")
    assert found["message"] == "Today one US dollar buys 0.86 euros."
    assert use(toolbox, DANA, "exchange_rate", currency="XXX").status == "invalid"


def test_choices_are_the_callers_own(toolbox: Toolbox, books: Bank) -> None:
    assert choices(toolbox, "transfer_money", "from_account") == ["acc-789", "acc-790"]
    assert choices(toolbox, "transfer_money", "to_account", OMAR) == ["acc-901", "acc-902", "payee-4", "payee-5"]
    assert choices(toolbox, "freeze_card", "card", OMAR) == ["card-5120", "card-6633"]
    assert choices(toolbox, "freeze_card", "card", STRANGER) == []
    assert {"Starbucks", "groceries"} <= set(choices(toolbox, "get_spending", "shop"))
    assert choices(toolbox, "get_spending", "month")[0] == f"{books.today():%Y-%m}"


def test_a_caller_of_another_tenant_is_nobodys_customer(toolbox: Toolbox) -> None:
    assert value(toolbox, "list_transactions", STRANGER)["found"] == 0
    assert value(toolbox, "list_cards", STRANGER)["message"] == "You have no cards with us."
    transfer = use(toolbox, STRANGER, "transfer_money", to_account="acc-790", amount="5")
    assert transfer.status in ("failed", "invalid")


def test_summaries_name_everything_that_runs(toolbox: Toolbox) -> None:
    values = {"to_account": "Rainy Day Savings", "amount": Decimal("15")}
    assert transfer_summary(values) == "transfer $15.00 from your checking account to Rainy Day Savings"
    values |= {"from_account": "Everyday Checking", "when": date(2026, 12, 4), "amount": Decimal("1234.5")}
    expected = "transfer $1,234.50 from Everyday Checking to Rainy Day Savings on Friday, December 4, 2026"
    assert transfer_summary(values) == expected
    assert transfer_summary(values | {"amount": Decimal("5.005")}).startswith("transfer $5.005 from")
    card = {"card": "debit card ending in 4417"}
    lost = "cancel your debit card ending in 4417, which is lost, and order a new one"
    assert replacement_summary(card | {"reason": "lost"}) == lost
    assert "cancel" not in replacement_summary(card | {"reason": "damaged"})


def test_results_are_small_enough_for_a_session(toolbox: Toolbox) -> None:
    outcome = use(toolbox, DANA, "list_transactions", limit=10**6)
    assert isinstance(outcome, ToolResult) and len(outcome.value["transactions"]) == 20
