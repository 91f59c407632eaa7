"""Writes what is known of our examples anew, after they changed: `python -m banker.agents.understanding MODEL`.

That is the sentence vector of each, and what is learnt of all.
"""

import sys
from pathlib import Path

from banker.agents.understanding.encoder import MiniLm
from banker.agents.understanding.examples import OURS, known_words, load_examples, normalised, read_not_wished
from banker.agents.understanding.recogniser import IntentRecogniser
from banker.agents.understanding.regression import write
from banker.agents.understanding.vectors import RememberingEncoder, write_vectors

examples = load_examples(OURS)
texts = [*(text for text, _ in normalised(examples)), *read_not_wished(known_words(examples))]
encoder = MiniLm(Path(sys.argv[1]))
write_vectors(encoder, texts)
write(IntentRecogniser(examples, RememberingEncoder(encoder)).regressions)
