"""Files of sentence vectors, so that a start need not encode thousands of sentences.

Sentences that a file lacks, such as a bank's own, are encoded when they are asked for.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from banker.agents.sentence_encoder.encoder import SentenceEncoder, Vectors


class RememberingEncoder:
    """An encoder that looks a text up in a file before it encodes it; another encoder's file is left alone."""

    def __init__(self, encoder: SentenceEncoder, file: Path) -> None:
        """Read `file`, if it is there, as written by `write_vectors`."""
        self.name = encoder.name
        self._encoder = encoder
        self._known: dict[bytes, Vectors] = {}
        if file.is_file():
            with np.load(file) as stored:
                if str(stored["encoder"]) == encoder.name:
                    rows = stored["vectors"].astype(np.float32)
                    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
                    self._known = {key.tobytes(): row for key, row in zip(stored["keys"], rows, strict=True)}

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, read or encoded."""
        rows = [self._known.get(_key(text)) for text in texts]
        missing = [text for text, row in zip(texts, rows, strict=True) if row is None]
        encoded = iter(self._encoder.encode(missing)) if missing else iter(())
        return np.stack([next(encoded) if row is None else row for row in rows])

    def knows(self, text: str) -> bool:
        """Say whether the vector of `text` is in the file."""
        return _key(text) in self._known


def write_vectors(encoder: SentenceEncoder, texts: Sequence[str], file: Path) -> None:
    """Write the vectors of `texts` to `file`, each rounded to one byte a dimension."""
    unique = sorted(set(texts))
    rows = encoder.encode(unique)
    rounded = np.rint(rows / np.abs(rows).max(axis=1, keepdims=True) * 127).astype(np.int8)
    keys = np.frombuffer(b"".join(map(_key, unique)), dtype=np.uint8).reshape(len(unique), -1)
    np.savez_compressed(file, encoder=np.array(encoder.name), keys=keys, vectors=rounded)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
