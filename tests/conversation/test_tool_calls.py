"""Tool calls: each runs once, only after a yes to its own question, and its result is always reported."""

import asyncio
import logging
import random
import time
from typing import Any

import pytest

from banker.tools.base import ProposedCall
from tests.conversation.harness import Client, FastTransport, Harness, ScriptedAgent, run, until

FEES = ("create_ticket", {"subject": "Fees"})
ASK = "Shall I open a ticket with the subject “Fees”?"


def asking(**more: Any) -> Harness:
    return Harness(ScriptedAgent(ask=[FEES], look=[("get_account_status", {})], **more))


def ticket_reports(user: Client) -> list[str]:
    """The reports of tickets, as far as the user heard them."""
    return [text for text in user.transport.said if "The ticket is ok.".startswith(text)]


def names(user: Client) -> list[str]:
    return [event["type"] for event in user.transport.events if event["type"].startswith(("tool", "confirm"))]


@pytest.mark.parametrize("voice", [False, True])
def test_a_yes_by_text_runs_the_tool_once_and_reports_the_result(voice: bool) -> None:
    harness = asking()

    async def story(user: Client) -> None:
        assert await user.says("ask") == ASK
        assert harness.bank.tickets == []
        assert await user.says("yes, please") == "The ticket is ok."
        assert await user.says("yes") == "You said yes."
        finished = user.transport.of_type("tool.finished")[0]
        assert names(user) == ["confirm.request", "tool.called", "tool.finished"]
        assert finished["ok"] is True
        assert finished["call_id"] == user.transport.of_type("confirm.request")[0]["call_id"]

    run(harness, story, voice=voice)
    assert harness.bank.tickets == [("user-1", "Fees")]
    assert [entry.event for entry in harness.entries] == ["tool.called", "tool.finished"]


def test_a_button_pressed_twice_runs_the_tool_once() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        await user.type("ask")
        call_id = await user.question()
        await user.send("confirm", call_id=call_id, approved=True)
        await user.send("confirm", call_id=call_id, approved=True)
        await until(lambda: user.transport.of_type("error", error="not_pending"))
        await until(lambda: "The ticket is ok." in user.transport.said)

    run(harness, story)
    assert len(harness.bank.tickets) == 1


def test_a_button_and_a_word_at_once_run_the_tool_once() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        await user.type("ask")
        call_id = await user.question()
        await user.send("confirm", call_id=call_id, approved=True)
        await user.type("yes")
        await until(lambda: user.transport.said[-1:] == ["You said yes."])

    run(harness, story)
    assert len(harness.bank.tickets) == 1


def test_a_yes_in_several_processes_at_once_runs_the_tool_once() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        await user.says("ask")
        others = [await harness.connect(FastTransport()) for _ in range(4)]
        await asyncio.gather(*(other.type("yes") for other in [user, *others]))
        await until(lambda: sum("The ticket is ok." in each.transport.said for each in [user, *others]) >= 1)
        await until(lambda: sum(bool(each.transport.of_type("error")) for each in [user, *others]) == 4)

    run(harness, story)
    assert len(harness.bank.tickets) == 1


@pytest.mark.parametrize("words", ["no", "no thanks", "never mind"])
def test_a_no_declines_the_tool(words: str) -> None:
    harness = asking()

    async def story(user: Client) -> None:
        await user.says("ask")
        assert await user.says(words) == "The ticket is declined."
        assert await user.says("yes") == "You said yes."

    run(harness, story)
    assert harness.bank.tickets == []


@pytest.mark.parametrize("words", ["what's my balance", "yes, but change the subject", "hmm", "yes?", "look"])
def test_other_words_keep_the_question_open_and_it_is_asked_again(words: str) -> None:
    harness = asking()

    async def story(user: Client) -> None:
        await user.says("ask")
        call_id = await user.question()
        assert (await user.says(words)).endswith(ASK)
        assert harness.bank.tickets == []
        assert harness.agent.contexts[-1].open_question == ProposedCall(
            "create_ticket", {"subject": "Fees"}, "open a ticket with the subject “Fees”"
        )
        assert await user.says("yes") == "The ticket is ok."
        assert {event["call_id"] for event in user.transport.of_type("confirm.request")} == {call_id}

    run(harness, story)
    assert harness.bank.tickets == [("user-1", "Fees")]


def test_a_question_is_said_twice_and_shown_as_long_as_it_is_open() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        await user.says("ask")
        assert await user.says("one") == f"You said one. {ASK}"
        assert await user.says("two") == "You said two."
        assert len(user.transport.of_type("confirm.request")) == 3
        assert await user.says("yes, open it") == "The ticket is ok."

    run(harness, story)
    assert harness.bank.tickets == [("user-1", "Fees")]


