"""A confirmed call that the bank authenticates its customer for: it waits, and runs once, as it was approved."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest

from banker.agents.base import TurnContext
from banker.errors import ApiError
from banker.sessions.step_ups import STEP_UP_TIMEOUT_S, StepUpProof, StepUpRequest, StepUps
from banker.tools.base import Caller
from tests.conversation.harness import Client, FastTransport, Harness, ScriptedAgent, run, until

RENT = ("transfer", {"amount": "1500", "payee": "Maple Street"})
TAXES = ("transfer", {"amount": "1600", "payee": "Maple Street"})
ASKED = "Please confirm it with a code in your bank. I'll do it as soon as that's done."
DONE = "The ticket is ok."
"""How the scripted agent reports any tool."""
WAITS = "That isn't done yet: I'm waiting until you've confirmed it with a code in your bank."


@pytest.fixture(autouse=True)
def short_waits() -> Iterator[None]:
    with mock.patch("banker.conversation.calls.step_up.LOOK_INTERVAL_S", 0.02):
        yield


class EagerAgent(ScriptedAgent):
    """Proposes two transfers in one reply to "both"."""

    async def reply(self, context: TurnContext) -> AsyncIterator[str]:
        if context.user_text == "both":
            for tool, arguments in (RENT, TAXES):
                await context.call_tool(tool, arguments)
            return
        async for words in super().reply(context):
            yield words


def paying(**settings: Any) -> Harness:
    answers = {"pay": [RENT], "pay more": [TAXES], "ticket": [("create_ticket", {"subject": "Fees"})]}
    return Harness(EagerAgent(**answers, which=["Which one?"]), **settings)


class Bank:
    """The bank's back end, in whichever process its request arrives."""

    def __init__(self, harness: Harness) -> None:
        self._step_ups = StepUps(harness.sessions, harness.audit)
        self._harness = harness
        self.session_id = harness.session.session_id

    def request(self, call_id: str) -> StepUpRequest:
        return self._step_ups.request(self.session_id, call_id)

    def proof(self, request: StepUpRequest, **other: Any) -> StepUpProof:
        return replace(StepUpProof(request.hash, "user-1", "one-time code", self._harness.now), **other)

    def done(self, call_id: str, proof: StepUpProof) -> None:
        self._step_ups.done(self.session_id, call_id, proof)

    def refusal(self, call_id: str, proof: StepUpProof) -> str:
        """The reason in the audit trail for which a proof is refused."""
        with pytest.raises(ApiError) as refused:
            self.done(call_id, proof)
        assert (refused.value.status, refused.value.error) == (400, "step_up_refused")
        entry = self._harness.entries[-1]
        assert entry.event == "step_up.refused"
        return str(entry.details["reason"])


async def approve(user: Client, text: str = "pay", nth: int = 1) -> dict[str, Any]:
    """Say yes to a transfer, and return the event that asks the bank's page for a step-up."""
    await user.says(text)
    await user.send("confirm", call_id=await user.question(nth), approved=True)
    await until(lambda: len(user.transport.of_type("step_up.request")) >= nth, what="a step-up")
    await until(lambda: user.transport.said[-1] == ASKED)
    return user.transport.of_type("step_up.request")[nth - 1]


def test_a_confirmed_call_waits_for_the_bank_and_runs_once() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, event = Bank(harness), await approve(user)
        request = bank.request(event["call_id"])
        assert (event["tool"], event["summary"]) == ("transfer", "transfer 1,500.00 to Maple Street")
        assert (request.hash, request.summary, request.user_id) == (event["hash"], event["summary"], "user-1")
        assert dict(request.arguments) == {"amount": "1500", "payee": "Maple Street"}
        who = {"session_id": request.session_id, "tenant_id": "bank", "user_id": "user-1"}
        bound = {"call_id": request.call_id, "tool": "transfer", "arguments": dict(request.arguments), **who}
        canonical = json.dumps(bound, sort_keys=True, separators=(",", ":"))
        assert request.hash == hashlib.sha256(canonical.encode()).hexdigest(), "as docs/embedding.md says"
        assert harness.bank.transfers == []
        bank.done(event["call_id"], bank.proof(request))
        await until(lambda: user.transport.said[-1] == DONE)
        assert harness.bank.transfers == [("user-1", Decimal(1500), "Maple Street")]
        assert harness.bank.call_ids == [event["call_id"]]
        assert bank.refusal(event["call_id"], bank.proof(request)) in ("used", "not_waiting")
        recorded = [entry.event for entry in harness.entries]
        assert recorded == [
            "step_up.requested", "step_up.done", "tool.called", "tool.finished", "step_up.refused"
        ]  # fmt: skip

    run(harness, story)


def test_a_spoken_yes_leads_to_the_step_up_too() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        await user.says("pay")
        user.conversation.turn_taking.final("yes please")
        await until(lambda: user.transport.said[-1] == ASKED)
        assert len(user.transport.of_type("step_up.request")) == 1

    run(harness, story, voice=True)


