"""How a bank tunes what its banker understands: a list of utterances with their right intents, and a report on it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from banker.agents.scripted.intents import INTENTS, Recognised, tool_for

HEADER = "intent\tutterance"


@dataclass(frozen=True)
class Case:
    """One line of a list: `expected` is one intent or more, joined by `|`."""

    expected: str
    utterance: str


@dataclass(frozen=True)
class Finding:
    """What an utterance was taken for, and the tool that this leads to."""

    utterance: str
    expected: str
    intent: str
    score: float
    tool: str | None

    @property
    def right(self) -> bool:
        """Whether the intent is one of the expected ones."""
        return self.intent in self.expected.split("|")


def read_cases(data: bytes, name: str) -> list[Case]:
    """The cases of a file's content. Raises `ValueError` with one line that names the file, the line and the mend."""
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
        raise ValueError(f"{name}: holds no utterance; add lines of intent<TAB>utterance")
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


def judge(
    cases: Iterable[Case], recognise: Callable[[str], Recognised], allowed_tools: Collection[str]
) -> list[Finding]:
    """What each case is taken for by a recogniser, for a tenant that allows `allowed_tools`."""
    recognised = ((case, recognise(case.utterance)) for case in cases)
    return [
        Finding(case.utterance, case.expected, found.intent, found.score, tool_for(found, allowed_tools))
        for case, found in recognised
    ]


def as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The findings as JSON data."""
    return [
        {
            "utterance": f.utterance,
            "expected": f.expected,
            "intent": f.intent,
            "score": round(f.score, 4),
            "tool": f.tool,
        }
        for f in findings
    ]


def share_right(findings: Sequence[Finding]) -> float:
    """The share of right findings, 0 to 1."""
    return sum(finding.right for finding in findings) / len(findings)


def confusions(findings: Iterable[Finding]) -> list[tuple[str, str, int]]:
    """Expected, found, how often; the most frequent first."""
    counted = Counter((finding.expected, finding.intent) for finding in findings if not finding.right)
    return [(expected, found, times) for (expected, found), times in counted.most_common()]


def report(findings: Sequence[Finding]) -> list[str]:
    """The findings as lines of text: each utterance, then the share that is right, then the confusions."""
    width = max(map(len, INTENTS))
    lines = [
        f"{'ok   ' if f.right else 'WRONG'} {f.intent:{width}} {f.score:.2f}  {f.tool or '–':18}  {f.utterance}"
        for f in findings
    ]
    right = sum(finding.right for finding in findings)
    lines += ["", f"right: {right} of {len(findings)} ({share_right(findings):.1%})"]
    return lines + [f"  {expected} taken for {found}: {times}" for expected, found, times in confusions(findings)]
