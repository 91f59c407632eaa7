"""Secrets that a user says or a tool returns reach neither the agent nor the store, the trail or the client."""

import asyncio
import json
from typing import Any

from banker.tools.base import Caller
from tests.conversation.harness import FastTransport, Harness, ScriptedAgent
from tests.conversation.scenario import Scenario, run

CARD = "4111 1111 1111 1111"


def test_a_typed_card_number_reaches_nothing_and_the_rest_is_answered() -> None:
    async def story() -> None:
        agent = ScriptedAgent()
        harness = Harness(agent)
        client = await harness.connect(FastTransport())
        await client.next(0)
        said = await client.says(f"my card {CARD} was declined, why?")
        assert said == (harness.tenant.safety.secret + " You said my card [card number removed] was declined, why?.")
        everything = json.dumps(
            [client.transport.events, harness.turns, [vars(e) for e in harness.entries]], default=str
        )
        assert "1111" not in everything
        assert [c.user_text for c in agent.contexts] == ["my card [card number removed] was declined, why?"]
        assert "1111" not in str(agent.contexts)
        await harness.close()

    asyncio.run(story())


def test_a_secret_alone_is_not_for_the_agent_and_leaves_a_question_open() -> None:
    async def story() -> None:
        agent = ScriptedAgent(ticket=[("create_ticket", {"subject": "Lost card"})])
        harness = Harness(agent)
        client = await harness.connect(FastTransport())
        await client.next(0)
        await client.says("ticket")
        await client.question()
        assert await client.says("my pin is 1234") == harness.tenant.safety.secret
        await client.says("yes")
        assert harness.bank.tickets == [("user-1", "Lost card")]
        await harness.close()

    asyncio.run(story())


def test_an_interim_transcript_shows_no_secret() -> None:
    async def story() -> None:
        async with Scenario() as scenario:
            await scenario.say(f"the number is {CARD} on my card")
            await scenario.agent_finished()
            events = scenario.transport.events
            assert any(event.get("role") == "user" and not event["final"] for event in events)
            assert "1111 1111" not in json.dumps(events)
            assert scenario.turns_of("user") == ["the number is [card number removed] on my card"]

    run(story())


def test_a_tools_result_and_its_arguments_lose_their_secrets() -> None:
    async def story() -> None:
        given: list[str] = []
        agent = ScriptedAgent(card=[("get_card", {"note": f"card {CARD}"})])
        harness = Harness(agent, allowed=["get_card"])
        toolbox = harness._tenant_agent.toolbox

        @toolbox.tool
        def get_card(caller: Caller, note: str) -> dict[str, Any]:
            given.append(note)
            return {"card_number": CARD, "pin": "1234", "account": "acc-789"}

        client = await harness.connect(FastTransport())
        await client.next(0)
        said = await client.says("card")
        assert "[card number removed]" in said and "[PIN removed]" in said and "acc-789" in said
        assert given == ["card [card number removed]"]
        assert "1111" not in json.dumps([client.transport.events, harness.turns])
        await harness.close()

    asyncio.run(story())
