"""A stream is split into sentences as early as possible, and independently of its chunks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banker.text.sentence_splitter import SentenceSplitter

SPLIT = [
    ("Hello there. How are you? Fine! Good.", ["Hello there.", "How are you?", "Fine!", "Good."]),
    ("Mr. Smith met Dr. Jones and Mrs. J. P. Lee. They left.",
     ["Mr. Smith met Dr. Jones and Mrs. J. P. Lee.", "They left."]),
    ("Use a card, e.g. Visa, i.e. Yours. Done.", ["Use a card, e.g. Visa, i.e. Yours.", "Done."]),
    ("See No. 5 below. No. We cannot.", ["See No. 5 below.", "No.", "We cannot."]),
    ("You have $1,234.56. It earns 3.5 %. 3 cards.", ["You have $1,234.56.", "It earns 3.5 %.", "3 cards."]),
    ("We open at 9 a.m. Monday. We close at 5 p.m. Please come.",
     ["We open at 9 a.m. Monday.", "We close at 5 p.m.", "Please come."]),
    ("Open 9 a.m. - 5 p.m. daily.", ["Open 9 a.m. - 5 p.m. daily."]),
    ("Well... let me see... Here it is.", ["Well... let me see...", "Here it is."]),
    ("Due Nov. 24 at noon. Thanks.", ["Due Nov. 24 at noon.", "Thanks."]),
    ("See https://bank.example/a.b?c=1. Then call.", ["See https://bank.example/a.b?c=1.", "Then call."]),
    ("IBAN DE89 3704 0044 0532 0130 00. It is 17:00.", ["IBAN DE89 3704 0044 0532 0130 00.", "It is 17:00."]),
    ("# Title\n- one\n- two. Three\n\n1. Call us\n2. Wait",
     ["# Title", "- one", "- two.", "Three", "1. Call us", "2. Wait"]),
    ("**Note.** It is “done.” (Really.) Yes.", ["**Note.**", "It is “done.”", "(Really.)", "Yes."]),
    ("Read [this page. Now](https://bank.example) please. Bye.",
     ["Read [this page. Now](https://bank.example) please.", "Bye."]),
    ("“Are you sure?” he asked. Yes.", ["“Are you sure?” he asked.", "Yes."]),
    ("The U.S. Treasury pays. So do I. We agree.", ["The U.S. Treasury pays.", "So do I.", "We agree."]),
    ("One line\r\nanother\u2028third", ["One line", "another", "third"]),
    ("  \n ", []),
    ("no end", ["no end"]),
]  # fmt: skip


def pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def streamed(parts: list[str]) -> list[str]:
    splitter = SentenceSplitter()
    return [text for part in parts for text in splitter.feed(part)] + splitter.flush()


@pytest.mark.parametrize(("text", "expected"), SPLIT)
def test_a_stream_is_split_into_sentences(text: str, expected: list[str]) -> None:
    assert streamed([text]) == expected


@pytest.mark.parametrize(("text", "expected"), SPLIT)
def test_the_chunks_make_no_difference(text: str, expected: list[str]) -> None:
    assert streamed(list(text)) == expected
    for at in range(len(text)):
        assert streamed([text[:at], text[at:]]) == expected


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from([*". ! ? … , ; [ ] ) \" * \n".split(" "), " ", " ", "a.m", "Mr", "No", "5", "Monday", "ok",
                              "Yes", "$1.50", "x" * 90, "- "]), max_size=60).map("".join),
    st.integers(1, 40),
)  # fmt: skip
def test_any_stream_in_any_chunks_loses_nothing(text: str, size: int) -> None:
    whole = streamed([text])
    assert streamed(list(text)) == streamed(pieces(text, size)) == whole
    assert "".join("".join(whole).split()) == "".join(text.split())
    assert all(len(part) <= 320 for part in whole)


def test_a_sentence_is_complete_at_the_first_letter_of_the_next() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("Your balance is $5.") == []
    assert splitter.feed(" ") == []
    assert splitter.feed("A") == ["Your balance is $5."]
    assert splitter.feed("nd more\n") == ["And more"]
    assert splitter.flush() == []


def test_a_sentence_without_an_end_is_split_at_a_clause() -> None:
    text = "we looked at it and " * 10 + "found nothing, " + "so we went on and " * 20
    first, *rest = streamed(pieces(text, 7))
    assert first.endswith("found nothing,")
    assert all(len(part) <= 300 for part in rest)
