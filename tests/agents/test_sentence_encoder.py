"""The sentence encoder, its word pieces, and the files of vectors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from banker.agents.sentence_encoder import RememberingEncoder, Vectors, packaged_encoder, write_vectors
from banker.agents.sentence_encoder.wordpieces import tokenizer


def test_word_pieces_are_those_of_bert() -> None:
    cut = tokenizer(64)
    assert cut.encode("What's my balance?").ids == [101, 2054, 1005, 1055, 2026, 5703, 1029, 102]
    assert cut.encode("chequebook").ids == [101, 18178, 4226, 8654, 102]
    assert cut.encode("[SEP]").ids != [101, 102, 102], "what a customer types is never a special token"
    assert len(cut.encode("balance " * 100).ids) == 64


def test_a_text_is_encoded_once_in_a_turn_whatever_its_case(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = packaged_encoder()
    first = encoder.encode(["Which card did I lose in Rome?", "It was blue."])[:1]
    monkeypatch.setattr(encoder, "_session", None)
    assert np.array_equal(encoder.encode([" which card did I lose in rome?"]), first)


class CountingEncoder:
    """An encoder that makes its vectors from letters and counts what it was asked for."""

    name = "letters"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked.extend(texts)
        rows = np.array([[1.0 + text.count(letter) for letter in "abcdefgh"] for text in texts], dtype=np.float32)
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def test_vectors_are_read_from_the_file_and_only_new_ones_are_made(tmp_path: Path) -> None:
    file, encoder = tmp_path / "vectors.npz", CountingEncoder()
    write_vectors(encoder, ["a cab", "a bed"], file)
    encoder.asked.clear()
    remembering = RememberingEncoder(encoder, file)
    found = remembering.encode(["a bed", "a new face", "a cab"])
    assert encoder.asked == ["a new face"]
    assert np.allclose(found, encoder.encode(["a bed", "a new face", "a cab"]), atol=0.01)


def test_the_vectors_of_another_encoder_are_not_used(tmp_path: Path) -> None:
    file, encoder = tmp_path / "vectors.npz", CountingEncoder()
    write_vectors(encoder, ["a cab"], file)
    encoder.name = "other letters"
    assert not RememberingEncoder(encoder, file).knows("a cab")
