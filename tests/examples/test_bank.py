"""The demo bank's tools: callers see only their own accounts, and a ticket is opened only once."""

import asyncio
import random
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from banker import Caller
from banker.tools.base import ProposedCall, ToolResult
from banker.tools.toolbox import Toolbox
from examples.bank import Bank

TOOLS = (
    "get_account_status list_transactions get_spending dispute_charge list_payees transfer_money exchange_rate"
    " list_cards freeze_card unfreeze_card replace_card create_ticket change_address find_branch book_appointment"
).split()
DANA = Caller("demo", "demo-customer")
OMAR = Caller("demo", "other-customer")


def use(toolbox: Toolbox, caller: Caller, name: str, **arguments: Any) -> ToolResult:
    return asyncio.run(toolbox.run(caller, name, arguments, TOOLS))


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(statement).fetchall()


def test_an_account_has_a_balance_and_more(toolbox: Toolbox) -> None:
    outcome = use(toolbox, DANA, "get_account_status", account_id="acc-789")
    assert outcome.status == "ok"
    as_of = outcome.value.pop("as_of")
    assert as_of.endswith("Z")
    assert outcome.value == {
        "account_id": "acc-789",
        "name": "Everyday Checking",
        "type": "checking",
        "balance": "1234.56",
        "currency": "USD",
        "status": "active",
    }


def test_without_an_id_it_is_the_account_on_the_users_page(toolbox: Toolbox) -> None:
    caller = Caller("demo", "demo-customer", portal_context={"route": "/account", "account_id": "acc-790"})
    assert use(toolbox, caller, "get_account_status").value["balance"] == "8200.00"
    assert use(toolbox, caller, "get_account_status", account_id="acc-789").value["balance"] == "1234.56"


def test_without_any_id_all_accounts_of_the_caller_are_listed(toolbox: Toolbox) -> None:
    listed = use(toolbox, DANA, "get_account_status").value["accounts"]
    assert [account["account_id"] for account in listed] == ["acc-789", "acc-790"]
    listed = use(toolbox, OMAR, "get_account_status", account_id=None).value["accounts"]
    assert [account["account_id"] for account in listed] == ["acc-901", "acc-902"]
    assert use(toolbox, Caller("demo", "nobody"), "get_account_status").value["accounts"] == []


@pytest.mark.parametrize(
    "account_id",
    ["acc-901", "acc-999", "' OR '1'='1", "acc-789' --", "acc-789; DROP TABLE x", "ACC-789", "аcc-789", "%", "*"],
)  # fmt: skip
def test_accounts_of_others_do_not_exist_for_the_caller(toolbox: Toolbox, database: Path, account_id: str) -> None:
    outcome = use(toolbox, DANA, "get_account_status", account_id=account_id)
    assert (outcome.status, outcome.value) == ("invalid", None)
    assert "901" not in outcome.reason.replace(account_id, "") and "3,100" not in outcome.reason
    assert len(rows(database, "SELECT * FROM accounts")) == 4


def test_the_portal_context_gives_no_access_to_accounts_of_others(toolbox: Toolbox) -> None:
    caller = Caller("demo", "demo-customer", portal_context={"account_id": "acc-901"})
    assert use(toolbox, caller, "get_account_status").status == "failed"


def test_a_user_of_the_same_name_at_another_tenant_has_no_accounts(toolbox: Toolbox) -> None:
    stranger = Caller("tenant-123", "demo-customer")
    assert use(toolbox, stranger, "get_account_status", account_id="acc-789").status == "invalid"
    assert use(toolbox, stranger, "get_account_status").value["accounts"] == []
    assert use(toolbox, stranger, "create_ticket", subject="Hello").status == "failed"


def test_a_ticket_is_stored(toolbox: Toolbox, database: Path) -> None:
    subject = "Lost'); DROP TABLE tickets; --"
    outcome = use(toolbox, DANA, "create_ticket", subject=f" {subject}\n", details="On the bus.")
    assert outcome.value["ticket_id"] == "T-1042"
    assert outcome.value["status"] == "open"
    assert rows(database, "SELECT id, customer_id, subject, details, status FROM tickets") == [
        (1042, "demo-customer", subject, "On the bus.", "open")
    ]


