"""Finds the intent of what a customer says: statistics over example files, and a look at denial, orders and subject."""

from banker.agents.understanding.encoder import MiniLm, SentenceEncoder, packaged_encoder
from banker.agents.understanding.examples import OURS, load_examples
from banker.agents.understanding.recogniser import IntentRecogniser, IntentRecognition
from banker.agents.understanding.vectors import RememberingEncoder

__all__ = [
    "OURS",
    "IntentRecogniser",
    "IntentRecognition",
    "MiniLm",
    "RememberingEncoder",
    "SentenceEncoder",
    "load_examples",
    "packaged_encoder",
]
