"""The agents of a process share what is large, and one takes over the other's conversation."""

import threading
from dataclasses import replace

from banker.agents.scripted.skills.loading import load_understanding
from banker.agents.tenant_agents import build_tenant_agents
from banker.config.loading import load
from banker.config.settings import Config
from tests.agents.scripted.talk import Conversation, bank

TOOLS = ("get_account_status", "transfer_money", "freeze_card", "create_ticket")
UNREACHABLE = "http://127.0.0.1:9/v1"


def config(kind: str) -> Config:
    demo = load(environ={"BANKER_DEMO": "1"})
    tenant = next(iter(demo.tenants.values()))
    agent = replace(tenant.agent, kind=kind, base_url=UNREACHABLE, model="any") if kind == "llm" else tenant.agent
    tenant = replace(tenant, agent=agent, config=replace(tenant.config, allowed_tools=TOOLS))
    return replace(demo, tenants={"demo": tenant, "other": replace(tenant, tenant_id="other")})


def test_two_services_in_a_process_share_the_model_and_its_thread() -> None:
    agents = [agent for _ in range(2) for agent in build_tenant_agents(config("scripted"), bank()).values()]
    for tenant_agent in agents:
        talk = Conversation(allowed=TOOLS)
        talk.agent = tenant_agent.agent  # type: ignore[assignment]
        assert "$1,234.56" in talk.say("what is the balance of my checking account?")
    specs = bank().specs(TOOLS)
    assert load_understanding(None, specs).model is load_understanding(None, specs).model
    assert sum(thread.name.startswith("banker-understanding") for thread in threading.enumerate()) == 1


def test_without_its_server_the_llm_agent_goes_on_as_the_scripted_one() -> None:
    talk = Conversation(allowed=TOOLS)
    talk.agent = build_tenant_agents(config("llm"), bank())["demo"].agent  # type: ignore[assignment]
    assert "Which account should it go to" in talk.say("I want to transfer 50 dollars from my checking account")
    assert "Shall I transfer 50.00 USD from Everyday Checking to Rainy Day Savings?" in talk.say("to savings")
    assert "Done. Your transfer has the number 17." in talk.say("yes")
