"""Account numbers, card numbers and secrets are masked."""

from decimal import Decimal

import pytest

from banker.audit import mask
from banker.audit.chain import canonical_json


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("DE89 3704 0044 0532 0130 00", "****3000"),
        ("pay to GB29NWBK60161331926819 now", "pay to ****6819 now"),
        ("pay GB29 NWBK 6016 1331 9268 19 now and then", "pay ****6819 now and then"),
        ("de89 3704 0044 0532 0130 00", "****3000"),
        ("MT84MALT011000012345MTLCAST001S", "****001S"),
        ("4111 1111 1111 1111", "****1111"),
        ("4111-1111-1111-1111", "****1111"),
        ("4111.1111.1111.1111", "****1111"),
        ("account 12345678 please", "account ****5678 please"),
        ("123456", "****3456"),
        ("12-34-56", "****3456"),
        ("٤١١١١١١١١١١١١١١١", "****١١١١"),
        ("4111\u00a01111\u00a01111\u00a01111", "****1111"),
        (12345678, "****5678"),
        (-12345678, "-****5678"),
        ("12345", "12345"),
        (42, 42),
        (1234.56, 1234.56),
        ("on 2026-11-24", "on 2026-11-24"),
        ("version 2026-11", "version 2026-11"),
        ("1234-56", "****3456"),
        ("1,234.56", "1,234.56"),
        (True, True),
        (None, None),
        ("My card is broken", "My card is broken"),
        ({"account_id": "acc-789"}, {"account_id": "****c789"}),
        ({"account_id": "789"}, {"account_id": "****"}),
        ({"accountId": 789123}, {"accountId": "****9123"}),
        ({"cards": ["1234567", "x-7654321"]}, {"cards": ["****4567", "****4321"]}),
        ({"from": {"iban": "AT61"}}, {"from": {"iban": "****"}}),
        ({"pin": "1234", "Password": "hunter2", "cvv": 123}, {"pin": "****", "Password": "****", "cvv": "****"}),
        ({"opinion": "good", "pinned": True}, {"opinion": "good", "pinned": True}),
        ({"4111111111111111": 1}, {"****1111": 1}),
        ([["12345678"], ("a",)], [["****5678"], ["a"]]),
        (Decimal("1.5"), "1.5"),
        (float("nan"), "nan"),
        ("x" * 5000, "x" * 1000 + "…"),
    ],
)
def test_numbers_of_accounts_and_cards_show_their_last_four(value, shown):
    assert mask(value) == shown
    canonical_json({"details": mask(value)})


def test_a_list_that_contains_itself_is_cut():
    endless = []
    endless.append(endless)
    assert "…" in repr(mask(endless))
