"""Random speech, typing and silence: the agent is never paused for good, and every turn shown gets its end."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from banker.conversation.turns.agent_speech import AgentState
from banker.conversation.turns.turn_taking import LOST_SPEECH_S
from banker.conversation.turns.user_turn_states import PAUSING_STATES, UserTurnState
from banker.state_machine import IllegalTransition
from tests.conversation.fakes import VirtualEventLoop, run
from tests.conversation.scenario import Scenario, Script

ANSWER = "Your checking account has a good balance."
SCRIPT: dict[str, Script] = {
    "slow": [1.0, ANSWER],
    "ticket": ["I can do that.", "tool:open_ticket"],
    "look": ["tool:look_up", ANSWER],
}
TYPED = st.sampled_from(["slow", "ticket", "look", "hello", "yes"])
SPOKEN = st.sampled_from(
    [
        "What about savings?",
        "yes",
        "no",
        "Stop.",
        "Wait a moment.",
        "mm-hm",
        "okay",
        "um",
        "[music]",
        "slow",
        "Your checking account has a",
    ]
)
PAUSED = (AgentState.LISTENING_PAUSED, AgentState.THINKING_PAUSED, AgentState.SPEAKING_PAUSED)


class TurnTakingMachine(RuleBasedStateMachine):
    @initialize(requires_consent=st.booleans())
    def start(self, requires_consent: bool) -> None:
        self.loop = VirtualEventLoop()
        policy = {
            "require_consent": requires_consent,
            "max_session_duration_minutes": 30,
            "rate_limit_per_minute": 10,
        }
        self.scenario = Scenario(SCRIPT, config={"greeting": "Hello.", "policy": policy})
        self.is_speaking = False
        self.run(self.scenario.__aenter__())
        self.turn_taking, self.speech = self.scenario.turn_taking, self.scenario.conversation.speech

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        self.loop.run_until_complete(work)

    def report(self, event: str, *text: str) -> None:
        """Report a speech event, as the segmenter does."""

        async def go() -> None:
            getattr(self.turn_taking, event)(*text)
            await asyncio.sleep(0.01)

        self.run(go())

    def receive(self, **event: Any) -> None:
        async def go() -> None:
            await self.scenario.conversation.receive(event)
            await asyncio.sleep(0.01)

        self.run(go())

    @property
    def consented(self) -> bool:
        return self.scenario.conversation.consent.given

    @precondition(lambda self: not self.is_speaking and self.consented)
    @rule()
    def speech_starts(self) -> None:
        self.is_speaking = True
        self.report("speech_started")

    @precondition(lambda self: self.is_speaking)
    @rule()
    def speech_continues(self) -> None:
        self.report("speech_continued")

    @precondition(lambda self: self.is_speaking)
    @rule(text=SPOKEN)
    def interim_transcript(self, text: str) -> None:
        self.report("interim", text)

    @precondition(lambda self: self.is_speaking)
    @rule()
    def interim_transcript_is_the_agents_own_voice(self) -> None:
        heard = "".join(letter for _, letter in self.scenario.transport.heard[-24:])
        self.report("interim", heard.partition(" ")[2])

    @precondition(lambda self: self.is_speaking)
    @rule(text=SPOKEN)
    def turn_ends_with_words(self, text: str) -> None:
        self.is_speaking = False
        self.report("final", text)

    @precondition(lambda self: self.is_speaking)
    @rule(event=st.sampled_from(["no_words", "unavailable"]))
    def turn_ends_without_words(self, event: str) -> None:
        self.is_speaking = False
        self.report(event)

    @rule(seconds=st.sampled_from([0.1, 0.3, 0.5, 1.0, 2.5, 4.0, 9.0]))
    def time_passes(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @precondition(lambda self: self.is_speaking)
    @rule()
    def nothing_more_is_reported(self) -> None:
        self.run(asyncio.sleep(LOST_SPEECH_S + 9))
        assert self.turn_taking.state is UserTurnState.IDLE

    @precondition(lambda self: self.consented)
    @rule(text=TYPED)
    def user_types(self, text: str) -> None:
        self.receive(type="message.send", text=text)

    @rule()
    def user_presses_stop(self) -> None:
        self.receive(type="speech.cancel")

    @precondition(lambda self: self.consented)
    @rule(approved=st.booleans())
    def user_presses_yes_or_no(self, approved: bool) -> None:
        asked = self.scenario.transport.of_type("confirm.request")
        self.receive(type="confirm", call_id=asked[-1]["call_id"] if asked else "none", approved=approved)

    @rule(often=st.integers(0, 4))
    def consent_is_revoked(self, often: int) -> None:
        if often:  # most of the time it is not
            return
        self.receive(type="consent.revoke")
        assert self.turn_taking.state is UserTurnState.IDLE
        if self.is_speaking and not self.consented:
            self.is_speaking = False
            self.report("no_words")  # as the segmenter does when it notices

    @precondition(lambda self: not self.consented)
    @rule()
    def consent_is_granted(self) -> None:
        self.receive(type="consent.grant", version=self.scenario.tenant.consent.version)

    @invariant()
    def the_agent_is_paused_exactly_while_the_user_may_take_the_turn(self) -> None:
        is_pausing = self.turn_taking.state in PAUSING_STATES
        assert (self.speech.state in PAUSED) == is_pausing == self.scenario.transport.paused
        if is_pausing:
            assert self.scenario.transport.states()[-1:] != ["speaking"]

    @invariant()
    def every_state_has_a_deadline(self) -> None:
        is_idle = self.turn_taking.state is UserTurnState.IDLE
        assert self.turn_taking._deadline.running == (not is_idle)
        assert (self.turn_taking._spoken is None) == is_idle

    @invariant()
    def nothing_is_shown_of_a_turn_after_its_end(self) -> None:
        ended = set()
        for event in self.scenario.transport.of_type("transcript"):
            assert event["turn"] not in ended
            if event["final"]:
                ended.add(event["turn"])

    def teardown(self) -> None:
        if not hasattr(self, "speech"):
            return
        self.run(asyncio.sleep(2 * LOST_SPEECH_S))
        self.run(self.scenario.until(lambda: not self.speech.busy, 3600))
        assert self.turn_taking.state is UserTurnState.IDLE
        assert not self.scenario.transport.paused
        finals = Counter(e["turn"] for e in self.scenario.transport.of_type("transcript") if e["final"])
        shown = {e["turn"] for e in self.scenario.transport.of_type("transcript")}
        assert set(finals) == shown and set(finals.values()) <= {1}
        assert "internal_error" not in {error["error"] for error in self.scenario.transport.of_type("error")}
        self.run(self.scenario.conversation.close())
        self.loop.close()


TestTurnTakingStates = TurnTakingMachine.TestCase
TestTurnTakingStates.settings = settings(
    max_examples=100, stateful_step_count=100, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def test_a_second_start_of_speech_before_the_end_of_the_first_is_a_bug() -> None:
    async def story() -> None:
        async with Scenario() as scenario:
            scenario.turn_taking.speech_started()
            with pytest.raises(IllegalTransition, match="SPEAKING"):
                scenario.turn_taking.speech_started()
            with pytest.raises(IllegalTransition, match="LISTENING_PAUSED"):
                scenario.conversation.speech.pause()

    run(story())
