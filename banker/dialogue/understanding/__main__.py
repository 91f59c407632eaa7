"""Writes the vectors of our examples anew, after they changed: `python -m banker.dialogue.understanding MODEL`."""

import sys
from pathlib import Path

from banker.dialogue.understanding.encoder import MiniLm
from banker.dialogue.understanding.examples import OURS, load_examples, normalised
from banker.dialogue.understanding.vectors import write_vectors

write_vectors(MiniLm(Path(sys.argv[1])), [text for text, _ in normalised(load_examples(OURS))])
