"""Reads the training sentences of the understanding model, apart from the examples of the skills."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

NONE = "none"
"""The label of sentences that ask for no skill."""
WISH = "wish"
ACTS = (WISH, "denied", "told", "supposed", "quoted")
"""The speech acts. Only a wish may lead to a tool."""

DATA = Path(__file__).with_name("data")
_NONE_FILES = ("unrelated.txt", "not_offered.txt", "out_of_domain.txt", "questions.txt")


def read_lines(file: Path) -> list[str]:
    """Return the lines of a file without empty lines, comments (`#`) and repetitions."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def none_examples() -> list[str]:
    """Return sentences that ask for no skill."""
    return list(dict.fromkeys(line for name in _NONE_FILES for line in read_lines(DATA / name)))


def denied_then_wished() -> list[tuple[str, str]]:
    """Return pairs of a skill and a sentence that denies something else before it asks for the skill."""
    pairs = (line.partition("\t") for line in read_lines(DATA / "denied_then_wished.tsv"))
    return [(skill, sentence) for skill, _, sentence in pairs]


def act_examples() -> list[tuple[str, str]]:
    """Return pairs of a speech act other than a wish and a sentence."""
    return [(act, line) for act in ACTS if act != WISH for line in read_lines(DATA / f"{act}.txt")]


def framed(examples: Mapping[str, Sequence[str]], per_act: int) -> list[tuple[str, str, str]]:
    """Return triples of skill, speech act and sentence: requests put into the frames of `data/acts.toml`.

    Each speech act gets `per_act` sentences, always the same ones for the same examples. The skill of a sentence that
    is not a wish is the one that it speaks of.
    """
    frames = tomllib.loads((DATA / "acts.toml").read_text(encoding="utf-8"))
    verbs = set(frames["verbs"].split())
    requests = [
        (skill, sentence.rstrip(".!? "))
        for skill in sorted(examples)
        for sentence in examples[skill]
        if sentence.split()[0].lower() in verbs and len(sentence.split()) > 1
    ]
    chance = random.Random(0)  # noqa: S311
    triples = []
    for act in ACTS:
        for number in range(per_act if requests else 0):
            frame = frames[act][number % len(frames[act])]
            skill, request = chance.choice(requests)
            _, other = chance.choice([pair for pair in requests if pair[0] != skill] or requests)
            triples.append((skill, act, frame.replace("{x}", request).replace("{y}", other)))
    return list(dict.fromkeys(triples))
