"""Nothing acknowledged is lost and nothing is done twice, when a process dies or the store is away for a while."""

import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from banker.tools.base import Caller
from tests.conversation.harness import Client, FastTransport, Harness, ScriptedAgent, run, until

FEES = ("create_ticket", {"subject": "Fees"})
PENDING = "We were cut off, and I don't know yet whether that was done. I'm checking."


@pytest.fixture(autouse=True)
def short_waits() -> Iterator[None]:
    """Looks follow one another fast; nothing else depends on their interval."""
    with (
        mock.patch("banker.conversation.recovery.LOOK_INTERVAL_S", 0.05),
        mock.patch("banker.conversation.recovery.ANSWER_AFTER_S", 0.05),
        mock.patch("banker.sessions.conversation_records.RETRY_DELAYS_S", (0.05,)),
    ):
        yield


def asking(**settings: Any) -> Harness:
    return Harness(ScriptedAgent(ask=[FEES], slow=[60.0, "Never."]), timeout=0.5, **settings)


async def killed_while_the_tool_runs(harness: Harness, user: Client) -> Client:
    """Confirm a ticket, kill the process while it is opened, and connect to another one."""
    harness.bank.seconds = 0.3
    await user.says("ask")
    await user.send("confirm", call_id=await user.question(), approved=True)
    await until(harness.bank.started.is_set)
    harness.kill(user)
    return await harness.connect(FastTransport())


def test_a_call_whose_process_died_is_of_unknown_outcome_and_is_not_offered_again() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        again = await killed_while_the_tool_runs(harness, user)
        harness.now += 60
        await until(lambda: "The ticket is timeout." in again.transport.said)
        assert again.transport.of_type("confirm.request") == []
        assert await again.says("yes") == "You said yes."
        await until(lambda: harness.bank.tickets)
        assert len(harness.bank.tickets) == len(harness.bank.call_ids) == 1

    run(harness, story)


def test_the_customer_is_told_at_once_that_it_is_being_checked() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        again = await killed_while_the_tool_runs(harness, user)
        await until(lambda: PENDING in again.transport.said)
        assert "The ticket is timeout." not in again.transport.said

    run(harness, story)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"ticket_id": "T-7"}, "The ticket is ok."),
        (None, "The ticket is failed."),
        (RuntimeError("books are closed"), "The ticket is timeout."),
    ],
)
def test_the_bank_is_asked_whether_the_call_was_carried_out(found: Any, said: str) -> None:
    asked: list[str] = []

    def lookup(caller: Caller) -> Any:
        asked.append(caller.call_id)
        if isinstance(found, Exception):
            raise found
        return found

    harness = asking(lookup=lookup)

    async def story(user: Client) -> None:
        again = await killed_while_the_tool_runs(harness, user)
        harness.now += 60
        await until(lambda: said in again.transport.said)
        assert asked == harness.bank.call_ids
        third = await harness.connect(FastTransport())
        assert await third.says("hello") == "You said hello."
        assert len(asked) == 1

    run(harness, story)


def test_an_outcome_that_was_stored_and_not_told_is_told() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        await user.says("ask")
        question = await user.question()
        taken = harness.sessions.take_pending(harness.session.session_id, question, "another process")
        assert taken is not None
        result = {"status": "ok", "value": {"ticket_id": "T-1"}, "reason": ""}
        harness.sessions.set_running_result(harness.session.session_id, question, result)
        harness.kill(user)
        again = await harness.connect(FastTransport())
        await until(lambda: "The ticket is ok." in again.transport.said)
        await until(lambda: harness.sessions.find(harness.session.session_id).running is None)
        assert harness.bank.tickets == []

    run(harness, story)


@mock.patch("banker.conversation.recovery.LOOK_INTERVAL_S", 1.0)  # the first process tells it in less
def test_an_outcome_that_the_first_process_tells_is_not_told_twice() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        harness.bank.seconds = 0.3
        await user.says("ask")
        await user.send("confirm", call_id=await user.question(), approved=True)
        await until(harness.bank.started.is_set)
        again = await harness.connect(FastTransport())
        await until(lambda: harness.sessions.find(harness.session.session_id).running is None)
        assert await again.says("hello") == "You said hello."
        assert len(harness.agent.reported) == 1
        assert [turn["text"] for turn in harness.turns].count("The ticket is ok.") == 1

    run(harness, story)


