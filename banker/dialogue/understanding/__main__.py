"""Writes the vectors of our examples anew, after they changed: `python -m banker.dialogue.understanding MODEL`."""

import sys
from pathlib import Path

from banker.dialogue.understanding.encoder import MiniLm
from banker.dialogue.understanding.examples import OURS, known_words, load_examples, normalised, read_not_wished
from banker.dialogue.understanding.vectors import write_vectors

examples = load_examples(OURS)
texts = [*(text for text, _ in normalised(examples)), *read_not_wished(known_words(examples))]
write_vectors(MiniLm(Path(sys.argv[1])), texts)
