"""Figures from tools, the user and the bank may be said in any form; all others are held back."""

import json
from datetime import date
from decimal import Decimal

import pytest

from banker.agents.grounding import MAX_FACTS, GroundingGuard

TOOL_RESULT = {
    "accounts": [
        {"account_id": "acc-789", "type": "checking", "balance": "1234.56", "code": "USD", "no": "4400120056784321"},
        {"account_id": "acc-790", "type": "savings", "balance": 8200.0, "currency": "USD"},
    ],
    "iban": "DE89370400440532013000",
    "overdraft": Decimal("-50.00"),
    "rate": 3.5,
    "as_of": "2026-11-24T09:30:00Z",
    "transactions": [150, 12],
    "card": "**** **** **** 9876",
    "ticket_id": "T-1042",
}  # fmt: skip
TENANT_TEXT = (
    "We are open Monday to Friday from 9:00 to 17:00, Saturdays 10-14. Call +1 (800) 555-0100, day and night. "
    "The basic account costs $4.90 a month. A lost card is replaced within 5 days for twelve dollars and fifty cents. "
    "Your bank since 1998."
)
USER_WORDS = ("I want to send five hundred dollars on December 3rd to account one two three four five six seven eight",)

ALLOWED = """
Your balance is $1,234.56.
Your balance is 1234.56 USD.
Your balance is USD 1,234.56.
Your balance is USD1234.56.
You have 1.234,56 € there.
You have **$1,234.56** available.
You have one thousand two hundred thirty-four dollars and fifty-six cents.
You have 1,234 dollars and 56 cents.
Your savings account holds $8,200.00.
Your savings account holds $8,200.
Your savings account holds 8.2 thousand dollars.
Your savings account holds $8.2k.
You are overdrawn by $50.
Account acc-789 is active.
Account ACC-789 is active.
Your account 789 is active.
Your account number is 4400 1200 5678 4321.
Your account number is 4400-1200-5678-4321.
Your account ends in 4321.
The account ending in four three two one is yours.
The last four digits are 4321.
The account ****4321 is active.
Your card …9876 is active.
The card ending in 76 is active.
Your IBAN is DE89 3704 0044 0532 0130 00.
Your IBAN is DE89370400440532013000.
The IBAN ends with 3000.
The rate is 3.5 %.
The rate is 3.50 percent.
That was on November 24, 2026.
That was on 11/24/2026.
That was on 24.11.2026.
That was on the 24th of November.
That was on the twenty-fourth of November.
It was due on the 24th.
That was in November 2026.
That was in 2026.
As of 2026-11-24, 9:30 a.m., nothing else was booked.
There are 150 transactions.
I have opened ticket T-1042.
Your ticket number is 1042.
Ticket T 1042 is open.
We are open from 9 a.m. to 5 p.m.
We are open until 17:00.
We are open from nine to five.
On Saturdays we close at 2 p.m.
We open at 9 o'clock.
Please call +1 (800) 555-0100.
Please call 800-555-0100.
It costs $4.90 a month.
A new card costs $12.50.
We have been here since 1998.
You asked to send $500.
You asked to send 500.00 dollars on December 3.
To account 12345678, then.
You have two accounts.
There are 3 tickets open.
You have 12 transactions and 2 cards.
We are there for you 24/7.
I am 100% sure.
It takes 3-5 business days.
It takes 10–15 minutes.
A 30-day notice, within 24 hours, with 2FA.
A thousand thanks!
One moment, please.
Here are your options: 1, 2, 3, 4.
You have two.
It takes 20-30 minutes.
Thanks a million!
That was a grand opening.
You have eight thousand two hundred in savings.
The first one or the 2nd one?
Your 401(k) and your 401k.
Half of it, 1/2, or 50/50?
What can I do for you today?
"""

HELD_BACK = """
Your balance is $1,234.57. | amount
Your balance is $1,234. | amount
Your balance is about $1,200. | amount
In total you have $9,434.56. | amount
You have $5. | amount
You have 5 dollars. | amount
You have five dollars. | amount
You have $0.00. | amount
You have $1.2 million. | amount
You have $5B. | amount
You have 5mn euros. | amount
You have PLN 5. | amount
It is your card x7531. | ending
You have half a million dollars. | amount
You have a hundred dollars. | amount
You have about a grand. | amount
You have two grand in savings. | amount
You have half a million. | number
You have a quarter of a million. | number
You have a couple of hundred. | number
You have a thousand. | number
You have around two thousand. | number
You owe forty quid. | amount
You have ninety-nine. | count
You spent seventy-five at the shop. | count
Your balance is seven. | count
You have **$7**,**000**. | amount
You have ＄７７７ there. | amount
You have 7 7 7 dollars and nothing else, 777 in all. | number
You have €99. | amount
You have 99 EUR. | amount
It costs 20 cents. | amount
It costs $5-10. | amount
It costs between 5 and 10 dollars. | amount
You have two thousand euros. | amount
You have 1042 dollars. | amount
You have $4,321. | amount
The rate is 4.5 %. | percentage
The rate is 4 percent. | percentage
The rate is 3-4 percent. | percentage
It takes 2.75 units. | number
There are 151 transactions. | number
There are twelve hundred transactions. | number
Account acc-791 is active. | code
Account acc-12 is active. | code
Your account 788 is active. | code
Your account number is 4400 1200 5678 4322. | code
Your account number is four four zero zero nine. | code
Your account number is 7. | code
Your account ends in 4322. | ending
The account ending in 99 is active. | ending
The account ending in nine nine nine nine is yours. | ending
The account ****1111 is active. | ending
The account xxxx1111 is active. | ending
Your IBAN is DE89 3704 0044 0532 0130 01. | code
Your IBAN is GB29NWBK60161331926819. | code
Your card is 4111 1111 1111 1111. | code
Your card is 4-1-1-1. | code
Your PIN is 9, 9, 4, 1. | code
Your PIN is 0000. | code
I have opened ticket T-1043. | code
I have opened ticket T-7. | code
Your ticket is number #77. | code
Your reference is AB12CD34. | code
That was on November 25, 2026. | date
That was on November 24, 2025. | date
That was on 2026-11-25. | date
That was on 10/24/2026. | date
It is due on the 25th. | date
Your card expires 12/27. | date
That was in October 2026. | date
That was in 2019. | number
We are open until 8 p.m. | time
It closes on 3/4. | date
Reference: XK42. | code
We open at 7:15. | time
Please call 800-555-0199. | code
"""


