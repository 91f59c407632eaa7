"""How many held-out utterances the demo bank's agent takes right, and how many lead to a tool that was not asked for.

Nobody learns from bench/lists, and no threshold was chosen by the lists `unseen-*`.
"""

from collections.abc import Iterator

from bench import safety
from bench.demo_agent import LISTS, evaluate_list, shares
from bench.figure import Figure
from bench.progress import progress


def figures(quick: bool) -> Iterator[Figure]:
    """Each list of bench/lists; the traps hold attacks, denials and words of a bank that mean something else."""
    about_safety = sorted(LISTS.glob("safety*.tsv"))
    for path in about_safety:
        yield from safety.figures(path)
    for path in sorted(set(LISTS.glob("*.tsv")) - set(about_safety)):
        progress(path.name)
        findings = evaluate_list(path, 40 if quick else None)
        right, beside = shares(findings)
        yield Figure(f"right, {path.stem} ({len(findings)} lines)", right, beside)