def test_a_yes_to_what_the_agent_asked_in_between_does_not_confirm() -> None:
    harness = Harness(ScriptedAgent(ask=[FEES], look=["Which account do you mean?"]))

    async def story(user: Client) -> None:
        await user.says("ask")
        assert await user.says("look") == "Which account do you mean?"
        assert await user.says("yes") == f"You said yes. {ASK}"
        assert harness.bank.tickets == []
        assert await user.says("yes") == "The ticket is ok."

    run(harness, story)


def test_an_agent_can_drop_the_question() -> None:
    class Dropping(ScriptedAgent):
        async def reply(self, context: Any) -> Any:
            if context.user_text == "cancel my wish":
                await context.drop_question()
            async for piece in super().reply(context):
                yield piece

    harness = Harness(Dropping(ask=[FEES]))

    async def story(user: Client) -> None:
        await user.says("ask")
        assert await user.says("cancel my wish") == "You said cancel my wish."
        assert await user.says("yes") == "You said yes."

    run(harness, story)
    assert harness.bank.tickets == []


OTHER = ("create_ticket", {"subject": "Other"})
ASK_OTHER = ASK.replace("Fees", "Other")


@pytest.mark.parametrize("first", ["yes", "no"])
def test_two_confirmed_calls_in_one_reply_are_asked_one_after_the_other(first: str) -> None:
    harness = Harness(BothAgent())

    async def story(user: Client) -> None:
        assert await user.says("both") == ASK
        result = "ok" if first == "yes" else "declined"
        assert await user.says(first) == f"The ticket is {result}. {ASK_OTHER}"
        assert await user.says("yes") == "The ticket is ok."
        assert await user.says("yes") == "You said yes."

    run(harness, story)
    assert [subject for _, subject in harness.bank.tickets] == (["Fees"] if first == "yes" else []) + ["Other"]


def test_the_second_call_is_asked_about_after_a_reload_too() -> None:
    harness = Harness(BothAgent())

    async def story(user: Client) -> None:
        await user.says("both")
        await user.conversation.close()
        again = await harness.connect(FastTransport())
        assert await again.says("yes") == f"The ticket is ok. {ASK_OTHER}"
        assert await again.says("yes") == "The ticket is ok."

    run(harness, story)
    assert [subject for _, subject in harness.bank.tickets] == ["Fees", "Other"]


class BothAgent(ScriptedAgent):
    """Proposes two calls in one reply."""

    async def reply(self, context: Any) -> Any:
        if context.user_text == "both":
            assert [(await context.call_tool(*call)).status for call in (FEES, OTHER)] == ["asked", "asked"]
            return
        async for piece in super().reply(context):
            yield piece


def test_a_yes_that_was_said_before_the_question_was_asked_does_not_answer_it() -> None:
    harness = Harness(ScriptedAgent(ask=[0.1, FEES]))

    async def story(user: Client) -> None:
        await user.type("ask")
        await user.type("yes")
        await until(lambda: user.transport.said[-1:] == [f"You said yes. {ASK}"])

    run(harness, story)
    assert harness.bank.tickets == []


def test_a_yes_to_what_was_said_before_the_question_does_not_answer_it() -> None:
    """The agent is still apologising when the user says yes: the question was never heard."""
    harness = Harness(ScriptedAgent(ask=["I am sorry to hear of that; I can help. ", FEES]))

    async def story(user: Client) -> None:
        await user.type("ask")
        await until(lambda: "sorry" in user.transport.partial)
        assert user.transport.of_type("confirm.request") == []
        user.conversation.user_turns.spoken("yes")
        await until(lambda: user.transport.said[-1:] == ["You said yes."])

    run(harness, story, voice=True)
    assert harness.bank.tickets == []


def test_a_question_expires_after_a_minute_in_every_process() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        await user.type("ask")
        call_id = await user.question()
        harness.now += 59
        again = await harness.connect(FastTransport())
        assert again.transport.of_type("confirm.request")[0]["call_id"] == call_id
        harness.now += 2
        await user.send("confirm", call_id=call_id, approved=True)
        await until(lambda: user.transport.of_type("error", error="not_pending"))
        assert await again.says("yes") == "You said yes."
        late = await harness.connect(FastTransport())
        assert late.transport.of_type("confirm.request") == []

    run(harness, story)
    assert harness.bank.tickets == []


