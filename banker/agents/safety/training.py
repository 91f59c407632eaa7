"""Learns the safety topics from `examples/`; `python -m banker.agents.safety` runs it.

Customers mistype, leave out small words, and say several things in one breath: "50 dollars from checking. No, leave
it, I want to die." So besides each example the model sees sentences with typing errors and without small words, and
two or three examples together, which have the label of the most urgent one. The threshold of each topic is set by
cross-validation, over the examples as they stand.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion

from banker.agents.safety.model import EXAMPLES, NONE, WEIGHTS, Probabilities, geometric_mean, new_vectorizers
from banker.agents.sentence_encoder.encoder import SentenceEncoder

_NONE_FILES = ("none", "ordinary")
_MEANING_REGULARISATION, _SPELLING_REGULARISATION = 10.0, 30.0  # inverse, as scikit-learn counts it
_THRESHOLDS = np.arange(0.4, 0.81, 0.02)
_ALARM_COST = {"abilities": 5.0, "human": 5.0, "recording": 5.0, "privacy": 5.0, "withdraw_consent": 20.0}
"""What a false alarm costs, where a missed topic costs 1: an answer about the talk stands in place of the agent's, and
a withdrawal that nobody meant ends the conversation."""
_SAFETY_ALARM_COST = {"self_harm": 0.8, "scam": 1.2}
_OTHER_ALARM_COST = 1.7
"""One kind sentence too many, which costs less than to miss somebody who may die or is being robbed. Ordinary sentences
are far more frequent in conversations than among the examples."""
_NEARLY_CHEAPEST = 1.05
_URGENCY = ("self_harm", "threat", "coercion", "scam", "phishing", "bereavement", "minor", "hardship", "third_party")
"""Of two topics in one utterance, the one that is spoken of comes first."""
_PAIRS_PER_TOPIC, _ORDINARY_PAIRS, _MISTYPED, _SHORTENED = 80, 500, 1200, 1500
_STORIES_PER_TOPIC, _ORDINARY_STORIES = 60, 400
_SMALL_WORDS = frozenset("a an the is are am to of do does have has been was be my for that with at on".split())
"""Words that a customer in a hurry, or with another first language, leaves out."""
_MIN_WORDS_TO_SHORTEN = 5
_JOINTS = (". ", ", ", " and ", ". no, ", " but ", ", also ")
_FOLDS = 5


@dataclass(frozen=True)
class LearnedSentence:
    """A sentence to learn from. `parts` are the places of the examples that it was made of."""

    text: str
    label: str
    parts: tuple[int, ...]


def read_examples(folder: Path = EXAMPLES) -> list[tuple[str, str]]:
    """Return each example in lower case with its label. One file holds the examples of one topic."""
    return [
        (line.strip().lower(), NONE if file.stem in _NONE_FILES else file.stem)
        for file in sorted(folder.glob("*.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def train(encoder: SentenceEncoder, file: Path = WEIGHTS) -> None:
    """Learn from the examples and write the weights. Takes a minute or two, and gives the same weights each time."""
    examples = [LearnedSentence(text, label, (place,)) for place, (text, label) in enumerate(read_examples())]
    sentences = examples + list(_made_of(examples))
    texts, labels = [one.text for one in sentences], np.array([one.label for one in sentences])
    vectors = encoder.encode(texts)
    vectorizers = new_vectorizers()
    features = FeatureUnion(list(vectorizers.items())).fit_transform(texts)
    by_meaning = LogisticRegression(C=_MEANING_REGULARISATION, max_iter=300)
    by_spelling = LogisticRegression(C=_SPELLING_REGULARISATION, max_iter=300)
    held_out = np.zeros((len(examples), len(set(labels))))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    for _, tested in folds.split(examples, labels[: len(examples)]):
        unseen = set(tested.tolist())
        learned = [place for place, one in enumerate(sentences) if unseen.isdisjoint(one.parts)]
        both = [
            model.fit(inputs[learned], labels[learned]).predict_proba(inputs[tested])
            for model, inputs in ((by_meaning, vectors), (by_spelling, features))
        ]
        held_out[tested] = geometric_mean(both)
    by_meaning.fit(vectors, labels)
    by_spelling.fit(features, labels)
    stored: dict[str, Any] = {
        "labels": np.array(by_meaning.classes_),
        "encoder": np.array(encoder.name),
        "thresholds": _thresholds(held_out, list(by_meaning.classes_), labels[: len(examples)]),
        "meaning": by_meaning.coef_.T.astype(np.float32),
        "meaning_bias": by_meaning.intercept_.astype(np.float32),
        "spelling": by_spelling.coef_.astype(np.float16),
        "spelling_bias": by_spelling.intercept_.astype(np.float32),
    }
    for name, vectorizer in vectorizers.items():
        stored[f"{name}_terms"] = np.array("\n".join(vectorizer.get_feature_names_out()))
        stored[f"{name}_idf"] = vectorizer.idf_.astype(np.float32)
    np.savez_compressed(file, **stored)


def _made_of(examples: Sequence[LearnedSentence]) -> Iterator[LearnedSentence]:
    """Yield mistyped sentences and pairs, chosen by a fixed seed."""
    chance = random.Random(0)  # noqa: S311
    for one in chance.sample(examples, min(_MISTYPED, len(examples))):
        yield LearnedSentence(_mistyped(one.text, chance), one.label, one.parts)
    for one in chance.sample(examples, min(_SHORTENED, len(examples))):
        if len(one.text.split()) >= _MIN_WORDS_TO_SHORTEN:
            yield LearnedSentence(_without_small_words(one.text, chance), one.label, one.parts)
    urgent = [[one for one in examples if one.label == topic] for topic in _URGENCY]
    others = [one for one in examples if one.label == NONE]
    for place, topic in enumerate(urgent):
        less_urgent = [one for later in urgent[place + 1 :] for one in later]
        for first in chance.sample(topic, min(_PAIRS_PER_TOPIC, len(topic))):
            second = chance.choice(less_urgent if less_urgent and chance.random() < 1 / 3 else others)
            yield _joined([first, second], first.label, chance)
        for one in chance.sample(topic, min(_STORIES_PER_TOPIC, len(topic))):
            yield _joined([one, *chance.sample(others, 2)], one.label, chance)
    for number in (2,) * _ORDINARY_PAIRS + (3,) * _ORDINARY_STORIES:
        yield _joined(chance.sample(others, number), NONE, chance)


def _joined(sentences: list[LearnedSentence], label: str, chance: random.Random) -> LearnedSentence:
    """Return sentences in any order as one."""
    chance.shuffle(sentences)
    text = chance.choice(_JOINTS).join(one.text.rstrip(".") for one in sentences)
    return LearnedSentence(text, label, tuple(part for one in sentences for part in one.parts))


def _without_small_words(text: str, chance: random.Random) -> str:
    return " ".join(word for word in text.split() if word not in _SMALL_WORDS or chance.random() < 1 / 3)


def _mistyped(text: str, chance: random.Random) -> str:
    """Return a text without apostrophes, and with two letters of a word exchanged or one left out."""
    text = text.replace("'", "")
    places = [place for place in range(1, len(text) - 1) if text[place - 1 : place + 2].isalpha()]
    if not places:
        return text
    place = chance.choice(places)
    middle = text[place + 1] + text[place] if chance.random() < 1 / 2 else text[place + 1]
    return text[:place] + middle + text[place + 2 :]


def _thresholds(probabilities: Probabilities, names: list[str], labels: NDArray[Any]) -> NDArray[np.float32]:
    """Return for each topic the probability of a concern from which it is the cheapest to speak of it."""
    concern = 1 - probabilities[:, names.index(NONE)]
    found = np.where(np.array(names) == NONE, -1.0, probabilities).argmax(axis=1)
    chosen = []
    for place, name in enumerate(names):
        missed, alarms = concern[labels == name], concern[(found == place) & (labels == NONE)]
        cost = _ALARM_COST.get(name, _SAFETY_ALARM_COST.get(name, _OTHER_ALARM_COST))
        costs = np.array([(missed < least).sum() + cost * (alarms >= least).sum() for least in _THRESHOLDS])
        chosen.append(_THRESHOLDS[costs <= costs.min() * _NEARLY_CHEAPEST].mean())
    return np.array(chosen, np.float32)