def test_words_that_a_process_died_over_are_answered_by_the_next() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        await user.type("slow")
        await until(lambda: [turn["text"] for turn in harness.turns][-1] == "slow")
        harness.kill(user)
        harness.agent.answers["slow"] = ["Here is your answer."]
        again = await harness.connect(FastTransport())
        await until(lambda: "Here is your answer." in again.transport.said)
        assert [turn["text"] for turn in harness.turns].count("slow") == 1

    run(harness, story)


def test_a_yes_that_a_process_died_over_is_asked_for_again() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        question = await user.says("ask")
        harness.sessions.store.append_turn(harness.session.session_id, {"turn": 9, "role": "user", "text": "yes"})
        harness.kill(user)
        again = await harness.connect(FastTransport())
        await until(lambda: question in again.transport.said)
        assert harness.bank.tickets == []
        assert await again.says("yes") == "The ticket is ok."

    run(harness, story)


def test_a_request_to_stop_needs_no_answer_from_the_next_process() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        user.conversation.user_turns.stop_requested("stop")
        await until(lambda: [turn["text"] for turn in harness.turns][-1:] == ["stop"])
        harness.kill(user)
        again = await harness.connect(FastTransport())
        assert again.conversation.transcript.unanswered is None
        assert await again.says("hello") == "You said hello."
        assert "You said stop." not in again.transport.said

    run(harness, story)


@pytest.mark.parametrize("button", [True, False])
def test_a_yes_while_the_store_is_away_can_be_repeated(button: bool) -> None:
    harness = asking()

    async def answer(user: Client, nth: int) -> None:
        if button:
            await user.send("confirm", call_id=await user.question(nth), approved=True)
        else:
            await user.type("yes")

    async def story(user: Client) -> None:
        await user.says("ask")
        harness.store_is_away = True
        await answer(user, 1)
        await until(lambda: user.transport.of_type("error"))
        assert user.transport.of_type("error")[0]["error"] == "unavailable"
        harness.store_is_away = False
        assert await user.question(2) == await user.question(1)
        await until(lambda: user.transport.state == "listening")
        await answer(user, 2)
        await until(lambda: "The ticket is ok." in user.transport.said)
        assert len(harness.bank.tickets) == 1

    run(harness, story)


def test_a_question_that_cannot_be_stored_is_not_asked() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        harness.store_is_away = True
        assert await user.says("ask") == harness.tenant.texts.sorry
        assert user.transport.of_type("confirm.request") == []

    run(harness, story)


def test_what_is_said_while_the_store_is_away_is_written_later_in_order() -> None:
    harness = asking()

    async def story(user: Client) -> None:
        harness.store_is_away = True
        for number in range(4):
            await user.says(f"word {number}")
        assert len(harness.turns) == 1
        harness.store_is_away = False
        await until(lambda: len(harness.turns) == 9)
        said = [f"word {number}" for number in range(4)]
        assert [turn["text"] for turn in harness.turns if turn["role"] == "user"] == said

    run(harness, story)


def test_consent_given_while_store_and_trail_are_away_is_recorded_later_with_its_time() -> None:
    trail = mock.Mock(append=mock.Mock(side_effect=OSError))
    harness = Harness(ScriptedAgent(), consent=True, audit=trail)
    harness.audit.required = False

    async def story(user: Client) -> None:
        harness.store_is_away = True
        began = time.time()
        await user.send("consent.grant", version=harness.tenant.consent.version)
        given = time.time()
        await until(lambda: user.transport.said == ["Welcome."])
        assert await user.says("hello") == "You said hello."
        harness.store_is_away = False
        written: list[Any] = []
        trail.append.side_effect = written.append
        await until(lambda: harness.sessions.find(harness.session.session_id).consent is not None)
        await until(lambda: [entry.event for entry in written] == ["consent.granted"])
        assert began <= written[0].time <= given

    run(harness, story)
