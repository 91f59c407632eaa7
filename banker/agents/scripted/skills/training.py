"""Learns the packaged model from the packaged sentences: `python -m banker.agents.scripted.skills.training`.

Run it after every change of a packaged skill or of a file in `data/`; it takes some minutes and writes
`data/weights.npz` and the vectors of the sentences. One sentence in ten is not learned from and calibrates the
probabilities instead. The same sentences always give the same model.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from banker.agents.scripted.skills.examples import NONE, WISH
from banker.agents.scripted.skills.model import UnderstandingModel, Weights, digest, log_odds, write_weights
from banker.agents.scripted.skills.ngrams import learn_ngrams
from banker.agents.scripted.skills.softmax_regression import learn
from banker.agents.scripted.skills.text_features import (
    GENERAL,
    SPELLING,
    TUNED,
    TUNED_MODEL,
    encoding,
    general_encoder,
    tuned_encoder,
    vectors_file,
)
from banker.agents.scripted.skills.training_data import (
    TrainingSentence,
    misspelled,
    packaged_examples,
    training_sentences,
)
from banker.agents.sentence_encoder.vectors import write_vectors

FRAMED_PER_ACT = 300
_CLUSTERS = 32  # sentences that ask for no skill have nothing in common; 32 groups of them have
_STRANGER_WEIGHT = 5.0  # customers say more that asks for no skill than the packaged sentences hold
_MISSPELLED_EVERY = 2  # of the examples, the share that is also learned with typing errors
_CANDIDATES = 3  # the skills of a sentence that calibration looks at


def train() -> Weights:
    """Write the vectors of all sentences, and return what is learned of them."""
    sentences = training_sentences(FRAMED_PER_ACT)
    views = [GENERAL, *([TUNED] if TUNED_MODEL.exists() else []), SPELLING]
    for view, encoder in ((GENERAL, general_encoder), (TUNED, tuned_encoder)):
        if view in views:
            write_vectors(encoder(), [one.text for one in sentences], vectors_file(view))
    examples = packaged_examples()
    about_skills = [one for one in sentences if one.skill is not None and not one.framed]
    learned = [one for one in about_skills if not one.held_out]
    acts = [one for one in sentences if one.act is not None and not one.held_out]
    hasty = misspelled([one for one in learned if one.act == WISH][::_MISSPELLED_EVERY])
    rarity = learn_ngrams([one.text for one in learned]).rarity
    clusters = _clusters(about_skills)
    skill_heads, act_heads = {}, {}
    for view in views:
        encode = encoding(view, rarity)
        every = [*learned, *hasty]
        labels = [str(one.skill) if view == SPELLING else clusters.get(one.text, str(one.skill)) for one in every]
        skill_heads[view] = learn(encode([one.text for one in every]), labels)
        if view == (TUNED if TUNED in views else GENERAL):
            act_heads[view] = learn(encode([one.text for one in acts]), [str(one.act) for one in acts])
    held_out = [one for one in about_skills if one.held_out]
    known = {one.text for one in learned}
    before = {skill: [text for text in texts if text in known] for skill, texts in examples.items()}
    uncalibrated = Weights(skill_heads, act_heads, rarity, np.array([0, 1, 0], np.float32), _digests(before), clusters)
    calibration = _calibration(UnderstandingModel(before, uncalibrated), held_out)
    return Weights(skill_heads, act_heads, rarity, calibration, _digests(examples), clusters)


def _digests(examples: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {skill: digest(texts) for skill, texts in examples.items()}


def _clusters(sentences: Sequence[TrainingSentence]) -> dict[str, str]:
    """Return a label for each sentence that asks for no skill: `none#` and the number of its cluster."""
    texts = [one.text for one in sentences if one.skill == NONE]
    numbers = KMeans(_CLUSTERS, n_init=2, random_state=0).fit_predict(general_encoder().encode(texts))
    return {text: f"{NONE}#{number}" for text, number in zip(texts, numbers, strict=True)}


def _calibration(model: UnderstandingModel, held_out: Sequence[TrainingSentence]) -> np.ndarray:
    """Return how log odds and similarity tell whether a likely skill is right, learned of `held_out` sentences."""
    texts = [one.text for one in held_out]
    mean, similarity = model.mean_probabilities(texts)[:, :-1], model.similarities(general_encoder().encode(texts))
    odds = log_odds(mean)
    inputs, right, weights = [], [], []
    for row, one in enumerate(held_out):
        for place in np.argsort(-mean[row])[:_CANDIDATES]:
            inputs.append((odds[row, place], similarity[row, place]))
            right.append(model.skills[place] == one.skill)
            weights.append(_STRANGER_WEIGHT if one.skill == NONE else 1.0)
    found = LogisticRegression(C=10).fit(inputs, right, weights)
    return np.array([found.intercept_[0], *found.coef_[0]], np.float32)


if __name__ == "__main__":
    write_weights(train())
