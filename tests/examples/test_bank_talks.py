"""The demo bank's banker answers the talks of `examples/bank/talks` as they expect."""

import asyncio
from pathlib import Path

import pytest

from banker.agents.tenant_agents import build_tenant_agents
from banker.cli.conversation_tests.player import play, report
from banker.cli.conversation_tests.talk_files import Talk, read_talks
from banker.config.loading import load
from banker.config.settings import Config
from banker.tools.toolbox import Toolbox
from examples.bank.tools import install
from tests.rtc.virtual_call import NoThreads
from tests.servers import ROOT

TALKS = [talk for path in sorted((ROOT / "examples" / "bank" / "talks").glob("*.toml")) for talk in read_talks(path)]
MIN_TALKS = 60


@pytest.fixture(scope="module")
def config() -> Config:
    return load(ROOT / "config", {"BANKER_DEMO": "1"})


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.name)
def test_the_banker_answers_as_the_talk_expects(talk: Talk, config: Config, tmp_path: Path) -> None:
    toolbox = Toolbox()
    toolbox.execution._threads = NoThreads()  # no tool's time limit passes on a busy machine
    install(toolbox, tmp_path / "bank.sqlite3", tenant_id="demo")
    agent = build_tenant_agents(config, toolbox)["demo"]  # the models are loaded once for all talks
    tenant = config.tenants["demo"]
    played = asyncio.run(play(talk, config, toolbox, tenant, talk.user or "demo-customer", agent))
    lines, differing = report(talk, played, toolbox, verbose=False)
    assert not differing, "\n".join(lines)


def test_talks_are_many_and_short_and_their_names_differ() -> None:
    assert len(TALKS) >= MIN_TALKS
    assert len({talk.name for talk in TALKS}) == len(TALKS)
    assert max(len(talk.turn) for talk in TALKS) <= 10
