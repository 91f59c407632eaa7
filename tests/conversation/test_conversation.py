"""A conversation: the order of turns, interruptions, the transcript, consent and reloads."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from banker.agents.base import TurnContext
from banker.errors import ApiError, unavailable
from tests.conversation.harness import Client, FastTransport, Harness, ScriptedAgent, run, until

LONG = "This is a long sentence of many words that takes a while to be said. And here is another one behind it."


def test_questions_are_answered_in_the_order_of_asking() -> None:
    harness = Harness(ScriptedAgent(one=[0.05, "First."], two=["Second."], three=["Third."]))

    async def story(user: Client) -> None:
        for text in ("one", "two", "three"):
            await user.type(text)
        await until(lambda: len(user.transport.said) == 4)
        finals = user.transport.of_type("transcript", final=True)
        assert [event["text"] for event in finals] == ["Welcome.", "one", "First.", "two", "Second.", "three", "Third."]
        assert [event["turn"] for event in finals] == list(range(1, 8))

    run(harness, story)
    assert [turn["turn"] for turn in harness.turns] == list(range(1, 8))


def test_an_answer_passes_the_states_thinking_speaking_and_listening() -> None:
    async def story(user: Client) -> None:
        before = len(user.transport.events)
        await user.says("hello")
        states = [event["state"] for event in user.transport.events[before:] if event["type"] == "state"]
        assert states == ["thinking", "speaking", "listening"]

    run(Harness(ScriptedAgent(hello=[0.02, "Hello."])), story, voice=True)


def test_a_typed_message_interrupts_the_agent_at_the_word_that_was_heard_last() -> None:
    harness = Harness(ScriptedAgent(story=[LONG]))

    async def story(user: Client) -> None:
        await user.type("story")
        await until(lambda: "words" in user.transport.partial)
        await user.type("next")
        await until(lambda: user.transport.said[-1:] == ["You said next."])
        cut = user.transport.of_type("transcript", role="banker", final=True)[1]
        assert cut["interrupted"] is True
        assert LONG.startswith(cut["text"])
        assert "words" in cut["text"]
        assert len(cut["text"]) < 60
        assert len(user.transport.spoken) == 3  # the greeting, what was cut off, the answer; never the second sentence

    run(harness, story, voice=True)
    assert [turn.get("interrupted", False) for turn in harness.turns] == [False, False, True, False, False]


def test_random_interruptions_repeat_nothing_and_lose_no_question() -> None:
    chance = random.Random(5)
    harness = Harness(ScriptedAgent(**{f"story {n}": [0.02, "One moment there. ", 0.03, LONG] for n in range(8)}))

    async def story(user: Client) -> None:
        for number in range(8):
            await user.type(f"story {number}")
            await asyncio.sleep(chance.uniform(0, 0.3))
            if number % 3 == 0:
                await user.send("speech.cancel")
            before = len(user.transport.said)
            await user.type(f"and {number}")
            await until(lambda n=number: user.transport.said[-1:] == [f"You said and {n}."])
            old = [text for text in user.transport.said[before:-1] if "You said" in text]
            assert old == []
        turns = [event["turn"] for event in user.transport.of_type("transcript", final=True)]
        assert turns == sorted(set(turns))

    run(harness, story, voice=True)
    typed = [turn["text"] for turn in harness.turns if turn["role"] == "user"]
    assert typed == [text for n in range(8) for text in (f"story {n}", f"and {n}")]


def test_a_reply_cancelled_before_its_first_word_is_not_recorded() -> None:
    harness = Harness(ScriptedAgent(story=[0.2, LONG]))

    async def story(user: Client) -> None:
        await user.type("story")
        await until(lambda: user.transport.state == "thinking")
        await asyncio.sleep(0.05)  # the agent is at work by then
        await user.send("speech.cancel")
        await until(lambda: user.transport.state == "listening", 0.1)
        await asyncio.sleep(0.3)

    run(harness, story, voice=True)
    assert [turn["text"] for turn in harness.turns] == ["Welcome.", "story"]


def test_the_stop_button_silences_the_agent_at_once() -> None:
    async def story(user: Client) -> None:
        await user.type("story")
        await until(lambda: "long" in user.transport.partial)
        await user.send("speech.cancel")
        await until(lambda: user.transport.state == "listening", 0.1)
        assert user.transport.of_type("transcript", final=True)[-1]["interrupted"] is True
        assert await user.says("hello") == "You said hello."

    run(Harness(ScriptedAgent(story=[LONG])), story, voice=True)


def test_a_voice_that_fails_shows_the_text() -> None:
    async def story(user: Client) -> None:
        user.transport.broken = True
        assert await user.says("story") == LONG
        assert "interrupted" not in user.transport.of_type("transcript", final=True)[-1]
        user.transport.broken = False
        assert await user.says("hello") == "You said hello."
        assert user.transport.spoken[-1] == "You said hello."

    run(Harness(ScriptedAgent(story=[LONG])), story, voice=True)


def test_a_lost_connection_ends_the_turn_at_what_was_heard() -> None:
    async def story(user: Client) -> None:
        await user.type("story")
        await until(lambda: "long" in user.transport.partial)
        user.transport.reachable = user.transport.audible = False
        user.transport.stop_speaking()
        await until(lambda: user.transport.state == "listening")
        assert user.transport.of_type("transcript", final=True)[-1]["interrupted"] is True
        assert len(user.transport.said[-1]) < len(LONG) / 2

    run(Harness(ScriptedAgent(story=[LONG])), story, voice=True)


# -- after a reload ----------------------------------------------------------------------------------------------------


def test_a_reload_restores_the_history_and_the_dialogue_state_without_a_second_greeting() -> None:
    harness = Harness(ScriptedAgent())

    async def story(user: Client) -> None:
        await user.says("one")
        again = await harness.connect(FastTransport())
        ready = again.transport.of_type("session.ready")[0]
        assert [turn["text"] for turn in ready["history"]] == ["Welcome.", "one", "You said one."]
        assert all(set(turn) <= {"turn", "role", "text", "interrupted"} for turn in ready["history"])
        assert await again.says("two") == "You said two."
        assert harness.agent.contexts[-1].dialogue_state == {"replies": 2}
        assert [turn["text"] for turn in harness.agent.contexts[-1].turns][-1] == "two"
        assert again.transport.of_type("transcript", final=True)[0]["turn"] == 4

    run(harness, story)


def test_a_reload_keeps_the_pace_that_the_user_asked_for() -> None:
    class Obliging(ScriptedAgent):
        async def reply(self, context: TurnContext) -> AsyncIterator[str]:
            yield "Slower." if context.adjust_voice("slower") else "No slower."

    async def story(user: Client) -> None:
        assert await user.says("slower") == "Slower."
        again = await harness.connect(FastTransport())
        assert again.transport.manner.rate == user.transport.manner.rate < 1

    harness = Harness(Obliging())
    run(harness, story)


def test_a_message_that_a_client_sends_again_is_one_turn_also_after_a_reload() -> None:
    harness = Harness(ScriptedAgent(one=[0.05, "First."]))

    async def story(user: Client) -> None:
        for _ in range(2):
            await user.send("message.send", text="one", message_id="a")
        assert await user.next(1) == "First."
        mine = user.transport.of_type("transcript", role="user", final=True)
        assert [(event["text"], event["message_id"]) for event in mine] == [("one", "a")]
        again = await harness.connect(FastTransport())
        ready = again.transport.of_type("session.ready")[0]
        assert [turn.get("message_id") for turn in ready["history"]] == [None, "a", None]
        await again.send("message.send", text="one", message_id="a")
        assert await again.says("two") == "You said two."

    run(harness, story)
    assert [turn["text"] for turn in harness.turns] == ["Welcome.", "one", "First.", "two", "You said two."]


def test_figures_from_a_tool_may_be_said_after_a_reload() -> None:
    harness = Harness(
        ScriptedAgent(look=[("get_account_status", {})], again=["It was $1,234.56."], lie=["It was $9,876.54."])
    )

    async def story(user: Client) -> None:
        await user.says("look")
        again = await harness.connect(FastTransport())
        assert await again.says("again") == "It was $1,234.56."
        assert "figure" in await again.says("lie")

    run(harness, story)


# -- consent -----------------------------------------------------------------------------------------------------------


def test_without_consent_nothing_is_said_done_or_stored() -> None:
    harness = Harness(ScriptedAgent(), consent=True)

    async def story(user: Client) -> None:
        for event in ({"kind": "message.send", "text": "hello"}, {"kind": "confirm", "call_id": "x", "approved": True}):
            with pytest.raises(ApiError, match="consent"):
                await user.send(**event)
        user.conversation.user_turns.spoken("hello")
        with pytest.raises(ApiError, match="consent text is outdated"):
            await user.send("consent.grant", version="an older one")
        await asyncio.sleep(0.05)
        assert harness.turns == []
        assert harness.agent.contexts == []
        await user.send("consent.grant", version=harness.tenant.consent.version)
        await until(lambda: user.transport.said == ["Welcome."])
        assert await user.says("hello") == "You said hello."

    run(harness, story)
    assert [entry.event for entry in harness.entries] == ["consent.granted"]


def test_revoking_consent_drops_unanswered_turns_and_the_open_question() -> None:
    harness = Harness(ScriptedAgent(slow=[0.3, LONG], ask=[("create_ticket", {"subject": "Fees"})]), consent=True)

    async def story(user: Client) -> None:
        version = harness.tenant.consent.version
        await user.send("consent.grant", version=version)
        await user.type("ask")
        call_id = await user.question()
        await user.type("slow")
        await user.type("queued")
        await user.send("consent.revoke")
        await asyncio.sleep(0.4)
        assert [turn["text"] for turn in harness.turns][-1:] != ["queued"]
        assert "queued" not in [talk.user_text for talk in harness.agent.contexts]
        await user.send("consent.grant", version=version)
        await user.send("confirm", call_id=call_id, approved=True)
        await until(lambda: user.transport.of_type("error", error="not_pending"))

    run(harness, story)
    assert harness.bank.tickets == []
    assert [entry.event for entry in harness.entries] == ["consent.granted", "consent.revoked", "consent.granted"]


class Unwritable:
    """An audit trail whose disk is full."""

    def append(self, fields: Any) -> None:
        raise unavailable("full")


def test_with_a_required_audit_trail_nothing_is_done_unrecorded() -> None:
    harness = Harness(ScriptedAgent(look=[("get_account_status", {})]), consent=True, audit=Unwritable())

    async def story(user: Client) -> None:
        with pytest.raises(ApiError) as refused:
            await user.send("consent.grant", version=harness.tenant.consent.version)
        assert refused.value.status == 503
        harness.audit.required = False
        await user.send("consent.grant", version=harness.tenant.consent.version)
        harness.audit.required = True
        await until(lambda: user.transport.said == ["Welcome."])
        assert "It went failed." in await user.says("look")

    run(harness, story)


# -- what an agent does wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        ([RuntimeError("user said secret-4711")], "I'm sorry, something went wrong. Please say that again."),
        (
            ["A word. And half", RuntimeError("secret-4711")],
            "A word. I'm sorry, something went wrong. Please say that again.",
        ),
        ([], "I'm sorry, something went wrong. Please say that again."),
        (["", "  ", "**", "\n"], "I'm sorry, something went wrong. Please say that again."),
        (
            ["Your balance is $5", ",000", ".00. Thanks."],
            "I'd rather not give you a figure that I haven't checked. Thanks.",
        ),
        (["**Hel", "lo** ", "[there](http://x.example)", ".\n- one\n- two"], "Hello there. one two"),
        (["Mr. Sm", "ith is he", "re. Co", "me in."], "Mr. Smith is here. Come in."),
    ],
)
def test_whatever_an_agent_yields_the_user_gets_an_honest_answer(
    steps: list[Any], shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(user: Client) -> None:
        assert await user.says("odd") == shown
        assert await user.says("hello") == "You said hello."

    with caplog.at_level(logging.DEBUG):
        run(Harness(ScriptedAgent(odd=steps)), story)
    formatted = "".join(logging.Formatter().format(record) for record in caplog.records)
    assert "secret-4711" not in formatted


def test_a_stalled_agent_is_covered_by_one_moment_within_3_seconds() -> None:
    async def story(user: Client) -> None:
        before = len(user.transport.events)
        answer = await user.says("stall", 12)
        assert answer == "One moment, please. Here it is. And more."
        times = user.transport.times[before:]
        states = [event for event in user.transport.events[before:] if event["type"] == "state"]
        assert [event["state"] for event in states] == [
            "thinking",
            "speaking",
            "thinking",
            "speaking",
            "thinking",
            "speaking",
            "listening",
        ]
        gaps = [after - earlier for earlier, after in pairwise(times)]
        assert max(gaps) < 3

    run(Harness(ScriptedAgent(stall=[3.2, "Here it is. And ", 0.6, "more."])), story)


def test_a_stall_after_the_first_sentence_is_covered_too() -> None:
    async def story(user: Client) -> None:
        assert await user.says("stall", 12) == "Let me see. One moment, please. Your balance is fine."

    run(Harness(ScriptedAgent(stall=["Let me see. Your bal", 2.8, "ance is fine."])), story)


def test_a_message_typed_while_a_model_hangs_is_answered() -> None:
    async def story(user: Client) -> None:
        await user.type("hang")
        await asyncio.sleep(0.05)
        assert await user.says("hello", 6) == "One moment, please."
        await until(lambda: user.transport.said[-1] == "You said hello.", 1)

    run(Harness(ScriptedAgent(hang=[30.0, "Never."])), story)


def test_a_message_typed_while_the_agent_thinks_waits_for_the_first_answer() -> None:
    async def story(user: Client) -> None:
        await user.type("think")
        await asyncio.sleep(0.05)
        await user.type("hello")
        await until(lambda: len(user.transport.said) == 3)
        assert user.transport.said[1:] == ["Thought.", "You said hello."]

    run(Harness(ScriptedAgent(think=[0.3, "Thought."])), story, voice=True)
