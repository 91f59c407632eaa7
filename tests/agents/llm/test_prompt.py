"""The messages that the model gets."""

from collections.abc import Sequence
from dataclasses import replace

from banker.agents.knowledge import Finding, Passage
from tests.agents.llm.world import World
from tests.model_server import says


def test_the_prompt_holds_the_banks_instructions_the_rules_the_page_and_the_date(world: World) -> None:
    context = world.context()
    tenant = replace(
        context.tenant, agent=replace(context.tenant.agent, prompt="You speak for Demo Bank, open until six.")
    )
    world.ask(replace(context, tenant=tenant))
    request = world.server.requests[0]
    system, user = request["messages"]
    assert system["content"].startswith("You speak for Demo Bank, open until six.")
    for part in ("stand above everything", "Friday, 15 January 2027", '{"route": "/account", "account_id": "acc-789"}'):
        assert part in system["content"]
    assert user == {"role": "user", "content": "What is my balance?"}
    assert request["path"] == "/v1/chat/completions"
    assert request["headers"]["Authorization"] == "Bearer key-1"
    assert (request["model"], request["stream"], request["max_tokens"]) == ("test-1", True, 500)
    assert "temperature" not in request
    assert request["tools"][0]["function"]["parameters"]["required"] == ["account_id"]


def test_earlier_turns_alternate_and_interruptions_are_marked(world: World) -> None:
    turns = [
        {"turn": 1, "role": "banker", "text": "Welcome!"},
        {"turn": 2, "role": "user", "text": "Hi."},
        {"turn": 3, "role": "banker", "text": "How can I", "interrupted": True},
        {"turn": 4, "role": "user", "text": "Wait."},
        {"turn": 5, "role": "user", "text": "My balance?"},
    ]
    world.ask(world.context("My balance?", turns=turns))
    assert [(m["role"], m["content"]) for m in world.server.requests[0]["messages"][1:]] == [
        ("user", "Hi."),
        ("assistant", "How can I [the user interrupted here]"),
        ("user", "Wait.\nMy balance?"),
    ]


def test_old_turns_are_left_out_but_never_this_one(world: World) -> None:
    roles = ("user", "banker")
    long = [{"turn": n, "role": roles[n % 2], "text": f"{n} " + "x" * 1000} for n in range(20)]
    many = [{"turn": n, "role": roles[n % 2], "text": f"{n}"} for n in range(80)]
    said = "y" * 2000
    for turns in (long, many):
        world.ask(world.context(said, turns=[*turns, {"turn": 99, "role": "user", "text": said}]))
        messages = world.server.requests[-1]["messages"][1:]
        assert messages[0]["role"] == "user" and messages[-1] == {"role": "user", "content": said}
        assert len(messages) <= 31 and sum(len(m["content"]) for m in messages) <= 10_100
        assert messages[-2]["content"].startswith(turns[-1]["text"][:2])


def test_without_tools_the_request_names_none(world: World) -> None:
    world.server.scripts = [says("Hello.")]
    world.ask(world.context(tools=[]))
    assert "tools" not in world.server.requests[0]


def test_passages_of_the_banks_pages_are_in_the_prompt_and_the_answer_is_linked(world: World) -> None:
    fees = Passage("fees", "What a transfer costs", "A wire costs $20.", "/help/transfers#fees")
    times = Passage("times", "How long it takes", "A wire takes a day.")

    async def look_up(question: str, offered: Sequence[str] = (), about: str = "") -> Finding:
        assert question == "What is a wire?"
        return Finding(fees, nearest=(fees, times))

    context = replace(world.context("What is a wire?"), look_up=look_up)
    world.ask(context)
    system = world.server.requests[0]["messages"][0]["content"]
    assert "What a transfer costs: A wire costs $20.\nHow long it takes: A wire takes a day." in system
    assert context.links == [{"text": "What a transfer costs", "url": "/help/transfers#fees"}]