def test_a_rule_decides_by_the_loaded_arguments() -> None:
    def above_a_thousand(arguments: Mapping[str, Any], caller: Caller) -> bool:
        assert caller.user_id == "user-1"
        return bool(arguments["amount"] > 1500)

    harness = paying(step_up=above_a_thousand)

    async def story(user: Client) -> None:
        await user.says("pay")
        await user.send("confirm", call_id=await user.question(), approved=True)
        await until(lambda: user.transport.said[-1] == DONE)
        assert user.transport.of_type("step_up.request") == []
        await approve_second(user)
        assert len(harness.bank.transfers) == 1

    async def approve_second(user: Client) -> None:
        await user.says("pay more")
        await user.send("confirm", call_id=await user.question(2), approved=True)
        await until(lambda: user.transport.of_type("step_up.request"))

    run(harness, story)


def test_a_rule_that_fails_asks_for_the_step_up() -> None:
    harness = paying(step_up=lambda arguments, caller: arguments["no such argument"])

    async def story(user: Client) -> None:
        await approve(user)
        assert harness.bank.transfers == []

    run(harness, story)


def test_a_proof_of_anything_else_is_refused_and_recorded() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, event = Bank(harness), await approve(user)
        call_id, request = event["call_id"], bank.request(event["call_id"])
        assert bank.refusal(call_id, bank.proof(request, hash="0" * 64)) == "other_hash"
        assert bank.refusal(call_id, bank.proof(request, user_id="user-2")) == "other_user"
        assert bank.refusal(call_id, bank.proof(request, authenticated_at=harness.now - 60)) == "other_time"
        assert bank.refusal(call_id, bank.proof(request, authenticated_at=harness.now + 60)) == "other_time"
        assert bank.refusal("call-other", bank.proof(request)) == "not_waiting"
        with pytest.raises(ApiError) as unknown:
            StepUps(harness.sessions, harness.audit).done("sess-" + "x" * 32, call_id, bank.proof(request))
        assert unknown.value.status == 404
        with pytest.raises(TypeError, match="Unix seconds"):
            bank.proof(request, authenticated_at="now")
        assert harness.bank.transfers == []
        bank.done(call_id, bank.proof(request))
        assert bank.refusal(call_id, bank.proof(request)) == "used"

    run(harness, story)


def test_a_corrected_amount_needs_a_new_yes_and_a_new_proof() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, first = Bank(harness), await approve(user)
        old = bank.request(first["call_id"])
        second = await approve(user, "pay more", nth=2)
        assert second["hash"] != first["hash"]
        assert user.transport.of_type("tool.finished", call_id=first["call_id"], ok=False)
        assert bank.refusal(first["call_id"], bank.proof(old)) == "not_waiting"
        assert bank.refusal(second["call_id"], bank.proof(old)) == "other_hash"
        bank.done(second["call_id"], bank.proof(bank.request(second["call_id"])))
        await until(lambda: harness.bank.transfers)
        assert harness.bank.transfers == [("user-1", Decimal(1600), "Maple Street")]

    run(harness, story)


def test_the_same_transfer_twice_needs_two_proofs() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, first = Bank(harness), await approve(user)
        proof = bank.proof(bank.request(first["call_id"]))
        bank.done(first["call_id"], proof)
        await until(lambda: user.transport.said[-1] == DONE)
        second = await approve(user, nth=2)
        assert bank.refusal(second["call_id"], proof) == "other_hash"

    run(harness, story)


def test_of_two_transfers_in_one_sentence_the_second_is_asked_about_after_the_first() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, first = Bank(harness), await approve(user, "both")
        assert len(user.transport.of_type("confirm.request")) == 1
        bank.done(first["call_id"], bank.proof(bank.request(first["call_id"])))
        await user.send("confirm", call_id=await user.question(2), approved=True)
        await until(lambda: len(user.transport.of_type("step_up.request")) == 2)
        second = user.transport.of_type("step_up.request")[1]
        bank.done(second["call_id"], bank.proof(bank.request(second["call_id"])))
        await until(lambda: len(harness.bank.transfers) == 2)
        assert [amount for _, amount, _ in harness.bank.transfers] == [1500, 1600]

    run(harness, story)


def test_the_second_of_two_transfers_is_asked_about_after_a_crash_too() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, first = Bank(harness), await approve(user, "both")
        harness.kill(user)
        again = await harness.connect(FastTransport())
        bank.done(first["call_id"], bank.proof(bank.request(first["call_id"])))
        await again.question()
        assert [amount for _, amount, _ in harness.bank.transfers] == [1500]

    run(harness, story)


def test_without_a_proof_in_time_it_is_not_done_and_the_customer_knows() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, event = Bank(harness), await approve(user)
        request = bank.request(event["call_id"])
        harness.now += STEP_UP_TIMEOUT_S + 1
        await until(lambda: "in time" in user.transport.said[-1])
        assert user.transport.said[-1] == (
            "It wasn't confirmed with a code in time, so I did not transfer 1,500.00 to Maple Street."
        )
        assert user.transport.of_type("tool.finished", call_id=event["call_id"], ok=False)
        assert bank.refusal(event["call_id"], bank.proof(request)) == "not_waiting"
        with pytest.raises(ApiError):
            bank.request(event["call_id"])
        assert harness.bank.transfers == []

    run(harness, story)


