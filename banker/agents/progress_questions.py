"""Recognises a question about something that is still under way: "did it go through?"."""

import functools
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from banker.agents.sentence_encoder import Vectors

log = logging.getLogger(__name__)

EXAMPLES = (
    "did it go through?",
    "is it done?",
    "has it been done yet?",
    "did that work?",
    "did the payment work?",
    "did you do it?",
    "are you done?",
    "have you sent it?",
    "has she got the money?",
    "was my transfer made?",
    "has the money been sent?",
    "what are you waiting for?",
    "is anything happening?",
    "why does it take that long?",
    "what now?",
    "what do I have to do now?",
    "how do I confirm it?",
    "what's the status of it?",
    "I've entered the code",
    "I'm entering the code now",
    "where do I enter the code?",
    "I didn't get a code",
)
SIMILAR = 0.62
"""Cosine of two sentences that ask the same. Other wishes at a bank stay below it."""


def asks_for_progress(text: str) -> bool:
    """Return whether the words ask how far something is. Takes a few milliseconds. False without the encoder."""
    try:
        from banker.agents.sentence_encoder import packaged_encoder

        vector = packaged_encoder().encode([text])[0]
    except ImportError:
        return False
    return bool((_examples() @ vector).max() >= SIMILAR)


@functools.cache
def _examples() -> "Vectors":
    from banker.agents.sentence_encoder import packaged_encoder

    return packaged_encoder().encode(EXAMPLES)