def test_a_reload_leaves_the_question_pending_and_never_runs_it_by_itself() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        await user.type("ask")
        call_id = await user.question()
        await until(lambda: ASK in user.transport.said)
        await user.conversation.close()
        again = await harness.connect(FastTransport())
        assert again.transport.of_type("confirm.request") == [
            {
                "type": "confirm.request",
                "call_id": call_id,
                "tool": "create_ticket",
                "summary": "open a ticket with the subject “Fees”",
                "title": "Create ticket",
                "fields": [{"label": "Subject", "value": "Fees"}],
            }
        ]
        await asyncio.sleep(0.1)
        assert harness.bank.tickets == []
        assert await again.says("yes") == "The ticket is ok."

    run(harness, story)
    assert harness.bank.tickets == [("user-1", "Fees")]


def test_the_tool_runs_with_the_arguments_that_were_confirmed() -> None:
    arguments = {"subject": "Fees"}
    harness = Harness(ScriptedAgent(ask=[("create_ticket", arguments)]))

    async def story(user: Client) -> None:
        await user.says("ask")
        arguments["subject"] = "Everything"
        await user.says("yes")

    run(harness, story)
    assert harness.bank.tickets == [("user-1", "Fees")]


def test_a_second_question_replaces_the_first() -> None:
    harness = Harness(ScriptedAgent(ask=[FEES], other=[("create_ticket", {"subject": "Other"})]))

    async def story(user: Client) -> None:
        await user.says("ask")
        first = await user.question()
        await user.says("other")
        await user.send("confirm", call_id=first, approved=True)
        await until(lambda: user.transport.of_type("error", error="not_pending"))
        await user.says("yes")

    run(harness, story)
    assert harness.bank.tickets == [("user-1", "Other")]


def test_a_tool_that_is_not_allowed_or_has_invalid_arguments_is_never_asked_about() -> None:
    steps = [("create_ticket", {"subject": "x"}), ("transfer", {}), ("get_account_status", {"account": 1})]
    harness = Harness(
        ScriptedAgent(**{name: [step] for name, step in zip("abc", steps, strict=True)}), allowed=["get_account_status"]
    )

    async def story(user: Client) -> None:
        assert [await user.says(name) for name in "abc"] == ["It went denied.", "It went denied.", "It went invalid."]
        assert names(user) == []

    run(harness, story)
    assert harness.bank.tickets == []


# -- slow tools


def test_a_slow_tool_is_covered_by_one_moment_and_its_timeout_is_reported() -> None:
    harness = Harness(ScriptedAgent(look=[("get_account_status", {})]), timeout=1.6)
    harness.bank.seconds = 10

    async def story(user: Client) -> None:
        began = time.monotonic()
        await user.type("look")
        await until(lambda: user.transport.partial == "One moment, please.", 1.4)
        assert time.monotonic() - began > 0.9
        await until(lambda: len(user.transport.said) == 2)
        assert user.transport.said[-1] == "One moment, please. It went timeout."

    run(harness, story)


def test_a_slow_confirmed_tool_is_covered_by_one_moment() -> None:
    harness = asking()
    harness.bank.seconds = 1.3

    async def story(user: Client) -> None:
        await user.says("ask")
        await user.type("yes")
        await until(lambda: "The ticket is ok." in user.transport.said)
        assert user.transport.said[-2:] == ["One moment, please.", "The ticket is ok."]

    run(harness, story)


def test_a_confirmed_tool_that_ends_after_its_timeout_is_reported_late() -> None:
    harness = Harness(ScriptedAgent(ask=[FEES]), timeout=0.2)
    harness.bank.seconds = 0.6

    async def story(user: Client) -> None:
        await user.says("ask")
        assert await user.says("yes") == "The ticket is timeout."
        assert harness.bank.tickets == []
        await until(lambda: user.transport.said[-1] == "The ticket is ok.")
        assert [event["ok"] for event in user.transport.of_type("tool.finished")] == [False, True]

    run(harness, story)
    assert len(harness.bank.tickets) == 1
    assert [entry.details.get("outcome") for entry in harness.entries] == [None, "timeout", "ok"]


# -- interruptions


def test_20_random_interruptions_open_one_ticket_each_and_report_each() -> None:
    chance = random.Random(20)
    subjects = [f"Matter {number}" for number in "abcdefghijklmnopqrst"]
    harness = Harness(ScriptedAgent(**{subject: [("create_ticket", {"subject": subject})] for subject in subjects}))
    harness.bank.seconds = 0.1

    async def story(user: Client) -> None:
        for number, subject in enumerate(subjects, 1):
            await user.type(subject)
            call_id = await user.question(number)
            if number % 2:
                await user.type("yes")
            else:
                await user.send("confirm", call_id=call_id, approved=True)
            await asyncio.sleep(chance.uniform(0, 0.3))
            match number % 4:
                case 0:
                    await user.type("something else")
                case 1:
                    await user.send("speech.cancel")
                case 2:
                    await user.type("yes")
                case 3:
                    await user.send("confirm", call_id=call_id, approved=True)
            await until(lambda n=number: len(ticket_reports(user)) == n and user.transport.state == "listening")

    run(harness, story, voice=True)
    assert sorted(subject for _, subject in harness.bank.tickets) == subjects
    outcomes = [entry.details["outcome"] for entry in harness.entries if entry.event == "tool.finished"]
    assert outcomes == ["ok"] * 20


