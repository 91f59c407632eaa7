"""Writes the sentence vectors of a folder of pages, so that they need not be encoded at every start.

    python -m banker.agents.knowledge config/knowledge/demo

The file is `vectors.npz` in the folder. Without it, or after a change of a page, the service encodes missing sentences
at its start, in about 1 ms each.
"""

import sys
from pathlib import Path

from banker.agents.knowledge.pages import read_pages
from banker.agents.knowledge.ranking import phrases
from banker.agents.sentence_encoder.encoder import packaged_encoder
from banker.agents.sentence_encoder.vectors import write_vectors
from banker.config.tenant import KnowledgeSettings

folder = Path(sys.argv[1])
mistakes: list[str] = []
passages = read_pages(KnowledgeSettings(path=folder), mistakes)
if mistakes or not passages:
    raise SystemExit("\n".join(mistakes) or f"{folder}: has no pages")
write_vectors(
    packaged_encoder(), [phrase for passage in passages for phrase in phrases(passage)], folder / "vectors.npz"
)
