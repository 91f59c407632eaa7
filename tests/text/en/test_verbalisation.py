"""The TTS text is what a bank clerk would say, by the table in `spoken.tsv`."""

from __future__ import annotations

from pathlib import Path

import pytest

from banker.text.en.normalisation import LANGUAGE
from banker.text.shown_and_spoken import Sentence

TABLE = [
    line.split("\t")
    for line in Path(__file__).with_name("spoken.tsv").read_text(encoding="utf-8").splitlines()
    if "\t" in line
]


@pytest.mark.parametrize(("written", "spoken"), TABLE)
def test_the_tts_text_is_what_a_clerk_would_say(written: str, spoken: str) -> None:
    assert LANGUAGE.sentence(written).spoken == spoken


def test_punctuation_alone_is_shown_but_not_spoken() -> None:
    assert LANGUAGE.sentence("?!") == Sentence("?!", "")
