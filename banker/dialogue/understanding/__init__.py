"""Finds the intent of what a customer says: statistics over example files, and a look at denial, orders and subject."""

from banker.dialogue.understanding.encoder import MiniLm, SentenceEncoder
from banker.dialogue.understanding.examples import OURS, load_examples
from banker.dialogue.understanding.recogniser import Recogniser, Recognition
from banker.dialogue.understanding.vectors import RememberingEncoder

__all__ = ["OURS", "MiniLm", "Recogniser", "Recognition", "RememberingEncoder", "SentenceEncoder", "load_examples"]
