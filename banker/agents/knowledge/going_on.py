"""Answers a question that goes on with what was spoken of last: "and what does it cost?"."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from banker.agents.knowledge.passage import Finding, Passage
from banker.text.en.questions import REFERS_BACK, asks_for_figure, can_answer
from banker.text.sentence_splitter import split

if TYPE_CHECKING:
    from banker.agents.sentence_encoder.encoder import SentenceEncoder

ANSWER_AT = 0.57
"""Score from which a page answers: right in 9 of 10 questions of this kind, and in 1 of 10 another page is said."""
ALONE_WEIGHT = 0.4
"""What the words count by themselves; the rest is what they find with the subject before them."""
SAME_PAGE = 0.1
"""What speaks for the page that was said last."""
CERTAIN_AT, LEAD = 0.7, 0.06
"""The score that a new page needs, or else its lead over the next one."""
TRIED = 3
LEAST_SIMILAR, LEAST_IF_FIGURE = 0.3, 0.2
"""Cosine below which no sentence of the page that was said last answers: any question, and one for a figure."""
MAX_SAID = 2
"""Sentences of an answer; of a page that has no more only one is said again."""
FIRST_SENTENCE = 0.05
"""What speaks for the first sentence of a page, which says what the page comes to."""


def go_on(
    text: str, about: str, rank: Callable[[str], Sequence[Passage]], encoder: "SentenceEncoder", clear_at: float
) -> Finding:
    """Return the page that answers `text` about the subject `about`, which is a page's title or another subject.

    A page answers only if it says what is asked for, such as a time or a price. Of the page with the title `about`,
    which was said last, only the sentence that answers is returned, unless the words alone score `clear_at` for it, as
    they do if the whole question is asked again. `rank` returns all topics for a question.
    """
    alone = {passage.topic: passage.score for passage in rank(text)}
    together = [
        replace(
            passage,
            score=ALONE_WEIGHT * alone[passage.topic]
            + (1 - ALONE_WEIGHT) * passage.score
            + (SAME_PAGE if passage.title == about else 0.0),
        )
        for passage in rank(f"{about}. {text}")
    ]
    best = sorted(together, key=lambda passage: -passage.score)[: TRIED + 1]
    for passage, after in pairwise([*best, Passage("", "", "")]):
        is_clear = passage.title == about or passage.score >= CERTAIN_AT or passage.score - after.score >= LEAD
        if passage.score < ANSWER_AT or not is_clear:
            break
        is_asked_on = passage.title == about and alone[passage.topic] < clear_at
        said = _sentence(text, passage, encoder) if is_asked_on else _whole(text, passage)
        if said:
            answer = replace(passage, text=said)
            return Finding(answer, nearest=(answer,))
    return Finding()


def _whole(text: str, passage: Passage) -> str:
    """Return a passage if it says what is asked for."""
    return passage.text if can_answer(passage.text, text) else ""


def _sentence(text: str, passage: Passage, encoder: "SentenceEncoder") -> str:
    """Return the sentence that answers best, "" if none does; with its neighbour where it goes on with that.

    A question for a time or a price is answered by one sentence, another one also by the next sentence.
    """
    sentences = split(passage.text)
    vectors = encoder.encode([*sentences, text, f"{passage.title}. {text}"])
    similar = (vectors[:-2] @ vectors[-2:].T).mean(axis=1)
    similar[0] += FIRST_SENTENCE
    fitting = [(float(similar[at]), -at) for at, sentence in enumerate(sentences) if can_answer(sentence, text)]
    best, place = max(fitting, default=(0.0, 0))
    if best < (LEAST_IF_FIGURE if asks_for_figure(text) else LEAST_SIMILAR):
        return ""
    first = last = -place
    if first and REFERS_BACK.match(sentences[first]):
        first -= 1
    elif not asks_for_figure(text) and len(sentences) > MAX_SAID:
        last += 1
    return " ".join(sentences[first : last + 1])
