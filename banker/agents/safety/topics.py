"""The safety topics, and the questions about the talk itself, as they are found in what a customer says."""

import functools
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from banker.agents.safety.model import SafetyModel
    from banker.agents.sentence_encoder.encoder import MiniLm

log = logging.getLogger(__name__)

NO_ACTION_TOPICS = frozenset({"scam", "coercion", "threat"})
"""Topics in which the wish may be somebody else's: a certain one is not acted on."""
HELD_TOPICS = NO_ACTION_TOPICS | {"self_harm"}
"""Topics after which what was open is left undone, and no money is moved for a while."""
TALK_TOPICS = frozenset({"human", "recording", "privacy", "abilities", "withdraw_consent"})
"""Questions about the talk itself. They are answered by the bank's text alone."""
ASKING_ON = ("what_now", "abilities")
"""Labels of "what should I do now?" and "help me": of the topic that was spoken of just before, if there is one."""
AGAIN_THRESHOLD = 0.25
"""The topic that was spoken of just before is likelier than any other: "I gave him the code already"."""
SWITCH_AT = 0.75
"""Soon after a topic, another one must be that probable: "no, she's still on the phone" is about the scam."""
SPELLING_THRESHOLD = 0.5
"""Without the sentence encoder probabilities are less sharp."""
MIN_WORDS_TO_SPLIT = 9
MAX_SENTENCES = 12

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")


@dataclass(frozen=True)
class SafetyTopic:
    """What was recognised. `probability` is from 0 to 1; `rest` is what the customer said besides, if anything."""

    name: str
    probability: float
    rest: str = ""
    again: bool = False
    """Whether it was spoken of just before."""

    @property
    def is_about_the_talk(self) -> bool:
        """Whether it is a question about the talk, and no matter of safety."""
        return self.name in TALK_TOPICS


class SafetyTopics:
    """Finds the topic of an utterance. It is only read, so threads may share it."""

    def __init__(self, model: "SafetyModel") -> None:
        self._model = model

    @property
    def has_encoder(self) -> bool:
        """Whether the sentence encoder takes part; otherwise spelling decides alone."""
        return self._model.has_encoder

    def check(self, text: str, earlier: str = "") -> SafetyTopic | None:
        """Return the most probable topic of `text` or of one of its sentences, or None. Takes a few milliseconds.

        `earlier` is the topic that was spoken of just before, if any.
        """
        sentences = [text]
        if len(text.split()) >= MIN_WORDS_TO_SPLIT:
            parts = [part for part in _SENTENCE_END.split(text) if part.strip()]
            sentences += parts[-MAX_SENTENCES:] if len(parts) > 1 else []
        if not any(char.isalpha() for char in text):
            return None
        rows = self._model.probabilities(sentences)
        whole = 1 - float(rows[0][self._model.labels.index("none")])
        found = [self._topic(row, whole, earlier) for row in rows]
        best = max((topic for topic in found if topic), key=lambda topic: topic.probability, default=None)
        if best is None:
            return None
        rest = [part for part, topic in zip(sentences[1:], found[1:], strict=True) if topic is None]
        return SafetyTopic(best.name, best.probability, " ".join(rest), best.again)

    def _topic(self, row: "NDArray[np.float64]", whole: float, earlier: str) -> SafetyTopic | None:
        """Return the most probable topic of a sentence if it is probably not an ordinary one.

        `whole` is the probability of a concern in all that was said: "Can you help?" asks for something else after "My
        card has not arrived."
        """
        by_label = dict(zip(self._model.labels, map(float, row), strict=True))
        none = by_label.pop("none")
        if earlier in by_label and earlier not in TALK_TOPICS:
            by_label[earlier] += sum(by_label.pop(label, 0.0) for label in ASKING_ON)
        else:
            none += by_label.pop(ASKING_ON[0], 0.0)
        concern = min(1 - none, (1 - none + whole) / 2)
        name = max(by_label, key=lambda label: by_label[label])
        is_worse = name == "self_harm" and earlier not in HELD_TOPICS
        if earlier in by_label and name not in TALK_TOPICS and by_label[name] < SWITCH_AT and not is_worse:
            name = earlier
        threshold = AGAIN_THRESHOLD if name == earlier else self._model.thresholds[name]
        if not self._model.has_encoder:
            threshold = max(threshold, SPELLING_THRESHOLD)
        return SafetyTopic(name, concern, again=name == earlier) if concern >= threshold else None


def installed_encoder() -> "MiniLm | None":
    """Return the packaged sentence encoder of this process; None if it is not installed."""
    try:
        from banker.agents.sentence_encoder.encoder import packaged_encoder

        return packaged_encoder()
    except ImportError:
        return None


@functools.cache
def load_safety_topics() -> SafetyTopics | None:
    """Load the model, once for the process. Returns None if scikit-learn is not installed; `check` reports that."""
    try:
        from banker.agents.safety.model import SafetyModel
    except ImportError as error:
        log.warning("safety topics are not recognised: %s is not installed", error.name)
        return None
    return SafetyTopics(SafetyModel(installed_encoder()))
