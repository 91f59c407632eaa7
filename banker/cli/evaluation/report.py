"""Reports the agent's accuracy, confusions and unrequested tools on labelled utterances."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from banker.agents.base import TICKET_TOOL
from banker.agents.scripted.skills.skill_files import Skill
from banker.cli.evaluation.first_turn import FirstTurn
from banker.cli.evaluation.labelled import Labelled


@dataclass(frozen=True)
class EvaluatedUtterance:
    """An utterance with its label and what the agent did."""

    labelled: Labelled
    turn: FirstTurn

    @property
    def labels(self) -> list[str]:
        """The correct labels."""
        return self.labelled.label.split("|")

    @property
    def correct(self) -> bool:
        """Whether the skill or topic found, or one of those offered, is one of the labels."""
        return not {self.turn.found, *self.turn.offered}.isdisjoint(self.labels)

    @property
    def served_at_once(self) -> bool:
        """Whether it is correct without a clarifying question."""
        return self.correct and not self.turn.offered

    def unasked_tools(self, skills: Mapping[str, Skill]) -> list[str]:
        """Return the tools that no skill among the labels uses. The right safety topic may offer a ticket."""
        asked = {skills[label].tool for label in self.labels if label in skills}
        if self.correct and self.turn.found not in skills:
            asked.add(TICKET_TOOL)
        return [tool for tool in self.turn.tools if tool not in asked]


def evaluate(rows: Iterable[Labelled], play: Callable[[str], FirstTurn]) -> list[EvaluatedUtterance]:
    """Play each utterance, and return the findings."""
    return [EvaluatedUtterance(row, play(row.utterance)) for row in rows]


def as_json(findings: Iterable[EvaluatedUtterance]) -> list[dict[str, Any]]:
    """Return the findings as JSON data. `tool` is the most urgent one, or None where the agent answers or asks back."""
    return [
        {
            "utterance": finding.labelled.utterance,
            "label": finding.labelled.label,
            "found": finding.turn.found,
            "score": round(finding.turn.score, 4),
            "tool": finding.turn.tools[0] if finding.turn.tools else None,
            "offered": list(finding.turn.offered),
        }
        for finding in findings
    ]


def report(findings: Sequence[EvaluatedUtterance], skills: Mapping[str, Skill]) -> list[str]:
    """Return lines of text: each utterance, the accuracy, the confusions, and the tools that were not asked for."""
    width = max(len(_found(finding)) for finding in findings)
    lines = [
        f"{'ok   ' if f.correct else 'WRONG'} {_found(f):{width}} {f.turn.score:.2f}  "
        f"{', '.join(f.turn.tools) or '–':20}  {f.labelled.utterance}"
        for f in findings
    ]
    correct = sum(finding.correct for finding in findings)
    at_once = sum(finding.served_at_once for finding in findings)
    confused = Counter((f.labelled.label, _found(f)) for f in findings if not f.correct)
    unasked = [(tool, f.labelled.utterance) for f in findings for tool in f.unasked_tools(skills)]
    return [
        *lines,
        "",
        f"correct: {correct} of {len(findings)} ({correct / len(findings):.1%}), {at_once} of them without a question",
        *(f"  {label} mistaken for {found}: {count}" for (label, found), count in confused.most_common()),
        f"unasked tools: {len(unasked)} ({len(unasked) / len(findings):.1%})",
        *(f"  {tool}: {utterance}" for tool, utterance in unasked),
    ]


def _found(finding: EvaluatedUtterance) -> str:
    return " or ".join(finding.turn.offered) + "?" if finding.turn.offered else finding.turn.found
