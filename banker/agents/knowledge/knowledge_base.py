"""Answers questions from a bank's pages: with one passage, with an offer of two topics, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from banker.agents.knowledge.going_on import go_on
from banker.agents.knowledge.passage import Finding, Passage
from banker.agents.knowledge.ranking import MeaningRanking, WordRanking

if TYPE_CHECKING:
    from banker.agents.sentence_encoder.encoder import SentenceEncoder

MAX_QUESTION_CHARACTERS = 500
"""Only the end of a longer text is looked up: people say what they want last."""
MAX_CHOOSING_WORDS = 6
"""A longer turn does not choose a topic by its position ("the second one")."""
NEAREST = 3
"""How many passages a model gets for one question. The right one is among three in 92 of 100 questions."""
_WORD_WEIGHT = 0.01


@dataclass(frozen=True)
class Thresholds:
    """The scores from which the pages answer, and from which topics are offered.

    An answer must also lead the next topic by `lead`. Otherwise, both are offered.
    """

    answer: float
    offer: float
    lead: float


WITH_MEANING = Thresholds(answer=0.68, offer=0.54, lead=0.07)
"""Fewer than 1 of 100 questions about something else are answered (docs/knowledge.md, `python -m bench.knowledge`)."""
WORDS_ONLY = Thresholds(answer=12.0, offer=9.0, lead=2.0)
"""Without an encoder: stricter, because words alone find a page for most sentences."""


class KnowledgeBase:
    """The passages of one tenant. Immutable once built, so threads may share it."""

    def __init__(self, passages: Sequence[Passage], encoder: "SentenceEncoder | None" = None) -> None:
        self._passages = list(passages)
        self._encoder = encoder
        self._words = WordRanking(passages)
        self._meaning = MeaningRanking(passages, encoder) if encoder is not None and passages else None
        self._thresholds = WORDS_ONLY if self._meaning is None else WITH_MEANING

    def find(self, text: str) -> Passage | None:
        """Return the passage that answers `text`, or None if nothing in the pages is near enough."""
        return self.look_up(text).answer

    def look_up(self, text: str, offered: Sequence[str] = (), about: str = "") -> Finding:
        """Search the pages for a question.

        `offered`: topics that were offered, of which the text may choose one. `about`: what was spoken of last, for a
        question that goes on with it. Takes as long as the encoder, twice with `about`, and 1 ms for 100 passages.
        """
        if about:
            if self._encoder is None:
                return Finding()
            return go_on(text, about, self.rank, self._encoder, self._thresholds.answer)
        chosen = self._choose(text, offered) if offered else None
        if chosen is not None:
            return Finding(chosen, nearest=(chosen,))
        limits = self._thresholds
        ranked = [passage for passage in self.rank(text) if passage.score >= limits.offer][: NEAREST + 1]
        if not ranked:
            return Finding()
        lead = ranked[0].score - (ranked[1].score if len(ranked) > 1 else 0.0)
        nearest = tuple(ranked[:NEAREST])
        if ranked[0].score >= limits.answer and lead >= limits.lead:
            return Finding(ranked[0], nearest=nearest)
        likely = ranked[0] if ranked[0].score >= limits.answer else None
        return Finding(offers=nearest[:2], nearest=nearest, likely=likely)

    def rank(self, text: str) -> list[Passage]:
        """Return the best passage of every topic with its score, best first."""
        question = text.strip()[-MAX_QUESTION_CHARACTERS:]
        if not question:
            return []
        scores = self._words.scores(question)
        if self._meaning is not None:
            meanings = self._meaning.scores(question)
            scores = [meaning + _WORD_WEIGHT * word for meaning, word in zip(meanings, scores, strict=True)]
        best: dict[str, Passage] = {}
        for score, index in sorted(zip(scores, range(len(scores)), strict=True), key=lambda pair: -pair[0]):
            passage = self._passages[index]
            best.setdefault(passage.topic, replace(passage, score=round(score, 4)))
        return list(best.values())

    def _choose(self, text: str, topics: Sequence[str]) -> Passage | None:
        """Return which of `topics` an answer chooses, by its position or by words of its title."""
        from banker.text.en.slots import Option, find_integers, find_options  # in the speech extra, like the callers

        ranked = {passage.topic: passage for passage in self.rank(text)}
        offered = [ranked[topic] for topic in topics if topic in ranked]
        if len(text.split()) <= MAX_CHOOSING_WORDS:
            plain = text.lower().strip(" .!")
            numbers = [hit.value for hit in find_integers(plain) if hit.end - hit.start == len(plain)]
            if numbers and 0 < numbers[0] <= len(offered):
                return offered[numbers[0] - 1]
            nameless = [Option(passage.topic, ()) for passage in offered]
            for hit in find_options(plain, nameless, current=offered[0].topic if offered else None):
                return next(passage for passage in offered if passage.topic == hit.value[0])
        named = [p for p in offered if p.score >= self._thresholds.offer and p.topic == next(iter(ranked))]
        return named[0] if named else None
