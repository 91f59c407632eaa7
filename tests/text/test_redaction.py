"""Secrets leave what a customer says and what a tool returns; account numbers, amounts, dates and phones stay."""

import json
import random

import pytest

from banker.text.card_numbers import has_check_digit, is_issued
from banker.text.redaction import SecretFilter, redact, redact_data

CARD, CVV, PIN, PASSWORD, CODE = (
    "[card number removed]",
    "[security code removed]",
    "[PIN removed]",
    "[password removed]",
    "[code removed]",
)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("my card is 4111 1111 1111 1111", f"my card is {CARD}"),
        ("4111111111111111", CARD),
        ("4111-1111-1111-1111 please block it", f"{CARD} please block it"),
        ("4111.1111.1111.1111", CARD),
        ("3782 822463 10005 is my amex", f"{CARD} is my amex"),
        ("4111\u200b1111 1111\u00a01111", CARD),
        ("４１１１ １１１１ １１１１ １１１１", CARD),
        ("four one one one one one one one one one one one one one one one", CARD),
        ("it's four nine two nine, oh oh oh oh, zero zero zero zero, double oh double oh", f"it's {CARD}"),
        ("forty-one eleven eleven eleven eleven eleven eleven eleven", CARD),
        ("four double one one triple one one um double one double one double one double one", CARD),
        ("my card number is 4111 1111 1111 1112", f"my card number is {CARD}"),
        ("the card number, 4111 1111", f"the card number, {CARD}"),
        ("4111 1111 1111 1111 12 28 123", CARD),
        ("4111_1111_1111_1111", CARD),
        ("4929 OO77 0O33 5552", CARD),
        ("4929oo7700335552", CARD),
        ("4111 1111, no wait, 1111 1111", f"{CARD}, no wait, {CARD}"),
        (
            "four nine two nine, that's the first bit, then oh oh double seven, then oh oh three three and finally "
            "five five five two",
            f"{CARD}, that's the first bit, then {CARD} and finally {CARD}",
        ),
        ("card 4111 1111 1111 1111 exp 12/28 and then 123", f"card {CARD} exp 12/28 and then {CVV}"),
        ("pay 50 dollars with 4111 1111 1111 1111", f"pay 50 dollars with {CARD}"),
        ("my account number is 4111 1111 1111 1111", f"my account number is {CARD}"),
        ("my current number is 4929, 0077, 0033552.", f"my current number is {CARD}."),
        ("it says 5412 7534 5678 901", f"it says {CARD}"),
    ],
)
def test_card_numbers_are_removed(said: str, kept: str) -> None:
    assert redact(said).text == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("the code you texted me just now, 482913", f"the code you texted me just now, {CODE}"),
        ("the six digit number is 482913", f"the six digit number is {CODE}"),
        ("my pin is 1234", f"my pin is {PIN}"),
        ("My PIN: 1234.", f"My PIN: {PIN}."),
        ("pin 4 4 7 1", f"pin {PIN}"),
        ("1234 is my pin", f"{PIN} is my pin"),
        ("use 482913 as the code", f"use {CODE} as the code"),
        ("change my PIN to 8472", f"change my PIN to {PIN}"),
        ("my pin, which my son gave me years ago, is 4471", f"my pin, which my son gave me years ago, is {PIN}"),
        ("the PIN of my card ending 4321 is 9876", f"the PIN of my card ending 4321 is {PIN}"),
        ("my pin is four seven double one", f"my pin is {PIN}"),
        ("the pin is nineteen eighty four", f"the pin is {PIN}"),
        ("my pin's one thousand two hundred thirty four", f"my pin's {PIN}"),
        ("my pin is one thousand two hundred and thirty four", f"my pin is {PIN}"),
        ("cvv 123", f"cvv {CVV}"),
        ("the CVC is uh seven three oh", f"the CVC is uh {CVV}"),
        ("the three digits on the back are 123", f"the three digits on the back are {CVV}"),
        ("security code 123", f"security code {CVV}"),
        ("the code you texted me is 482913", f"the code you texted me is {CODE}"),
        ("I got a code, 482 913", f"I got a code, {CODE}"),
        ("my one-time password is 482913", f"my one-time password is {PASSWORD}"),
        ("the verification code is four eight two nine one three", f"the verification code is {CODE}"),
        ("otp G-482913", f"otp {CODE}"),
        ("the code is AB12CD", f"the code is {CODE}"),
        ("my pin's 1234", f"my pin's {PIN}"),
        ("1234, that's my pin", f"{PIN}, that's my pin"),
        ("my p.i.n. is 1-2-3-4", f"my p.i.n. is {PIN}"),
        ("my secret number is 1234", f"my secret number is {PIN}"),
        ("the four digits are 1234", f"the four digits are {PIN}"),
        ("the six digits are 482-913", f"the six digits are {CODE}"),
        ("the number in the text is 482913", f"the number in the text is {CODE}"),
        ("the security token shows 482913", f"the security token shows {CODE}"),
        ("my cvv's one two three", f"my cvv's {CVV}"),
    ],
)
def test_codes_with_a_name_near_by_are_removed(said: str, kept: str) -> None:
    assert redact(said).text == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("my password is hunter2", f"my password is {PASSWORD}"),
        ("password: correct-horse!", f"password: {PASSWORD}"),
        ("my password is blue elephant seven and I can't log in", f"my password is {PASSWORD} and I can't log in"),
        ("I changed my password to sunshine", f"I changed my password to {PASSWORD}"),
        ("password=Tr0ub4dor&3 thanks", f"password={PASSWORD} thanks"),
        ("my password is swordfish.", f"my password is {PASSWORD}."),
        ("my password's hunter2", f"my password's {PASSWORD}"),
        ("password - hunter2", f"password - {PASSWORD}"),
        ("my password for online banking is hunter2", f"my password for online banking is {PASSWORD}"),
        ("hunter2 is my password", f"{PASSWORD} is my password"),
    ],
)
def test_passwords_are_removed(said: str, kept: str) -> None:
    assert redact(said).text == kept


