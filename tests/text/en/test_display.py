"""The display text is what a person would write, and it can be cut where the speech was cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banker.text.en.normalisation import LANGUAGE
from tests.text.en.strategies import RAW

SHOWN = [
    ("Your balance is $1,234.56 as of 2026-11-24.", "Your balance is $1,234.56 as of November 24, 2026."),
    ("2026-11-24T17:05:00+02:00", "November 24, 2026, 5:05 p.m."),
    ("USD 1234.5", "$1,234.50"),
    ("-USD 5", "-$5"),
    ("EUR 1.234,56", "€1,234.56"),
    ("$1.2 million", "$1.2 million"),
    ("EUR/USD 1.08, USD to EUR 0.92, 1.08 USD/EUR", "EUR/USD 1.08, USD to EUR 0.92, 1.08 USD/EUR"),
    ("5–10 USD, see below[1]", "5–10 USD, see below"),
    (">10%", ">10%"),
    ("3.5 %", "3.5%"),
    ("DE89370400440532013000", "DE89 3704 0044 0532 0130 00"),
    ("acc-789 and T-2026-11-24", "acc-789 and T-2026-11-24"),
    ("https://bank.example/2026-11-24/x", "https://bank.example/2026-11-24/x"),
    ("**Bold** and _it_ and `code`", "Bold and it and code"),
    ("**Note: the first half of a bold passage.", "Note: the first half of a bold passage."),
    ("and the second half.**", "and the second half."),
    ("card ****1234, 5 * 3, snake_case", "card ****1234, 5 * 3, snake_case"),
    (r"a \*star\* and 2 \# 3", "a *star* and 2 # 3"),
    ("> ### Heading ###", "Heading"),
    ("- item", "item"),
    ("1. Call us", "1. Call us"),
    ("[site](https://bank.example/a_(b) \"title\")", "site"),
    ("<https://bank.example>", "https://bank.example"),
    ("Done 🎉!", "Done!"),
    ("1️⃣ one", "1 one"),
    ("a\u200bb\u202ec\x00d\x1b[0m", "abcd[0m"),
    ("&lt;b&gt; &amp; &nbsp;x", "<b> & x"),
    ("  much \t space\u00a0here  ", "much space here"),
    ("```python", ""),
    ("---", ""),
    ("|---|:--:|", ""),
    ("🎉", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_the_display_text_is_what_a_person_would_write(text: str, shown: str) -> None:
    assert LANGUAGE.sentence(text).shown == shown


def test_markup_and_emoji_alone_are_not_a_sentence() -> None:
    assert LANGUAGE.sentences("---\n🎉\n```\n**\n") == []


def test_the_display_text_ends_at_the_last_spoken_word() -> None:
    said = LANGUAGE.sentence("**Your** balance is $1,234.56 as of 2026-11-24.")
    heard = "Your balance is one thousand two hundred"
    assert said.shown_until(len(heard) / len(said.spoken)) == "Your balance is"
    heard = "Your balance is one thousand two hundred thirty-four dollars and fifty-six cents as"
    assert said.shown_until(len(heard) / len(said.spoken)) == "Your balance is $1,234.56 as"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(RAW, st.lists(st.floats(0, 1), max_size=8))
def test_the_display_text_grows_word_by_word_with_the_speech(text: str, fractions: list[float]) -> None:
    said = LANGUAGE.sentence(text)
    cuts = [said.shown_until(fraction) for fraction in sorted(fractions)]
    assert said.shown_until(1.0) == said.shown
    assert said.shown_until(0.0) == ""
    assert [len(cut) for cut in cuts] == sorted(len(cut) for cut in cuts)
    for cut in cuts:
        assert said.shown.startswith(cut)
        assert cut == said.shown or said.shown[len(cut)] == " " or not cut


def test_a_fraction_out_of_range_gives_nothing_or_the_whole() -> None:
    said = LANGUAGE.sentence("Good morning.")
    assert [said.shown_until(at) for at in (-1, float("nan"), 2)] == ["", "", "Good morning."]
