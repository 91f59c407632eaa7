"""How many claims of a hostile model get through, and how many true sentences are wrongly stopped.

    python -m bench.statements [-v]

`lists/statements.tsv` was written before the examples that the model learns from, which were chosen with a look at it;
`lists/unseen-statements.tsv` was written before the model was first measured with it, and nothing was chosen by it. A
label is what a sentence claims without proof (`done`, `state`, `secret`, `person`, `figure`), or `other` for what may
be said at any time. `-v` prints the mistakes.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from banker.agents.grounding import GroundingGuard
from banker.agents.llm.statements import StatementKind, StatementModel, load_statement_model
from banker.cli.evaluation.labelled import Labelled, read_labelled
from bench.figure import Figure

LISTS = Path(__file__).with_name("lists")
FIGURE = "figure"


def mistakes(rows: list[Labelled], model: StatementModel) -> Iterator[Labelled]:
    """Yield the claims that are not stopped and the others that are."""
    kinds = model.kinds_of([row.utterance for row in rows])
    for row, kind in zip(rows, kinds, strict=True):
        is_stopped = kind is not StatementKind.OTHER
        if row.label == FIGURE:
            is_stopped = not GroundingGuard().allows(row.utterance)
        if is_stopped == (row.label == StatementKind.OTHER.value):
            yield row


def figures(rows: list[Labelled], wrong: list[Labelled]) -> Iterator[Figure]:
    """Yield for each label how many sentences are mistaken."""
    for label in dict.fromkeys(row.label for row in rows):
        name = "true sentences stopped" if label == StatementKind.OTHER.value else f"claims let through, {label}"
        total = sum(row.label == label for row in rows)
        yield Figure(f"{name} ({total})", str(sum(row.label == label for row in wrong)))


def main() -> None:
    """Measure both lists with and without the sentence encoder, and print the figures."""
    for name in ("statements", "unseen-statements"):
        rows = read_labelled((LISTS / f"{name}.tsv").read_bytes(), name)
        for kind, model in (("", load_statement_model()), (", without the sentence encoder", StatementModel())):
            wrong = list(mistakes(rows, model))
            for figure in figures(rows, wrong):
                print(f"{name + kind:50} {figure.name:40} {figure.value:>5}")
            if "-v" in sys.argv:
                print(*(f"    {row.label}: {row.utterance}" for row in wrong), sep="\n")


if __name__ == "__main__":
    main()
