"""How many held-out ways of asking land on the right intent, and whether any leads to a tool that was not asked for.

The lists `unseen-*` were written before the examples and thresholds, none of which was chosen by them.
"""

from collections.abc import Iterator
from pathlib import Path

from banker.agents.registry import train_recogniser
from banker.cli import intent_evaluation
from bench import safety

LISTS = Path(__file__).with_name("lists")
TOOLS = ["get_account_status", "create_ticket"]


def figures(quick: bool) -> Iterator[tuple[str, str, str]]:
    """Each list of bench/lists; the traps (attacks, denials, bank words elsewhere) apart from the others."""
    recognise = train_recogniser(None)
    yield from safety.figures(LISTS / "safety.tsv")
    for path in sorted(set(LISTS.glob("*.tsv")) - {LISTS / "safety.tsv"}):
        findings = intent_evaluation.evaluate(
            intent_evaluation.read_cases(path.read_bytes(), path.name), recognise, TOOLS
        )
        allowed = {"get_account_status": {"account_status"}, "create_ticket": {"lost_card", "open_ticket", "human"}}
        strayed = sum(f.tool is not None and not allowed[f.tool] & set(f.expected.split("|")) for f in findings)
        share = intent_evaluation.accuracy(findings)
        yield f"intents right, {path.stem} ({len(findings)} lines)", f"{share:.1%}", f"{strayed} to a wrong tool"
