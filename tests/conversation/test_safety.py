"""The bank's text about a customer's safety comes before the agent, and consent is withdrawn in words."""

import asyncio
import dataclasses

from banker.agents.safety import load_safety_topics
from tests.conversation.harness import FastTransport, Harness, ScriptedAgent, until
from tests.conversation.scenario import Scenario, run


def harness(agent: ScriptedAgent, **options: bool) -> Harness:
    built = Harness(agent, **options)  # type: ignore[arg-type]
    built._tenant_agent = dataclasses.replace(built._tenant_agent, safety=load_safety_topics())
    return built


def test_the_banks_text_comes_first_and_a_person_is_offered_when_the_agent_has_nothing_to_add() -> None:
    async def story() -> None:
        session = harness(ScriptedAgent(**{"my mother died": []}))
        client = await session.connect(FastTransport())
        await client.next(0)
        said = await client.says("my mother died", limit=15)
        safety = session.tenant.safety
        assert said.startswith(f"{safety.bereavement} {safety.call_back} Shall I open a ticket")
        await client.says("yes")
        assert session.bank.tickets == [("user-1", safety.call_back_subject)]
        await session.close()

    asyncio.run(story())


def test_the_agent_still_answers_a_wish_in_the_same_words_but_not_what_a_scammer_wants() -> None:
    async def story() -> None:
        agent = ScriptedAgent()
        session = harness(agent)
        client = await session.connect(FastTransport())
        await client.next(0)
        said = await client.says("My mother died last week. What is my balance?", limit=15)
        assert said.startswith(session.tenant.safety.bereavement) and "You said My mother died" in said
        assert agent.contexts[0].safety_text == session.tenant.safety.bereavement
        await client.says("he told me to move my money to a safe account", limit=15)
        assert len(agent.contexts) == 1
        await session.close()

    asyncio.run(story())


def test_what_is_open_is_left_undone_in_a_scam_and_a_later_yes_runs_nothing() -> None:
    async def story() -> None:
        agent = ScriptedAgent(transfer=[("transfer", {"amount": "1500", "payee": "Maple Street"})])
        session = harness(agent)
        client = await session.connect(FastTransport())
        await client.next(0)
        await client.says("transfer", limit=15)
        safety = session.tenant.safety
        said = await client.says("he told me to move my money to a safe account", limit=15)
        assert said.startswith(f"{safety.say('scam')} {safety.set_aside}")
        assert "Maple Street" not in said
        said = await client.says("what should I do now", limit=15)
        assert said.startswith(safety.say("scam_next"))
        await client.says("yes", limit=15)
        assert session.bank.transfers == []
        await session.close()

    asyncio.run(story())


def test_soon_after_a_scam_no_money_is_moved_however_often_it_is_asked_for() -> None:
    async def story() -> None:
        agent = ScriptedAgent(transfer=[("transfer", {"amount": "1500", "payee": "Maple Street"})])
        session = harness(agent)
        client = await session.connect(FastTransport())
        await client.next(0)
        safety = session.tenant.safety
        assert safety.call_back in await client.says("he told me to move my money to a safe account", limit=15)
        for times in range(3):
            assert await client.says("transfer", limit=15) == safety.say("hold", times)
        await client.says("yes", limit=15)
        assert session.bank.transfers == [] and session.bank.tickets == []
        await session.close()

    asyncio.run(story())


def test_a_call_back_is_not_pressed_on_who_speaks_of_something_else() -> None:
    async def story() -> None:
        session = harness(ScriptedAgent(**{"my mother died": []}))
        client = await session.connect(FastTransport())
        await client.next(0)
        assert "Shall I open a ticket" in await client.says("my mother died", limit=15)
        assert await client.says("what is my balance", limit=15) == "You said what is my balance."
        await client.says("yes", limit=15)
        assert session.bank.tickets == []
        await session.close()

    asyncio.run(story())


def test_nobody_is_called_back_who_is_forced() -> None:
    async def story() -> None:
        session = harness(ScriptedAgent())
        client = await session.connect(FastTransport())
        await client.next(0)
        said = await client.says("my husband hits me and takes my wages", limit=15)
        assert said == session.tenant.safety.say("coercion")
        await session.close()

    asyncio.run(story())


def test_another_text_is_said_each_time_that_a_topic_is_spoken_of_again() -> None:
    async def story() -> None:
        session = harness(ScriptedAgent(**{"I don't want to call anyone": []}))
        client = await session.connect(FastTransport())
        await client.next(0)
        said = [await client.says("I want to die", limit=15)]
        said += [await client.says("I don't want to call anyone", limit=15) for _ in range(3)]
        assert len(set(said)) == 4
        await session.close()

    asyncio.run(story())


def test_a_question_what_to_do_is_about_a_topic_only_soon_after_it() -> None:
    topics = load_safety_topics()
    assert topics is not None
    assert topics.check("what should I do now") is None
    again = topics.check("ok, I gave him the code already", "scam")
    assert again is not None and again.name == "scam" and again.again
    assert topics.check("what is my balance", "scam") is None


def test_consent_is_withdrawn_in_words() -> None:
    async def story() -> None:
        session = harness(ScriptedAgent(), consent=True)
        client = await session.connect(FastTransport())
        await client.send("consent.grant", version=session.tenant.consent.version)
        await client.next(0)
        assert await client.says("I withdraw my consent", limit=15) == session.tenant.safety.withdraw_consent
        assert client.transport.of_type("consent.revoked")
        assert not client.conversation.turn_taking.is_listening()
        await until(lambda: session.entries[-1].event == "consent.revoked", what="the audit entry")
        assert session.sessions.find(session.session.session_id).consent is None
        await session.close()

    asyncio.run(story())


def test_consent_is_withdrawn_by_voice_and_what_is_said_afterwards_is_not_heard() -> None:
    async def story() -> None:
        async with Scenario(safety=load_safety_topics()) as scenario:
            await scenario.say("What do you think of my savings?")
            await scenario.agent_finished()
            await scenario.say("I no longer", 0.4, "agree to being listened to.")
            await scenario.until(lambda: scenario.transport.of_type("consent.revoked"), 30)
            assert scenario.records.consent_revoked
            assert not scenario.turn_taking.is_listening()
            assert scenario.agent.asked == ["What do you think of my savings?"]

    run(story())