def test_the_confirmation_contains_everything_in_the_ticket(toolbox: Toolbox) -> None:
    assert toolbox.needs_confirmation("create_ticket") and not toolbox.needs_confirmation("get_account_status")

    def summary(**arguments: str) -> str:
        proposed = asyncio.run(toolbox.propose(DANA, "create_ticket", arguments, ["create_ticket"]))
        assert isinstance(proposed, ProposedCall)
        return proposed.summary

    expected = "open a ticket with the subject “Lost’ and ‘found” and details “x”"
    assert summary(subject="Lost” and\n“found", details="x") == expected
    assert summary(subject="Fees", details="").endswith("subject “Fees”")


@pytest.mark.parametrize("subject", ["", "   ", "x" * 201])
def test_a_ticket_needs_a_subject(toolbox: Toolbox, database: Path, subject: str) -> None:
    assert use(toolbox, DANA, "create_ticket", subject=subject).status in ("invalid", "failed")
    assert rows(database, "SELECT * FROM tickets") == []


def test_only_customers_can_open_tickets(toolbox: Toolbox, database: Path) -> None:
    assert use(toolbox, Caller("demo", "nobody"), "create_ticket", subject="Hello").status == "failed"
    assert rows(database, "SELECT * FROM tickets") == []


def test_the_same_ticket_within_two_minutes_is_opened_once(database: Path) -> None:
    now = 1_000_000.0
    bank = Bank(database, clock=lambda: now)
    first = bank.open_ticket("demo-customer", "Lost card", "")
    now += 119
    assert bank.open_ticket("demo-customer", "Lost card", "") == first
    others = [
        ("other-customer", "Lost card", ""),
        ("demo-customer", "Lost card", "Blue"),
        ("demo-customer", "Card", ""),
    ]
    assert len({first.ticket_id, *(bank.open_ticket(*other).ticket_id for other in others)}) == 4
    now += 2
    assert bank.open_ticket("demo-customer", "Lost card", "").ticket_id != first.ticket_id


def test_many_threads_and_processes_open_one_ticket_in_a_new_database(missing: Path) -> None:
    work = (
        "from concurrent.futures import ThreadPoolExecutor as P; import sys; from examples.bank.database import Bank;"
        "b = Bank(sys.argv[1]); p = P(4);"
        "print(*{f.result().ticket_id for f in [p.submit(b.open_ticket, 'demo-customer', 'x', '') for _ in range(8)]})"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", work, str(missing)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=30)[0].strip() for process in processes] == ["T-1042"] * 3
    assert len(rows(missing, "SELECT * FROM tickets")) == 1
    assert rows(missing, "PRAGMA journal_mode") == [("wal",)]
    assert len(rows(missing, "SELECT * FROM customers")) == 2


def test_many_threads_create_the_database_once(missing: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        banks = [Bank(missing) for _ in range(8)]
        found = list(pool.map(lambda bank: len(bank.accounts("demo-customer")), banks))
    assert found == [2] * 8


def test_calls_interrupted_at_20_random_moments_are_stored_once_each(toolbox: Toolbox, database: Path) -> None:
    told: list[ToolResult] = []
    toolbox.on_finished = lambda caller, name, arguments, outcome: told.append(outcome)
    chance = random.Random(5)

    async def interrupted() -> None:
        await toolbox.run(DANA, "get_account_status", {}, TOOLS)
        for number in range(20):
            call = asyncio.ensure_future(toolbox.run(DANA, "create_ticket", {"subject": f"Ticket {number}"}, TOOLS))
            await asyncio.sleep(0)
            await asyncio.sleep(chance.random() * 0.004)
            call.cancel()
        async with asyncio.timeout(10):
            while len(told) < 21:
                await asyncio.sleep(0.005)

    asyncio.run(interrupted())
    assert [outcome.status for outcome in told] == ["ok"] * 21
    assert rows(database, "SELECT COUNT(*), COUNT(DISTINCT subject) FROM tickets") == [(20, 20)]
