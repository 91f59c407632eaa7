"""Three ways to look at a sentence: what it means, what it asks for, and how it is spelled.

Each view turns sentences into rows of numbers and has a softmax regression over the skills on them. The general
encoder knows the world outside the bank; the tuned one tells skills and speech acts apart better, but knows less of the
world; n-grams recognise names and typing errors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from banker.agents.scripted.skills.examples import DATA
from banker.agents.scripted.skills.ngrams import NGrams
from banker.agents.scripted.skills.softmax_regression import SoftmaxRegression
from banker.agents.sentence_encoder.encoder import MiniLm, SentenceEncoder, packaged_encoder
from banker.agents.sentence_encoder.vectors import RememberingEncoder

GENERAL, TUNED, SPELLING = "general", "tuned", "spelling"
TUNED_MODEL = DATA / "encoder.onnx"


@dataclass(frozen=True)
class View:
    """A way to look at a sentence, with what was learned of it; `acts` is None where speech acts are not learned."""

    name: str
    encode: Callable[[Sequence[str]], Any]
    """Returns one row for each text, dense or sparse."""
    skills: SoftmaxRegression
    acts: SoftmaxRegression | None


def vectors_file(view: str) -> Path:
    """Return the file with the vectors of the packaged sentences."""
    return DATA / f"vectors-{view}.npz"


def general_encoder() -> SentenceEncoder:
    """Return the encoder of the extra [speech]. Raises `ModuleNotFoundError` without it."""
    return RememberingEncoder(packaged_encoder(), vectors_file(GENERAL))


def tuned_encoder() -> SentenceEncoder:
    """Return the packaged encoder that was tuned on the packaged examples, with their vectors."""
    return RememberingEncoder(tuned_model(), vectors_file(TUNED))


@cache
def tuned_model() -> MiniLm:
    """Return that encoder alone, one for the process. Raises `ModuleNotFoundError` without the extra [speech]."""
    return MiniLm(TUNED_MODEL)


def encoding(view: str, rarity: Any) -> Callable[[Sequence[str]], Any]:
    """Return the function that turns sentences into the rows of a view.

    Raises `ModuleNotFoundError` without the extra [speech].
    """
    if view == SPELLING:
        return NGrams(rarity).encode
    return (general_encoder() if view == GENERAL else tuned_encoder()).encode
