"""The demo bank's one-time codes: each is for one call of one customer, for a time, and for three tries."""

import time
from pathlib import Path

import pytest

from examples.bank import Bank
from examples.bank.records import Refused
from examples.bank.tools.payments import above_code_limit

DANA, OMAR = "demo-customer", "other-customer"


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_is_good_for_its_own_call_and_customer(bank: Bank) -> None:
    later = time.time() + 300
    rent, taxes = (bank.code_for(DANA, call, f"hash of {call}", later) for call in ("rent", "taxes"))
    assert bank.code_for(DANA, "rent", "hash of rent", later) == rent, "asking again sends no other code"
    assert bank.check_code(DANA, "rent", f" {rent.code} ") == "hash of rent"
    for customer, call in ((OMAR, "rent"), (DANA, "food")):
        with pytest.raises(Refused, match="no longer needed"):
            bank.check_code(customer, call, rent.code)
    if taxes.code != rent.code:
        with pytest.raises(Refused, match="wrong"):
            bank.check_code(DANA, "taxes", rent.code)


def test_no_code_helps_after_three_wrong_ones(bank: Bank) -> None:
    sent = bank.code_for(DANA, "rent", "hash", time.time() + 300)
    for told in ("look at the message", "look at the message", "third wrong code", "third wrong code"):
        with pytest.raises(Refused, match=told):
            bank.check_code(DANA, "rent", wrong(sent.code))
    with pytest.raises(Refused):
        bank.check_code(DANA, "rent", sent.code)


def test_a_code_is_over_with_the_call_that_waits_for_it(database: Path) -> None:
    sent = Bank(database, clock=lambda: 1000.0).code_for(DANA, "rent", "hash", 1300.0)
    with pytest.raises(Refused, match="no longer needed"):
        Bank(database, clock=lambda: 1301.0).check_code(DANA, "rent", sent.code)


@pytest.mark.parametrize(("amount", "needs_code"), [(1, False), (1000, False), (1000.01, True), (9999, True)])
def test_only_large_transfers_need_one(amount: float, needs_code: bool) -> None:
    assert above_code_limit({"amount": amount}, None) is needs_code  # type: ignore[arg-type]
