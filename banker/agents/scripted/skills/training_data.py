"""The labelled sentences that the packaged model learns from."""

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from banker.agents.scripted.skills.examples import (
    NONE,
    WISH,
    act_examples,
    denied_then_wished,
    framed,
    none_examples,
)
from banker.agents.scripted.skills.skill_files import load_skills

MIN_MISSPELLED_LETTERS = 5
"""Letters of a word in which people make a typing error."""


@dataclass(frozen=True)
class TrainingSentence:
    """A sentence with its labels; None where one does not matter."""

    text: str
    skill: str | None
    act: str | None
    framed: bool = False
    """Whether the sentence was made of an example and a frame, for the speech act's sake."""

    @property
    def held_out(self) -> bool:
        """Whether the sentence, one in ten, is kept for calibration and not learned from."""
        return zlib.crc32(self.text.lower().encode()) % 10 == 0


def packaged_examples() -> dict[str, list[str]]:
    """Return the examples of the packaged skills, also of those whose tool the bank lacks."""
    return {name: list(skill.examples) for name, skill in load_skills(None, ()).items()}


def talk_skills() -> set[str]:
    """Return the skills that use no tool: thanks and complaints ask for nothing."""
    return {name for name, skill in load_skills(None, ()).items() if skill.tool is None}


def training_sentences(framed_per_act: int) -> list[TrainingSentence]:
    """Return all that the packaged model learns from."""
    examples = packaged_examples()
    talk = talk_skills()
    sentences = [
        TrainingSentence(text, skill, None if skill in talk else WISH) for skill in examples for text in examples[skill]
    ]
    sentences += [TrainingSentence(text, skill, WISH) for skill, text in denied_then_wished()]
    sentences += [TrainingSentence(text, NONE, None) for text in none_examples()]
    sentences += [TrainingSentence(text, None, act) for act, text in act_examples()]
    sentences += [
        TrainingSentence(text, skill if act in (WISH, "denied") else None, act, framed=True)
        for skill, act, text in framed(examples, framed_per_act)
    ]
    return sentences


def misspelled(sentences: Sequence[TrainingSentence]) -> list[TrainingSentence]:
    """Return sentences with a typing error in up to two of their longer words, always the same ones."""
    chance = random.Random(0)  # noqa: S311
    return [replace(one, text=_with_errors(one.text, chance)) for one in sentences]


def _with_errors(text: str, chance: random.Random) -> str:
    words = text.split()
    long = [at for at, word in enumerate(words) if len(word) >= MIN_MISSPELLED_LETTERS and word.isalpha()]
    for at in chance.sample(long, min(len(long), 2)):
        word, place = words[at], chance.randrange(1, len(words[at]) - 1)
        swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        words[at] = chance.choice([swapped, word[:place] + word[place + 1 :]])
    return " ".join(words)
