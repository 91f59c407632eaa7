"""docs/monitoring.md lists every metric, every alert and every cause of a refusal, and no other."""

import re

from banker.server.metrics import CAUSES, STAGES, Metrics
from tests.servers import ROOT

PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")


def first_cells(chapter: str) -> set[str]:
    """What stands in backquotes in the first column of a chapter's tables."""
    text = PAGE.split(f"\n## {chapter}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_every_metric_and_every_cause_of_a_refusal_is_documented() -> None:
    exposed = Metrics(True).exposition()[0].decode()
    names = {name for name in re.findall(r"^# TYPE (\w+)", exposed, re.MULTILINE) if not name.endswith("_created")}
    assert first_cells("Figures") - {"cause"} == names | set(CAUSES)


def test_every_stage_of_a_reply_is_documented() -> None:
    assert first_cells("Where the time goes") - {"stage"} == set(STAGES)


def test_every_alert_is_documented() -> None:
    alerts = (ROOT / "examples" / "monitoring" / "alerts.yml").read_text(encoding="utf-8")
    assert first_cells("Alerts") == set(re.findall(r"- alert: (\w+)", alerts))
