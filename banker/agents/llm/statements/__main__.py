"""Learns the kinds of statements anew, after their examples changed: `python -m banker.agents.llm.statements`."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from banker.agents.llm.statements.training import train

train()
