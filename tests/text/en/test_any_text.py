"""Properties of all texts: nothing raises, no symbol reaches the voice, and no amount changes."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from banker.text.en.normalisation import LANGUAGE
from tests.text.en.strategies import RAW


def is_speakable(text: str) -> bool:
    return all(char.isalpha() or unicodedata.category(char)[0] == "M" or char in " .,;:!?'-" for char in text)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(RAW)
def test_no_text_raises_and_no_symbol_reaches_the_voice(text: str) -> None:
    for said in (*LANGUAGE.sentences(text), LANGUAGE.sentence(text)):
        assert is_speakable(said.spoken)
        assert "  " not in said.spoken and said.spoken == said.spoken.strip()
        assert not said.spoken or (said.spoken[-1] in ".!?" and any(map(str.isalpha, said.spoken)))
        assert said.shown == " ".join(said.shown.split())
        said.shown.encode()


ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def whole_number(words: str) -> int:
    total = group = 0
    for word in re.split("[ -]", words):
        if word in SCALES:
            total, group = total + group * SCALES[word], 0
        elif word == "hundred":
            group *= 100
        else:
            group += ONES.index(word) if word in ONES else 10 * TENS.index(word)
    return total + group


def amount_heard(spoken: str) -> Decimal:
    """What somebody who hears the words writes down."""
    match = re.fullmatch(r"(minus )?(?:(\D+) dollars?)?(?: and )?(?:(\D+) cents?)?", spoken)
    assert match and (match[2] or match[3]), spoken
    heard = Decimal(whole_number(match[2] or "zero")) + Decimal(whole_number(match[3] or "zero")) / 100
    return -heard if match[1] else heard


CENTS = st.one_of(st.integers(0, 10**5), st.integers(0, 10**16))
FORMS = ["{0:,.2f}", "{0:.2f}"]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(CENTS, st.booleans(), st.sampled_from(["${}", "USD {}", "{} USD", "$ {}"]), st.sampled_from(FORMS))
def test_the_spoken_amount_is_the_written_amount(cents: int, negative: bool, place: str, form: str) -> None:
    amount = Decimal(cents) / 100
    said = LANGUAGE.sentence(f"You have {'-' if negative else ''}{place.format(form.format(amount))} left.")
    heard = re.fullmatch(r"You have (.*) left\.", said.spoken)
    assert heard and amount_heard(heard[1]) == (-amount if negative else amount)
    sign = "-" if negative else ""
    digits = said.shown.replace(",", "").replace("$ ", "$")
    assert digits == f"You have {sign}${amount:.2f} left."


AROUND = """
    **{}** | `{}` | "{}" | ({}) | the fee ({}) | {}. | {}, | {}: | {}! | {}/month | {} each | - {} | \\{} | [{}](x)
    | x={} | {}; | up to {} | ~{} | <b>{}</b> | {}… | {} - thanks | {}—thanks | due 2026-11-24: {} on 11/24 | {}, {}
    | {}/{}
    | **Total:** {} | 3 x {} | 1. {} | > {} | {} (USD) | No. 5: {} | {}* | _{}_ | ~~{}~~ | {}? 5 more | T-1042 {} | & {}
""".split("|")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(CENTS, st.sampled_from(AROUND))
def test_an_amount_is_spoken_in_any_context(cents: int, around: str) -> None:
    figure = f"${Decimal(cents) / 100:,.2f}"
    said = LANGUAGE.sentence(around.replace("{}", figure))
    assert said.shown.count(figure) == around.count("{}")
    assert said.spoken.count(LANGUAGE.sentence(figure).spoken.rstrip(".")) == around.count("{}")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 10**15 - 1))
def test_the_spoken_number_is_the_written_number(number: int) -> None:
    assert whole_number(LANGUAGE.sentence(f"{number:,} points").spoken.removesuffix(" points.")) == number


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text("0123456789", min_size=4, max_size=19))
def test_every_digit_of_an_account_number_is_spoken(figures: str) -> None:
    spoken = LANGUAGE.sentence(f"Your account number is {figures}.").spoken
    words = re.findall("[a-z]+", spoken.removeprefix("Your account number is"))
    assert "".join(str(ONES.index(word)) for word in words) == figures
