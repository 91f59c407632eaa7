"""Writes the table of attacks into docs/security.md: `python -m tests.attacks.table`."""

from tests.attacks import conversation_attacks, http_attacks, websocket_attacks
from tests.servers import ROOT

ATTACKS = [*http_attacks.ATTACKS, *websocket_attacks.ATTACKS, *conversation_attacks.ATTACKS]
PAGE = ROOT / "docs" / "security.md"
HEAD = ["| sent | to | what came of it |", "| --- | --- | --- |"]


def rows() -> list[str]:
    """Return the table's lines."""
    return HEAD + [
        f"| {' | '.join(text.replace('|', chr(92) + '|') for text in (attack.sent, attack.to, attack.outcome))} |"
        for attack in ATTACKS
    ]


if __name__ == "__main__":
    before, _, _ = PAGE.read_text(encoding="utf-8").partition(HEAD[0])
    PAGE.write_text(before + "\n".join(rows()) + "\n", encoding="utf-8")
