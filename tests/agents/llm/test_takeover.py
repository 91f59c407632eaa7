"""When the model server fails in the middle of a talk, the scripted agent goes on with the same tools and state."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from banker.agents.llm import LlmAgent
from banker.agents.tenant_agents import TenantAgent, build_tenant_agents
from banker.cli.conversation_tests.player import TurnOutcome, play
from banker.cli.conversation_tests.talk_files import Talk, TalkTurn
from banker.config.agent import AgentSettings
from banker.config.loading import load
from banker.config.settings import Config
from banker.tools.toolbox import Toolbox
from examples.bank.tools import install
from tests.model_server import ModelRequestHandler, ModelServer, Script, call, calls, says
from tests.servers import ROOT

FIFTY, FIFTEEN = (
    calls(call("transfer_money", {"amount": amount, "from_account": "acc-789", "to_account": "acc-790"}))
    for amount in ("50", "15")
)


def is_down(handler: ModelRequestHandler) -> None:
    handler.body("{}", 500)


@dataclass
class DemoBank:
    """The demo bank, whose banker asks a model server and falls back on the scripted agent."""

    config: Config
    toolbox: Toolbox
    scripted: TenantAgent
    server: ModelServer

    def play(self, *turns: str, scripts: list[Script]) -> list[TurnOutcome]:
        """Return what each turn led to. The server answers each request with the next script."""
        self.server.scripts = scripts
        settings = AgentSettings(kind="llm", base_url=self.server.base_url, model="test-1")
        agent = replace(self.scripted, agent=LlmAgent(settings, self.scripted.agent))
        tenant = replace(self.config.tenants["demo"], agent=settings)
        talk = Talk("taken over", tuple(TalkTurn(turn) for turn in turns))
        played = asyncio.run(play(talk, self.config, self.toolbox, tenant, "demo-customer", agent))
        return [outcome for _, outcome in played]


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Toolbox, TenantAgent]:
    config, toolbox = load(ROOT / "config", {"BANKER_DEMO": "1"}), Toolbox()
    install(toolbox, tmp_path_factory.mktemp("bank") / "bank.sqlite3", tenant_id="demo")
    return config, toolbox, build_tenant_agents(config, toolbox)["demo"]


@pytest.fixture
def bank(scripted: tuple[Config, Toolbox, TenantAgent], model_server: ModelServer) -> DemoBank:
    return DemoBank(*scripted, model_server)


def test_a_form_is_filled_while_the_server_is_down(bank: DemoBank) -> None:
    asked, proposed, corrected, done = bank.play(
        "I want to transfer money to my savings", "50 dollars", "no, 15 not 50", "yes", scripts=[is_down]
    )
    assert "How much" in asked.shown and asked.asks == ""
    assert "$50.00" in proposed.shown and proposed.asks == "transfer_money"
    assert "$15.00" in corrected.shown and corrected.asks == "transfer_money"
    (transfer,) = done.calls
    assert (transfer.arguments["amount"], transfer.arguments["to_account"]) == ("15", "acc-790")


def test_what_the_model_asked_about_is_corrected_and_confirmed_after_it_has_died(bank: DemoBank) -> None:
    proposed, corrected, done = bank.play("move fifty to savings", "no, 15 not 50", "yes", scripts=[FIFTY, is_down])
    assert "$50.00" in proposed.shown and proposed.asks == "transfer_money"
    assert "$15.00" in corrected.shown and corrected.asks == "transfer_money"
    assert [(one.tool, one.arguments["amount"], one.status) for one in done.calls] == [("transfer_money", "15", "ok")]
    assert "15.00" in done.shown


def test_a_claim_of_the_model_leaves_its_own_question_open(bank: DemoBank) -> None:
    _, claimed, done = bank.play(
        "move fifty to savings", "have you done it?", "yes", scripts=[FIFTY, says("I've moved it already."), is_down]
    )
    assert "moved it" not in claimed.shown and claimed.asks == "transfer_money" and claimed.calls == ()
    assert [one.status for one in done.calls] == ["ok"]


def test_the_model_is_told_what_is_open_and_corrects_it_itself(bank: DemoBank) -> None:
    _, corrected, done = bank.play(
        "move fifty to savings", "no, 15 not 50", "yes", scripts=[FIFTY, FIFTEEN, says("That went to your savings.")]
    )
    assert "$15.00" in corrected.shown and corrected.asks == "transfer_money"
    assert [one.arguments["amount"] for one in done.calls] == ["15"]
    system = bank.server.requests[1]["messages"][0]["content"]
    assert "has been asked to confirm transfer_money" in system and '"amount": "50"' in system
