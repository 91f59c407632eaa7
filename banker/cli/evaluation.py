"""Evaluates what an agent understands against labelled utterances: accuracy, confusions and unasked tools."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from banker.agents.scripted.skills.decision import decide
from banker.agents.scripted.skills.model import Understood
from banker.agents.scripted.skills.skill_files import Skill

HEADER = "label\tutterance"


@dataclass(frozen=True)
class Labelled:
    """An utterance with its label: the name of a skill or `none`, or several joined by `|`."""

    label: str
    utterance: str


@dataclass(frozen=True)
class EvaluatedUtterance:
    """What an utterance was understood as."""

    utterance: str
    label: str
    found: str
    """The most likely skill, or `none`."""
    score: float
    """The probability of `found`, 0 to 1."""
    tool: str | None
    """The tool that the agent would call, or propose for a yes; None where it answers or asks what is meant."""

    @property
    def labels(self) -> list[str]:
        """The labels that are right."""
        return self.label.split("|")

    @property
    def correct(self) -> bool:
        """Whether what was found is one of the labels."""
        return self.found in self.labels


def read_labelled(data: bytes, name: str) -> list[Labelled]:
    """Parse a file's content. Raises `ValueError` with the file `name`, the line and the fix."""
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{name}: line {line}: is not UTF-8; save the file as UTF-8") from None
    lines = [line.removesuffix("\r") for line in lines]
    if lines[0] != HEADER:
        raise ValueError(f"{name}: line 1: the header must be label<TAB>utterance")
    rows = [_row(line, f"{name}: line {number}") for number, line in enumerate(lines[1:], 2) if line.strip()]
    if not rows:
        raise ValueError(f"{name}: has no utterances; add lines of label<TAB>utterance")
    return rows


def _row(line: str, where: str) -> Labelled:
    label, tab, utterance = line.partition("\t")
    if not tab:
        raise ValueError(f"{where}: has no tab between label and utterance")
    if not label.strip() or not utterance.strip():
        raise ValueError(f"{where}: the {'utterance' if label.strip() else 'label'} is missing")
    return Labelled(label.strip(), utterance.strip())


def evaluate(
    rows: Iterable[Labelled],
    understand: Callable[[str], Understood],
    skills: Mapping[str, Skill],
    allowed_tools: Collection[str],
) -> list[EvaluatedUtterance]:
    """Return what `understand` makes of each utterance, for a tenant with these tools."""
    findings = []
    tools = {name: skill.tool for name, skill in skills.items()}
    for row in rows:
        understood = understand(row.utterance)
        found, score = understood.ranking[0]
        acted_on = decide(understood, tools).skill
        tool = tools[acted_on] if acted_on else None
        findings.append(
            EvaluatedUtterance(row.utterance, row.label, found, score, tool if tool in allowed_tools else None)
        )
    return findings


def unasked_tools(findings: Iterable[EvaluatedUtterance], skills: Mapping[str, Skill]) -> list[EvaluatedUtterance]:
    """Return the findings that lead to a tool which no skill among their labels uses."""
    return [
        finding
        for finding in findings
        if finding.tool is not None
        and finding.tool not in {skills[label].tool for label in finding.labels if label in skills}
    ]


def as_json(findings: Iterable[EvaluatedUtterance]) -> list[dict[str, Any]]:
    """Return the findings as JSON data."""
    return [{**asdict(finding), "score": round(finding.score, 4)} for finding in findings]


def report(findings: Sequence[EvaluatedUtterance], skills: Mapping[str, Skill]) -> list[str]:
    """Return lines of text: each utterance, the accuracy, the confusions, and the tools that were not asked for."""
    width = max(len(finding.found) for finding in findings)
    lines = [
        f"{'ok   ' if f.correct else 'WRONG'} {f.found:{width}} {f.score:.2f}  {f.tool or '–':20}  {f.utterance}"
        for f in findings
    ]
    correct = sum(finding.correct for finding in findings)
    confused = Counter((finding.label, finding.found) for finding in findings if not finding.correct)
    unasked = unasked_tools(findings, skills)
    return [
        *lines,
        "",
        f"correct: {correct} of {len(findings)} ({correct / len(findings):.1%})",
        *(f"  {label} mistaken for {found}: {count}" for (label, found), count in confused.most_common()),
        f"unasked tools: {len(unasked)} ({len(unasked) / len(findings):.1%})",
        *(f"  {finding.tool}: {finding.utterance}" for finding in unasked),
    ]