@pytest.mark.parametrize(
    "said",
    [
        "my account number is 12345678",
        "transfer 1,234.56 dollars from acc-789 to acc-790",
        "send 250000 to 12345678901234567",
        "account 2000 0000 0000 0002 please",
        "DE89 3704 0044 0532 0130 00",
        "my IBAN is GB82 WEST 1234 5698 7654 32",
        "call me on +49 1512 3456 7890 1",
        "call me at 020 7946 0958",
        "since 2026-11-30 or 30.11.2026 at 17:30",
        "I forgot my PIN 2 weeks ago and I need 500 dollars",
        "I forgot my pin, my account is 12345678",
        "my sort code is 12-34-56",
        "my postcode is 90210 and my zip code is 10001",
        "error code 5020 when I pay",
        "change my pin and transfer 2000 to savings",
        "my password is wrong",
        "my password is not working",
        "my password is expired",
        "what is my password",
        "I forgot my password and my pin",
        "the code expires in 300 seconds",
        "my card ending 4321 asks for a pin",
        "the last four digits of my card are 4321",
        "is 4500 enough for a new card",
        "one two three testing",
        "oh, one more thing",
        "ticket 482913 about my code",
        "I spent 4111 1111 times",
        "a thousand thanks",
        "my mother's maiden name",
        "how do I get a PIN for card 5552",
        "flight code BA482",
        "my password is case sensitive",
        "my password for the app is wrong since 2024",
        "the password for online banking is required",
        "IMEI 490154203237518",
        "the last four digits are 5552",
        "send 4000, 3000 and 20 dollars",
        "my account is 4929 0077 0033 552",
        "+49 1512 3456 7890 1 is my number",
        "order 4929 0077 0033 552",
    ],
)
def test_everything_else_stays_as_it_was_said(said: str) -> None:
    assert redact(said).text == said


def test_a_pause_within_a_number_does_not_save_it() -> None:
    filter_ = SecretFilter()
    assert filter_.final("it is 4111 1111 1111").text == "it is 4111 1111 1111"
    assert filter_.final("1111, that's all").text == f"{CARD}, that's all"
    assert filter_.final("my pin is").text == "my pin is"
    assert filter_.final("1234").text == PIN
    assert filter_.final("1234").text == "1234"
    filter_.final("my card number is 4111 1111")
    assert filter_.final("1111 1111").text == CARD


