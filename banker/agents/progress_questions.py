"""Recognises questions about the progress of something: "did it go through?"."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from banker.agents.sentence_encoder import Vectors

EXAMPLES = Path(__file__).with_suffix(".txt")
"""Example questions, one per line."""
SIMILAR = 0.62
"""The cosine from which two sentences ask the same. Other wishes at a bank stay below it."""


def asks_for_progress(text: str) -> bool:
    """Return whether the words ask about progress. Takes a few milliseconds. False without the encoder."""
    try:
        from banker.agents.sentence_encoder import packaged_encoder

        vector = packaged_encoder().encode([text])[0]
    except ImportError:
        return False
    return bool((_examples() @ vector).max() >= SIMILAR)


@functools.cache
def _examples() -> "Vectors":
    from banker.agents.sentence_encoder import packaged_encoder

    return packaged_encoder().encode(EXAMPLES.read_text(encoding="utf-8").splitlines())
