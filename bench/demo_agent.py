"""First turns with the demo bank's agent, its tools, pages and safety topics, as `flask banker evaluate` plays them."""

import functools
from pathlib import Path

from banker.cli.evaluation.first_turn import FirstTurns
from banker.cli.evaluation.labelled import read_labelled
from banker.cli.evaluation.report import EvaluatedUtterance, evaluate
from banker.config.loading import load
from banker.tools.toolbox import Toolbox
from examples.bank import install

CONFIG = Path(__file__).parents[1] / "config"
LISTS = Path(__file__).with_name("lists")


@functools.cache
def demo_turns() -> FirstTurns:
    """Load the agent, once. The bank's database is never opened, because no tool runs."""
    config = load(CONFIG, environ={"BANKER_DEMO": "1"})
    toolbox = Toolbox()
    install(toolbox, "unused.sqlite3", tenant_id="demo")
    return FirstTurns(config, config.tenants["demo"], toolbox)


def evaluate_list(path: Path, at_most: int | None = None) -> list[EvaluatedUtterance]:
    """Return what the demo bank's agent makes of a list of labelled utterances."""
    return evaluate(read_labelled(path.read_bytes(), path.name)[:at_most], demo_turns().play)


def shares(findings: list[EvaluatedUtterance]) -> tuple[str, str]:
    """Return the share of right ones, and what to know beside it."""
    skills = demo_turns().skills
    unasked = sum(bool(finding.unasked_tools(skills)) for finding in findings)
    at_once = sum(finding.served_at_once for finding in findings) / len(findings)
    right = sum(finding.correct for finding in findings) / len(findings)
    return f"{right:.1%}", f"{unasked} to a tool unasked; {at_once:.1%} right without a question back"