def test_a_running_tool_is_finished_and_reported_when_the_user_goes_on_talking() -> None:
    harness = asking()
    harness.bank.seconds = 0.4

    async def story(user: Client) -> None:
        await user.says("ask")
        await user.type("yes")
        await asyncio.to_thread(harness.bank.started.wait)
        await user.send("speech.cancel")
        await user.type("what else")
        await until(lambda: user.transport.said[-1] == "You said what else.")
        assert user.transport.said[-2] == "The ticket is ok."

    run(harness, story)
    assert "The ticket is ok." in [turn["text"] for turn in harness.turns]


def test_a_closed_conversation_finishes_and_records_its_running_tools() -> None:
    harness = asking()
    harness.bank.seconds = 0.3

    async def story(user: Client) -> None:
        await user.says("ask")
        await user.type("yes")
        await asyncio.to_thread(harness.bank.started.wait)
        user.transport.reachable = False
        await user.conversation.close()
        again = await harness.connect(FastTransport())
        assert again.transport.of_type("session.ready")[0]["history"][-1]["text"] == "The ticket is ok."

    run(harness, story)
    assert len(harness.bank.tickets) == 1


def test_a_tool_started_by_another_process_is_reported_where_the_conversation_continues() -> None:
    harness = asking()
    harness.bank.seconds = 0.5

    async def story(user: Client) -> None:
        await user.says("ask")
        await user.type("yes")
        await asyncio.to_thread(harness.bank.started.wait)
        again = await harness.connect(FastTransport())
        assert await again.says("meanwhile") == "You said meanwhile."
        await until(lambda: "The ticket is ok." in again.transport.said)
        turns = [event["turn"] for event in again.transport.of_type("transcript", final=True)]
        assert turns == sorted(set(turns))
        third = await harness.connect(FastTransport())
        history = third.transport.of_type("session.ready")[0]["history"]
        assert [turn["turn"] for turn in history] == list(range(1, len(history) + 1))
        assert "The ticket is ok." in [turn["text"] for turn in history]

    run(harness, story)
    assert len(harness.bank.tickets) == 1


def test_an_interrupted_turn_calls_no_more_tools() -> None:
    harness = Harness(
        ScriptedAgent(slow=["I am looking, and that may take a while. ", 0.3, FEES, ("get_account_status", {})])
    )

    async def story(user: Client) -> None:
        await user.type("slow")
        await until(lambda: "looking" in user.transport.partial)
        await user.send("speech.cancel")
        await asyncio.sleep(0.5)
        assert names(user) == []

    run(harness, story, voice=True)
    assert harness.bank.tickets == []


class StubbornAgent(ScriptedAgent):
    """An agent that keeps working after its reply was interrupted."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: list[str] = []
        self.task: asyncio.Task[None] | None = None

    async def reply(self, talk: Any) -> Any:
        if talk.user_text == "first":
            self.task = asyncio.ensure_future(self._later(talk))
            yield "I am on it, and I am not going to stop for anything. "
            await asyncio.sleep(10)
        yield "Something quite different that takes its time to be said."

    async def _later(self, talk: Any) -> None:
        await asyncio.sleep(0.9)
        self.outcomes.append((await talk.call_tool(*FEES)).status)
        self.outcomes.append((await talk.call_tool("get_account_status", {})).status)


def test_an_interrupted_turn_cannot_act_in_the_name_of_the_next_one() -> None:
    harness = Harness(StubbornAgent())

    async def story(user: Client) -> None:
        await user.type("first")
        await until(lambda: "on it" in user.transport.partial)
        await user.type("second")
        await until(lambda: "different" in user.transport.partial)
        await until(lambda: len(harness.agent.outcomes) == 2)
        assert harness.agent.outcomes == ["dropped", "dropped"]

    run(harness, story, voice=True)
    assert harness.bank.tickets == []


def test_a_failed_tool_is_reported_and_its_message_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    harness = Harness(ScriptedAgent(**{"look secret-4711": [("get_account_status", {})]}))
    harness.bank.error = RuntimeError("account secret-4711 is odd")

    async def story(user: Client) -> None:
        assert await user.says("look secret-4711") == "It went failed."

    with caplog.at_level(logging.DEBUG):
        run(harness, story)
    assert "secret-4711" not in "".join(logging.Formatter().format(record) for record in caplog.records)
