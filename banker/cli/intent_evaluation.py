"""Evaluate intent recognition against a list of labelled utterances: accuracy, confusions, and the tools chosen."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from banker.agents.scripted.intents import INTENTS, Recognised, tool_for

HEADER = "intent\tutterance"


@dataclass(frozen=True)
class Case:
    """An utterance and its label: one intent, or several joined by `|`."""

    expected: str
    utterance: str


@dataclass(frozen=True)
class CaseResult:
    """The intent that was recognised in an utterance, and the tool that it leads to."""

    utterance: str
    expected: str
    intent: str
    score: float
    tool: str | None

    @property
    def correct(self) -> bool:
        """Whether the intent is one of those expected."""
        return self.intent in self.expected.split("|")


def read_cases(data: bytes, name: str) -> list[Case]:
    """Parse a file's content. Raises `ValueError` with the file `name`, the line and the fix."""
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{name}: line {line}: is not UTF-8; save the file as UTF-8") from None
    lines = [line.removesuffix("\r") for line in lines]
    if lines[0] != HEADER:
        raise ValueError(f"{name}: line 1: the header must be intent<TAB>utterance")
    cases = [_case(line, f"{name}: line {number}") for number, line in enumerate(lines[1:], 2) if line.strip()]
    if not cases:
        raise ValueError(f"{name}: has no utterances; add lines of intent<TAB>utterance")
    return cases


def _case(line: str, where: str) -> Case:
    expected, tab, utterance = line.partition("\t")
    if not tab:
        raise ValueError(f"{where}: has no tab between intent and utterance")
    intents = [intent.strip() for intent in expected.split("|")]
    if unknown := [intent for intent in intents if intent not in INTENTS]:
        raise ValueError(f"{where}: there is no intent {unknown[0]!r}; there are: {', '.join(INTENTS)}")
    if not utterance.strip():
        raise ValueError(f"{where}: the utterance is missing")
    return Case("|".join(intents), utterance.strip())


def evaluate(
    cases: Iterable[Case], recognise: Callable[[str], Recognised], allowed_tools: Collection[str]
) -> list[CaseResult]:
    """Return what `recognise` makes of each case, for a tenant with these tools."""
    recognised = ((case, recognise(case.utterance)) for case in cases)
    return [
        CaseResult(case.utterance, case.expected, found.intent, found.score, tool_for(found, allowed_tools))
        for case, found in recognised
    ]


def as_json(results: Iterable[CaseResult]) -> list[dict[str, Any]]:
    """Return the results as JSON data."""
    return [
        {
            "utterance": result.utterance,
            "expected": result.expected,
            "intent": result.intent,
            "score": round(result.score, 4),
            "tool": result.tool,
        }
        for result in results
    ]


def accuracy(results: Sequence[CaseResult]) -> float:
    """Return the share of correct results, 0 to 1."""
    return sum(result.correct for result in results) / len(results)


def confusions(results: Iterable[CaseResult]) -> list[tuple[str, str, int]]:
    """Return triples of expected intent, recognised intent and count; the most frequent first."""
    counted = Counter((result.expected, result.intent) for result in results if not result.correct)
    return [(expected, found, count) for (expected, found), count in counted.most_common()]


def report(results: Sequence[CaseResult]) -> list[str]:
    """Return lines of text: each utterance, then the accuracy, then the confusions."""
    width = max(map(len, INTENTS))
    lines = [
        f"{'ok   ' if r.correct else 'WRONG'} {r.intent:{width}} {r.score:.2f}  {r.tool or '–':18}  {r.utterance}"
        for r in results
    ]
    correct = sum(result.correct for result in results)
    lines += ["", f"correct: {correct} of {len(results)} ({accuracy(results):.1%})"]
    return lines + [f"  {expected} mistaken for {found}: {count}" for expected, found, count in confusions(results)]
