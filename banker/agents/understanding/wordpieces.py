"""Owns the vocabulary of the sentence encoder and the cutting of a text into its pieces.

The pieces and the rule are BERT's (uncased WordPiece, https://github.com/google-research/bert#tokenization,
Apache-2.0). An utterance is a few words long, so plain Python is quick enough and no tokenizer library is needed.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("wordpieces.txt")
_LONGEST_WORD = 100


@cache
def vocabulary() -> dict[str, int]:
    """Return each word piece with its number; `##` marks a piece that goes on a word."""
    return {piece: number for number, piece in enumerate(_FILE.read_text(encoding="utf-8").splitlines())}


def is_word(text: str) -> bool:
    """Say whether `text` is one of the 24,000 common English words that the vocabulary holds whole."""
    return text in vocabulary()


def piece_numbers(text: str, longest: int) -> list[int]:
    """Return the numbers of the pieces of `text` between [CLS] and [SEP], at most `longest` in all."""
    pieces = vocabulary()
    numbers = [number for word in _words(text) for number in _cut(word, pieces)]
    return [pieces["[CLS]"], *numbers[: longest - 2], pieces["[SEP]"]]


def _words(text: str) -> Iterator[str]:
    for chunk in unicodedata.normalize("NFD", text.lower()).split():
        word = ""
        for letter in chunk:
            if unicodedata.category(letter) == "Mn":
                continue
            if unicodedata.category(letter).startswith("P") or letter in "$+<=>^`|~":
                if word:
                    yield word
                yield letter
                word = ""
            else:
                word += letter
        if word:
            yield word


def _cut(word: str, pieces: dict[str, int]) -> list[int]:
    """Cut a word into the longest pieces from the left; one that cannot be cut is unknown as a whole."""
    numbers: list[int] = []
    start = 0
    while start < len(word) <= _LONGEST_WORD:
        mark = "##" if start else ""
        end = len(word)
        while end > start and mark + word[start:end] not in pieces:
            end -= 1
        if end == start:
            return [pieces["[UNK]"]]
        numbers.append(pieces[mark + word[start:end]])
        start = end
    return numbers or [pieces["[UNK]"]]
