"""What a language model may say beyond figures: claims are said only if a tool has said so.

Figures are checked for every agent by `banker.agents.grounding`. Here a learned classifier recognises what a sentence
claims, and the words of the claim are looked up in what the tools answered.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from banker.agents.base import TurnContext
from banker.agents.llm.statements import StatementKind, kind_of, words
from banker.text.sentence_splitter import split
from banker.tools.base import ToolResult

_PREDICATE = re.compile(r"\b(?:is|are|was|were|has|have|been)\b|(?<=\w)['’](?:s|re|ve)\b", re.IGNORECASE)
_NOT_TELLING = frozenset("a an and are as at been being by for from has have i in is it its of on or s re ve that the "
    "this to was were with you your yes now just still already currently".split())  # fmt: skip
_STEM_LETTERS = 5
_BELOW_ZERO = "overdrawn overdraft negative"
"""What a bank calls an account whose balance is below zero."""


class Guardrails:
    """Decides for one reply which sentences of the model may be said."""

    def __init__(self, context: TurnContext) -> None:
        self._descriptions = {spec.name: f"{spec.name} {spec.description}" for spec in context.tools}
        self._done: list[set[str]] = []
        """The words of each tool that succeeded in this turn, with its arguments and result."""
        self._has_changed_something = False
        self._told = set[str]()
        for turn in context.turns:
            if turn["role"] == "banker":
                self._learn_earlier_reply(turn["text"])

    def learn_result(self, tool: str, arguments: Mapping[str, Any], result: ToolResult, *, confirmed: bool) -> None:
        """Add what a tool answered. `confirmed`: it changed something, and the user had agreed to it."""
        if result.status != "ok":
            self._told |= _stems(words(result.reason))
            return
        told = _stems(_evidence(result.value))
        called = f"{self._descriptions.get(tool, tool)} {json.dumps(arguments, default=str)}"
        done = told | _stems(words(called.replace("_", " ")))
        self._done.append(done)
        self._told |= done if confirmed else told
        self._has_changed_something = self._has_changed_something or confirmed

    def refuses(self, sentence: str) -> StatementKind | None:
        """Return what a sentence states without proof, or None if it may be said."""
        kind = kind_of(sentence)
        is_question = sentence.rstrip().endswith("?")
        if kind is StatementKind.OTHER or (is_question and kind is not StatementKind.SECRET):
            return None
        if kind is StatementKind.DONE and self._is_done(sentence):
            return None
        if kind in (StatementKind.DONE, StatementKind.STATE) and self._is_told(sentence):
            return None
        return kind

    def _is_done(self, sentence: str) -> bool:
        """Return whether a confirmed tool succeeded, or one whose words are more than half of the claim's."""
        claim = _claim(sentence)
        return self._has_changed_something or any(len(claim & done) * 2 > len(claim) for done in self._done)

    def _is_told(self, sentence: str) -> bool:
        """Return whether tools told at least half of the words that the sentence says about its subject."""
        claim = _claim(sentence)
        return bool(claim) and len(claim & self._told) * 2 >= len(claim)

    def _learn_earlier_reply(self, text: str) -> None:
        """Add the claims of an earlier reply, which were checked then. Questions and offers prove nothing."""
        for sentence in split(text):
            if kind_of(sentence) in (StatementKind.DONE, StatementKind.STATE) and not sentence.endswith("?"):
                self._told |= _stems(words(sentence))


def _claim(sentence: str) -> set[str]:
    """Return the stems of what a sentence says about its subject: the words after the first verb."""
    verb = _PREDICATE.search(sentence)
    return _stems(words(sentence[verb.end() :] if verb else sentence))


def _stems(found: Iterable[str]) -> set[str]:
    """Return the first letters of the words that tell something."""
    return {word[:_STEM_LETTERS] for word in found if word.isalpha() and word not in _NOT_TELLING}


def _evidence(value: Any) -> list[str]:
    """Return the words of a result: texts, and the names of all values that are not false or empty."""
    if isinstance(value, Mapping):
        return [
            word
            for key, item in value.items()
            if item not in (False, None, "")
            for word in (*words(str(key).replace("_", " ")), *_evidence(item))
        ]
    if isinstance(value, list | tuple):
        return [word for item in value for word in _evidence(item)]
    text = str(value).strip()
    return words(_BELOW_ZERO) if re.fullmatch(r"[-−]\s?[0-9.,]*[1-9][0-9.,]*", text) else words(text.replace("_", " "))