@pytest.mark.parametrize("words", ["did it go through?", "Did the transfer go through?", "is it done yet?", "yes"])
def test_whoever_asks_whether_it_is_done_hears_what_is_waited_for(words: str) -> None:
    harness = paying()

    async def story(user: Client) -> None:
        await approve(user)
        assert await user.says(words) == WAITS

    run(harness, story)


def test_other_words_are_answered_and_the_customer_is_reminded() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        event = await approve(user)
        assert await user.says("hello") == f"You said hello. {WAITS}"
        assert await user.says("which") == "Which one?"
        assert await user.says("no") == f"You said no. {WAITS}", "this no answers the agent's own question"
        assert harness.sessions.find(harness.session.session_id).step_up is not None
        await user.says("ticket")
        await user.send("confirm", call_id=await user.question(2), approved=True)
        await until(lambda: harness.bank.tickets, what="another tool that was confirmed meanwhile")
        assert Bank(harness).request(event["call_id"]).tool == "transfer"

    run(harness, story)


@pytest.mark.parametrize("by_button", [True, False])
def test_a_no_drops_it(by_button: bool) -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, event = Bank(harness), await approve(user)
        request = bank.request(event["call_id"])
        if by_button:
            await user.send("confirm", call_id=event["call_id"], approved=False)
        else:
            await user.type("no")
        await until(lambda: user.transport.said[-1] == DONE.replace("ok", "declined"))
        assert bank.refusal(event["call_id"], bank.proof(request)) == "not_waiting"
        assert [entry.event for entry in harness.entries][:2] == ["step_up.requested", "step_up.cancelled"]
        await user.send("confirm", call_id=event["call_id"], approved=True)
        assert user.transport.of_type("error")[-1]["error"] == "not_pending"
        assert harness.bank.transfers == []

    run(harness, story)


def test_a_code_that_is_said_to_the_banker_is_removed_and_does_nothing() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        await approve(user)
        await user.says("my code is 482913")
        assert "482913" not in str(harness.turns)
        assert harness.bank.transfers == []

    run(harness, story)


def test_it_waits_on_through_the_death_of_its_worker_and_runs_in_the_next() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, event = Bank(harness), await approve(user)
        harness.kill(user)
        again = await harness.connect(FastTransport())
        assert again.transport.of_type("step_up.request") == [event], "asked again, as a question is"
        bank.done(event["call_id"], bank.proof(bank.request(event["call_id"])))
        await until(lambda: again.transport.said[-1:] == [DONE])
        assert len(harness.bank.transfers) == 1

    run(harness, story)


def test_a_proof_that_comes_while_no_worker_has_the_call_is_kept() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, event = Bank(harness), await approve(user)
        request = bank.request(event["call_id"])
        harness.kill(user)
        bank.done(event["call_id"], bank.proof(request))
        assert harness.bank.transfers == []
        one, other = await harness.connect(FastTransport()), await harness.connect(FastTransport())
        await until(lambda: DONE in one.transport.said + other.transport.said)
        assert len(harness.bank.transfers) == 1, "of two workers that have the call, one runs it"

    run(harness, story)


def test_a_process_that_dies_while_the_tool_runs_leaves_no_second_try() -> None:
    harness = paying(lookup=lambda caller: {"transfer_id": "TR-1"})

    async def story(user: Client) -> None:
        bank, event = Bank(harness), await approve(user)
        harness.bank.seconds = 0.3
        bank.done(event["call_id"], bank.proof(bank.request(event["call_id"])))
        await until(lambda: harness.bank.call_ids)
        harness.kill(user)
        with mock.patch("banker.conversation.recovery.LOOK_INTERVAL_S", 0.05):
            again = await harness.connect(FastTransport())
            harness.now += 60
            await until(lambda: DONE in again.transport.said)
        assert harness.bank.call_ids == [event["call_id"]]
        assert again.transport.of_type("step_up.request") == []

    run(harness, story)


def test_while_the_store_is_away_nothing_is_promised_and_nothing_lost() -> None:
    harness = paying()

    async def story(user: Client) -> None:
        bank, event = Bank(harness), await approve(user)
        harness.store_is_away = True
        await user.send("confirm", call_id=event["call_id"], approved=False)
        await until(lambda: "I couldn't do that just now" in user.transport.said[-1])
        harness.store_is_away = False
        bank.done(event["call_id"], bank.proof(bank.request(event["call_id"])))
        await until(lambda: user.transport.said[-1] == DONE)

    run(harness, story)


def test_consent_that_is_withdrawn_takes_the_call_with_it() -> None:
    harness = paying(consent=True)

    async def story(user: Client) -> None:
        await user.send("consent.grant", version=harness.tenant.consent.version)
        bank, event = Bank(harness), await approve(user)
        request = bank.request(event["call_id"])
        await user.send("consent.revoke")
        assert bank.refusal(event["call_id"], bank.proof(request)) == "not_waiting"

    run(harness, story)