@pytest.mark.parametrize(
    ("turns", "kept"),
    [
        (["my pin is", "one", "two", "three", "four", "500"], ["my pin is", PIN, PIN, PIN, PIN, "500"]),
        (["my pin", "1234"], ["my pin", PIN]),
        (["and the three digits are", "123"], ["and the three digits are", CVV]),
        (["the code is", "48 29", "13", "2000"], ["the code is", CODE, CODE, "2000"]),
        (["my password", "hunter2"], ["my password", PASSWORD]),
        (["I want to change my PIN", "the card ending 5552"], ["I want to change my PIN", "the card ending 5552"]),
        (["I want to change my PIN", "5552"], ["I want to change my PIN", "5552"]),
        (["I forgot my pin", "it used to be 4821 I think"], ["I forgot my pin", f"it used to be {PIN} I think"]),
        (["what is a CVV", "so I guess mine is 123"], ["what is a CVV", f"so I guess mine is {CVV}"]),
        (["I forgot my pin", "the limit is 4000, is it?"], ["I forgot my pin", "the limit is 4000, is it?"]),
    ],
)
def test_a_name_in_one_turn_claims_the_value_in_the_next(turns: list[str], kept: list[str]) -> None:
    filter_ = SecretFilter()
    assert [filter_.final(turn).text for turn in turns] == kept


def test_an_interim_transcript_never_shows_what_the_final_one_hides() -> None:
    said = "my card is four one one one one one one one one one one one one one one one thanks".split()
    filter_ = SecretFilter()
    shown = [filter_.interim(" ".join(said[:count])) for count in range(1, len(said) + 1)]
    assert not any("one one one one one one" in text for text in shown)
    assert shown[-1] == f"my card is {CARD} thanks"
    assert filter_.interim("my pin is 1") == f"my pin is {PIN}"


def test_keys_name_the_values_of_a_tools_result() -> None:
    result = {
        "card_number": "4111111111111111",
        "pan": 4111111111111111,
        "cvv": "123",
        "pin": 1234,
        "password": "swordfish",
        "account_id": "acc-789",
        "account_number": "2000000000000002",
        "card_id": "12345678",
        "currency_code": "840",
        "sort_code": "123456",
        "balance": "1234.50",
        "phone": "02079460958",
        "notes": ["the customer said 4111 1111 1111 1111", None, True, 1.5],
    }
    assert redact_data(result) == {
        **result,
        "card_number": CARD,
        "pan": CARD,
        "cvv": CVV,
        "pin": PIN,
        "password": PASSWORD,
        "notes": [f"the customer said {CARD}", None, True, 1.5],
    }


def test_every_card_number_is_removed_in_every_way_of_saying_it() -> None:
    random.seed(0)
    names = "zero one two three four five six seven eight nine".split()
    for _ in range(300):
        prefix, length = random.choice([("4", 16), ("51", 16), ("2221", 16), ("37", 15), ("36", 14), ("62", 19)])
        digits = prefix + "".join(random.choices("0123456789", k=length - len(prefix) - 1))
        digits = next(digits + check for check in "0123456789" if has_check_digit(digits + check))
        assert is_issued(digits)
        for said in (digits, " ".join(digits), "-".join(digits[i : i + 4] for i in range(0, length, 4))):
            assert digits not in "".join(char for char in redact(f"so {said} ok").text if char.isdigit())
        assert redact(" ".join(names[int(digit)] for digit in digits)).text == CARD
        assert digits not in json.dumps(redact_data({"n": digits, "i": int(digits)}))


@pytest.mark.parametrize("said", ["482913", "482 913", "four eight two nine one three", "it's 482913"])
def test_six_digits_alone_are_a_code_soon_after_one_was_spoken_of(said: str) -> None:
    secrets = SecretFilter()
    secrets.final("he wants the code from the text")
    assert CODE in secrets.interim(said)
    found = secrets.final(said)
    assert CODE in found.text and found.only_secrets


@pytest.mark.parametrize("said", ["5000", "acc-789", "transfer 482913 to savings", "62704", "the one ending 4417"])
def test_other_numbers_stay_after_a_code_was_spoken_of(said: str) -> None:
    secrets = SecretFilter()
    secrets.final("I did not get the code")
    assert secrets.final(said).text == said


def test_six_digits_are_no_code_where_none_was_spoken_of_in_the_last_turns() -> None:
    secrets = SecretFilter()
    secrets.final("the code does not work")
    for said in ("never mind", "I want to transfer money", "to savings"):
        secrets.final(said)
    assert secrets.final("482913").text == "482913"
