"""Every attack comes to what docs/security.md says, the victim notices nothing, and the log keeps every secret."""

from collections.abc import Iterator

import pytest

from tests.attacks.table import ATTACKS, PAGE, rows
from tests.attacks.target import Attack, Target
from tests.servers import RedisServer


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[Target]:
    target = Target(tmp_path_factory.mktemp("target"), redis_server)
    yield target
    target.close()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.sent} to {attack.to}"[:80])
def test_an_attack_comes_to_nothing(target: Target, attack: Attack) -> None:
    assert attack.run(target) == attack.outcome


def test_the_victim_has_noticed_nothing(target: Target) -> None:
    target.victim.connect()
    target.victim.refresh()
    assert "Traceback" not in target.server.log
    for token in (*target.tokens().values(), target.victim.token):
        assert not token or token.rpartition(".")[2] not in target.server.log


def test_the_documentation_lists_every_attack_and_what_came_of_it() -> None:
    """Write it anew with `python -m tests.attacks.table`."""
    page = PAGE.read_text(encoding="utf-8")
    assert page.endswith("\n".join(rows()) + "\n")
    assert len(ATTACKS) >= 100
    cells = [cell for line in page.splitlines() if line.startswith("| ") for cell in line.split(" | ")]
    assert max(map(len, cells)) <= 110, "a cell of three lines"
