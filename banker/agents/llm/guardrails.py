"""Guardrails for a language model: claims may only be said if a tool has confirmed them.

`banker.agents.grounding` checks numbers for every agent. Here a learned classifier recognises what a sentence claims,
and the words of the claim are looked up in the tools' results.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.llm.statements import StatementKind, StatementModel, words
from banker.text.sentence_splitter import split
from banker.tools.base import ToolResult

MAX_EARLIER_REPLIES = 15
"""The latest replies whose claims may be repeated."""
QUOTED_SHARE = 0.6
"""Share of the words of two sentences that they have in common if one quotes the other."""
MIN_QUOTED_WORDS = 3

_PREDICATE = re.compile(r"\b(?:is|are|was|were|has|have|been)(?:\b|(?=n['’]t))|(?<=\w)['’](?:s|re|ve)\b", re.IGNORECASE)
_NEGATION = re.compile(r"\b(?:no|not|none|never|nothing|nobody|cannot)\b|n['’]t\b", re.IGNORECASE)
_NOT_TELLING = frozenset("a an and are as at been being by for from has have i in is it its of on or s re ve that the "
    "this to was were with you your yes now just still already currently no not".split())  # fmt: skip
_STEM_LETTERS = 5
_BELOW_ZERO = "overdrawn overdraft negative"
"""What a bank calls an account whose balance is below zero."""


@dataclass
class Evidence:
    """Stems of the words that tools told: what is so, and what is not so."""

    told: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)

    def add(self, value: Any) -> None:
        """Add a result. The name of a value tells something, unless the value is false or empty: then it is denied."""
        if isinstance(value, Mapping):
            for key, item in value.items():
                is_empty = item in (False, None, "") or (isinstance(item, Sequence) and not item)
                (self.denied if is_empty else self.told).update(_stems(words(str(key).replace("_", " "))))
                self.add(item)
        elif isinstance(value, list | tuple):
            for item in value:
                self.add(item)
        elif value not in (False, None):
            self.add_text(str(value).strip())

    def add_text(self, text: str) -> None:
        """Add what a text says, sentence by sentence."""
        if re.fullmatch(r"[-−]\s?[0-9.,]*[1-9][0-9.,]*", text):
            text = _BELOW_ZERO
        for sentence in split(text):
            (self.denied if _NEGATION.search(sentence) else self.told).update(_stems(words(sentence.replace("_", " "))))

    def of(self, sentence: str) -> set[str]:
        """Return what can prove a sentence."""
        return self.denied if _NEGATION.search(sentence) else self.told


class Guardrails:
    """Decides for one reply which sentences of the model may be said.

    `refuses` takes some milliseconds, so it is called in a thread.
    """

    def __init__(self, context: TurnContext, model: StatementModel) -> None:
        self._model = model
        self._descriptions = {spec.name: f"{spec.name} {spec.description}" for spec in context.tools}
        self._replies = [turn["text"] for turn in context.turns if turn["role"] == "banker"]
        self._done: list[set[str]] = []
        """The words of each tool that succeeded in this turn, with its arguments and result."""
        self._is_confirmed = False
        self._pages: list[set[str]] = []
        """The words of each sentence of the bank's pages that the model has got."""
        self._evidence = Evidence()

    def learn_result(self, tool: str, arguments: Mapping[str, Any], result: ToolResult, *, confirmed: bool) -> None:
        """Add a tool's result. `confirmed`: the tool changed something, and the user had agreed."""
        if result.status != "ok":
            self._evidence.add_text(result.reason)
            return
        evidence = Evidence()
        evidence.add(result.value)
        called = f"{self._descriptions.get(tool, tool)} {json.dumps(arguments, default=str)}"
        self._done.append(evidence.told | _stems(words(called.replace("_", " "))))
        self._evidence.told |= self._done[-1] if confirmed else evidence.told
        self._evidence.denied |= evidence.denied
        self._is_confirmed = self._is_confirmed or confirmed

    def learn_page(self, text: str) -> None:
        """Add a passage of the bank's pages. It may be quoted: "A frozen card can't be used" is about no card."""
        self._pages += [_stems(words(sentence)) for sentence in split(text)]

    def refuses(self, sentence: str) -> StatementKind | None:
        """Return what a sentence claims without proof; None if it may be said."""
        kind = self._model.kind_of(sentence)
        if kind is StatementKind.OTHER or (kind is not StatementKind.PERSON and self._is_quoted(sentence)):
            return None
        if kind is StatementKind.DONE and self._is_done(sentence):
            return None
        if kind in (StatementKind.DONE, StatementKind.STATE) and self._is_told(sentence):
            return None
        return kind

    def _is_quoted(self, sentence: str) -> bool:
        said = _stems(words(sentence))
        shares = (len(said & page) / len(said | page) for page in self._pages if page)
        return len(said) >= MIN_QUOTED_WORDS and any(share >= QUOTED_SHARE for share in shares)

    def _is_done(self, sentence: str) -> bool:
        """Return whether a tool of this turn did what is claimed.

        It must share one word with the claim if the user confirmed it, or else more than half of the claim's words.
        """
        subject, claim = _parts(sentence)
        if self._is_confirmed:
            return any((subject | claim) & done for done in self._done)
        return any(len(claim & done) * 2 > len(claim) for done in self._done)

    def _is_told(self, sentence: str) -> bool:
        """Return whether tools, or earlier replies, told at least half of what is said, and of what it is said."""
        subject, claim = _parts(sentence)
        named = set[str]().union(*self._done)
        for evidence in (self._evidence, self._earlier):
            told = evidence.of(sentence)
            knows_subject = not subject or bool(subject & (told | named | evidence.told))
            if claim and len(claim & told) * 2 >= len(claim) and knows_subject:
                return True
        return False

    @cached_property
    def _earlier(self) -> Evidence:
        """The claims of earlier replies, which were checked then. Questions and offers do not count."""
        sentences = [sentence for text in self._replies[-MAX_EARLIER_REPLIES:] for sentence in split(text)]
        kinds = self._model.kinds_of(sentences)
        evidence = Evidence()
        for sentence, kind in zip(sentences, kinds, strict=True):
            if kind in (StatementKind.DONE, StatementKind.STATE) and not sentence.endswith("?"):
                evidence.add_text(sentence)
        return evidence


def _parts(sentence: str) -> tuple[set[str], set[str]]:
    """Return the stems of a sentence's subject and of what is said about it: the words after the first verb."""
    verb = _PREDICATE.search(sentence)
    if verb is None:
        return set(), _stems(words(sentence))
    return _stems(words(sentence[: verb.start()])), _stems(words(sentence[verb.end() :]))


def _stems(found: Iterable[str]) -> set[str]:
    """Return the stems of the meaningful words."""
    return {word[:_STEM_LETTERS] for word in found if word.isalpha() and word not in _NOT_TELLING}
