"""Turns sentences into vectors: sentences that mean alike have vectors that point alike. Needs the extra [speech]."""

from banker.agents.sentence_encoder.encoder import MiniLm, SentenceEncoder, Vectors, packaged_encoder
from banker.agents.sentence_encoder.vectors import RememberingEncoder, write_vectors

__all__ = ["MiniLm", "RememberingEncoder", "SentenceEncoder", "Vectors", "packaged_encoder", "write_vectors"]
