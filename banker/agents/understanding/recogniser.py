"""Owns the way from an utterance to an intent: spelling, orders, denial, statistics by clause, subject."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from banker.agents.understanding import clauses
from banker.agents.understanding.classifier import Classifier
from banker.agents.understanding.encoder import SentenceEncoder, Vectors
from banker.agents.understanding.examples import UNKNOWN, known_words, normalised, read_not_wished
from banker.agents.understanding.language import negation as denial
from banker.agents.understanding.language.intent_filter import Fit, fit
from banker.agents.understanding.language.prompt_injection import is_order_to_the_machine
from banker.agents.understanding.language.spelling import normalise, words
from banker.agents.understanding.regression import Regression
from banker.agents.understanding.speech_act import SpeechAct, SpeechActClassifier
from banker.agents.understanding.wordpieces import is_word

# What one says around a wish; a wish in another clause comes first.
_AROUND = frozenset({"greeting", "smalltalk", "thanks", "goodbye", "repeat", UNKNOWN})
_ACTING = frozenset({"lost_card", "open_ticket", "human"})
_WITH_TOOL = _ACTING | {"account_status"}
_TRIED = 4
_SURE = 0.5
_WORTH_ASKING = 0.3
_CLEAR_LEAD = 0.12
_MOST_LETTERS = 4000
_HEARD_LETTERS = 600
_MOST_CLAUSES = 8
_FEW_WORDS = 4
_BACK = re.compile(r"\b(?:it|this|that|them|these|those)\b")


@dataclass(frozen=True, slots=True)
class IntentRecognition:
    """What an utterance was taken for."""

    intent: str
    score: float
    """How likely the intent is, 0 to 1."""
    runner_up: str | None = None
    """The next best intent but `unknown`, for a question back."""
    doubtful: bool = False
    """True when it is better to ask than to act."""
    denied: str | None = None
    """What the utterance said it does not want, where it did."""


@dataclass(frozen=True, slots=True)
class _Guess:
    text: str
    ranked: list[tuple[str, float]]
    vector: Vectors | None

    @property
    def intent(self) -> str:
        return self.ranked[0][0]

    @property
    def score(self) -> float:
        return self.ranked[0][1]


def _points_back(clause: str) -> bool:
    """Say whether a clause leaves it to another one what it is about: "report it", "make a note"."""
    return len(clause.split()) < _FEW_WORDS or bool(_BACK.search(clause))


class IntentRecogniser:
    """Finds the intent of an utterance; learns once, is then only read and may be shared by threads."""

    def __init__(self, examples: Mapping[str, Sequence[str]], encoder: SentenceEncoder | None = None) -> None:
        """Learn from `examples`, utterances by intent; `encoder` brings in what words mean and is not needed."""
        self._words = known_words(examples)
        pairs = normalised(examples)
        self._exact = dict(pairs)
        texts, intents = [text for text, _ in pairs], [intent for _, intent in pairs]
        self._encoder = encoder
        self._classifier = Classifier(texts, intents, encoder.encode(texts) if encoder else None, UNKNOWN)
        wishes = [text for text, intent in pairs if intent in _WITH_TOOL]
        self._judge_of_mood = SpeechActClassifier(wishes, read_not_wished(self._words), encoder)

    @property
    def regressions(self) -> list[Regression]:
        """All that was learnt."""
        return self._classifier.regressions + self._judge_of_mood.regressions

    def recognise(self, text: str) -> IntentRecognition:
        """Return the intent of one utterance, typed or as a speech recogniser wrote it."""
        everything = text[:_MOST_LETTERS]
        plain = normalise(everything[-_HEARD_LETTERS:], self._words)
        if not any(letter.isalnum() for letter in plain) or is_order_to_the_machine(everything, plain):
            return IntentRecognition(UNKNOWN, 1.0)
        if (intent := self._exact.get(plain)) is not None:
            return IntentRecognition(intent, 1.0)
        said = words(plain)
        if len(said) > 1 and not any(is_word(word) or word in self._words for word in said):
            return IntentRecognition(UNKNOWN, 1.0)
        wish = denial.part(plain)
        if wish.denied:
            return self._despite_denial(plain, wish)
        return self._judge(self._best_clause(clauses.without_hold_on(plain)))

    def _despite_denial(self, plain: str, wish: denial.Wish) -> IntentRecognition:
        denied = self._guess([wish.denied])[0]
        denied_intent = denied.intent if denied.intent not in _AROUND | {"cancel"} else None
        if wish.wanted:
            wanted = self._judge(self._best_clause(wish.wanted))
            enough = _SURE if wanted.intent in _ACTING else _SURE / 2
            if wanted.intent not in _AROUND and wanted.score >= enough:
                return IntentRecognition(wanted.intent, wanted.score, wanted.runner_up, wanted.doubtful, denied_intent)
        if denied_intent is None and self._guess([plain])[0].intent == "cancel":
            return IntentRecognition("cancel", denied.score, denied=denied_intent)
        return IntentRecognition(UNKNOWN, denied.score, runner_up=None, denied=denied_intent)

    def _best_clause(self, text: str) -> _Guess:
        """Return the guess for the whole text, or for the clause that holds the wish when the whole tells none."""
        whole = self._guess([text])[0]
        pieces = [clauses.bare(piece) for piece in clauses.clauses(text)][-_MOST_CLAUSES:]
        if len(pieces) < 2 or (whole.intent not in _AROUND and whole.score >= _SURE):
            return whole
        wishes = [
            part
            for part in self._guess(pieces)
            if part.intent not in _AROUND
            and part.score >= _SURE
            and fit(part.intent, part.text) is Fit.GOOD
            and not (_points_back(part.text) and fit(part.intent, text) is Fit.STRANGE)
        ]
        return max(wishes, key=lambda part: part.score, default=whole)

    def _judge(self, guess: _Guess) -> IntentRecognition:
        """Take the likeliest intent that the text fits; refuse a strange subject, and doubt what leads too little."""
        for place, (intent, score) in enumerate(guess.ranked[:_TRIED]):
            fits = fit(intent, guess.text)
            said_as = self._judge_of_mood.mood(guess.text, guess.vector) if intent in _WITH_TOOL else SpeechAct.WISH
            if fits is Fit.STRANGE or said_as is SpeechAct.TOLD:
                return IntentRecognition(UNKNOWN, 1 - score)
            if fits is Fit.OTHER or (fits is Fit.POOR and intent in _ACTING and guess.ranked[place + 1][1] > _SURE / 2):
                continue
            others = [other for other, _ in guess.ranked if other not in (UNKNOWN, intent)]
            lead = score - (guess.ranked[place + 1][1] if place + 1 < len(guess.ranked) else 0)
            doubtful = intent != UNKNOWN and (
                fits is Fit.POOR
                or said_as is SpeechAct.UNSURE
                or (score < _SURE and (lead < _CLEAR_LEAD or intent in _WITH_TOOL))
            )
            if doubtful and intent in _WITH_TOOL and score < _WORTH_ASKING:
                return IntentRecognition(UNKNOWN, 1 - score)
            return IntentRecognition(intent, score, others[0] if others else None, doubtful)
        return IntentRecognition(UNKNOWN, 0.0)

    def _guess(self, texts: Sequence[str]) -> list[_Guess]:
        vectors = self._encoder.encode(texts) if self._encoder else None
        rows = self._classifier.likelihoods(texts, vectors)
        intents = self._classifier.labels
        return [
            _Guess(
                text,
                sorted(zip(intents, map(float, row), strict=True), key=lambda pair: -pair[1]),
                None if vectors is None else vectors[place],
            )
            for place, (text, row) in enumerate(zip(texts, rows, strict=True))
        ]