def lines(table: str) -> list[str]:
    return [line for line in table.splitlines() if line]


@pytest.fixture
def guard() -> GroundingGuard:
    guard = GroundingGuard()
    for value in (TENANT_TEXT, *USER_WORDS, TOOL_RESULT):
        guard.learn(value)
    return guard


@pytest.mark.parametrize("sentence", lines(ALLOWED))
def test_grounded_sentences_are_allowed(guard: GroundingGuard, sentence: str) -> None:
    assert guard.ungrounded(sentence) == []
    assert guard.allows(sentence)


@pytest.mark.parametrize("line", lines(HELD_BACK))
def test_ungrounded_sentences_are_held_back(guard: GroundingGuard, line: str) -> None:
    sentence, kind = line.split(" | ")
    assert kind in guard.ungrounded(sentence)
    assert not guard.allows(sentence)


@pytest.mark.parametrize("sentence", [line.split(" | ")[0] for line in lines(HELD_BACK)])
def test_a_learnt_sentence_is_allowed(sentence: str) -> None:
    guard = GroundingGuard()
    assert not guard.allows(sentence)
    guard.learn(sentence)
    assert guard.allows(sentence)


def test_the_two_lists_are_long_enough() -> None:
    assert len(lines(ALLOWED)) > 60 and len(lines(HELD_BACK)) >= 60


def test_a_guard_continues_in_another_process(guard: GroundingGuard) -> None:
    other = GroundingGuard(json.loads(json.dumps(guard.facts())))
    assert all(other.allows(sentence) for sentence in lines(ALLOWED))
    assert not any(other.allows(line.split(" | ")[0]) for line in lines(HELD_BACK))
    assert other.facts() == guard.facts()


def test_a_new_session_does_not_know_an_older_one(guard: GroundingGuard) -> None:
    assert guard.allows("Your balance is $1,234.56.")
    assert not GroundingGuard().allows("Your balance is $1,234.56.")


def test_today_can_be_learnt_as_a_date() -> None:
    guard = GroundingGuard()
    guard.learn(date(2026, 11, 24))
    assert guard.allows("Today is November 24, 2026.")
    assert not guard.allows("Today is November 25, 2026.")


def test_booleans_and_null_are_not_figures() -> None:
    guard = GroundingGuard()
    guard.learn({"frozen": True, "limit": None, "rate": float("nan")})
    assert guard.facts() == []


def test_the_oldest_facts_are_dropped_and_repeated_ones_stay() -> None:
    guard = GroundingGuard()
    guard.learn("$0.11")
    for cents in range(MAX_FACTS - 1):
        guard.learn(Decimal(cents) + Decimal("0.37"))
    guard.learn("$0.11")
    guard.learn([Decimal(cents) + Decimal("0.59") for cents in range(100)])
    assert len(guard.facts()) == MAX_FACTS
    assert guard.allows("It is $0.11.") and guard.allows("It is $42.59.") and not guard.allows("It is $0.37.")


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "$", "**", "0", "1" * 5000, "1 " * 3000, "a1-" * 2000, "x" * 9000, "\ud800 5"]
)
def test_any_text_is_handled(guard: GroundingGuard, text: str) -> None:
    guard.ungrounded(text)
    guard.learn(text)


def test_figures_of_the_user_may_be_repeated_but_prove_no_balance() -> None:
    guard = GroundingGuard()
    guard.learn({"balance": "20.00", "account_id": "acc-789"})
    guard.learn_user_text("my balance is 9999 dollars, and I was charged $25 twice on acc-555")
    for other in (guard, GroundingGuard(json.loads(json.dumps(guard.facts())))):
        assert other.allows("Shall I open a ticket with the subject “My balance is 9999 dollars”?")
        assert other.allows("I note that you were charged $25 twice.")
        assert other.allows("Your balance is $20.00.")
        assert not other.allows("Your balance is $9,999.00.")
        assert not other.allows("You have $25 in your account.")


def test_a_short_code_of_a_tool_may_be_said() -> None:
    guard = GroundingGuard()
    guard.learn({"order": "O-1"})
    assert guard.allows("Order: O-1.") and not guard.allows("Order: O-2.")
