"""Random conversations: whatever the customer says, there is an answer, no loop of a question, and a sound state."""

import json
import weakref
from collections import Counter
from functools import cache
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from banker.agents.scripted.agent import ScriptedAgent
from banker.agents.scripted.forms.dialogue import MAX_OPEN_FORMS, MAX_TIMES_ASKED, Dialogue
from banker.agents.scripted.forms.states import FormState
from banker.agents.scripted.skills.loading import load_understanding
from banker.tools.base import Caller
from banker.tools.toolbox import Toolbox
from examples.bank import install
from tests.agents.scripted.talk import KEYWORDS, Conversation

WISHES = st.sampled_from(sorted(KEYWORDS))
VALUES = st.sampled_from(
    "checking|from savings|to savings|the second one|50 dollars|fifteen|next friday|at 3 pm|visa|the other card|4711|"
    "about my loan|five|2027-01-01|the end of the month|mortgage".split("|")
)
REPLIES = st.sampled_from(
    "yes|no|forget it|👍|confirm|yes but from savings|no, 15 not 50|make that friday|why?|no, the other one|cancel|"
    "please don't|stop everything|never mind the transfer|and savings?".split("|")
)
PATTERN = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)


class Customer(RuleBasedStateMachine):
    """Says wishes, values, yes and no, and nonsense in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.talk = Conversation()
        self.questions: Counter[str] = Counter()

    @rule(wish=WISHES, value=VALUES)
    def wish(self, wish: str, value: str) -> None:
        self.say(f"{wish} {value}")

    @rule(wish=WISHES, other=WISHES)
    def two_wishes(self, wish: str, other: str) -> None:
        self.say(f"please {wish} now and then {other} too")

    @rule(value=VALUES)
    def value(self, value: str) -> None:
        self.say(value)

    @rule(reply=REPLIES)
    def reply(self, reply: str) -> None:
        self.say(reply)

    @rule(words=PATTERN)
    def anything(self, words: str) -> None:
        self.say(words)

    def say(self, text: str) -> None:
        confirmed = self.talk.asks
        count = len(self.talk.calls)
        shown = self.talk.say(text)
        assert shown, f"silence after {text!r}"
        for tool, _, _ in self.talk.calls[count:]:
            assert tool == confirmed or not self.talk.toolbox.needs_confirmation(tool), f"{tool} ran without a yes"

    @invariant()
    def the_state_is_json_and_small(self) -> None:
        state = json.loads(self.talk.state)
        dialogue = Dialogue.read(state)
        assert len(dialogue.stack) <= MAX_OPEN_FORMS
        assert len(self.talk.state) < 20_000
        assert all(form.state is not FormState.CLOSED for form in dialogue.stack)

    @invariant()
    def no_argument_is_asked_for_more_than_twice(self) -> None:
        for form in Dialogue.read(json.loads(self.talk.state)).stack:
            assert all(times <= MAX_TIMES_ASKED for times in form.asked.values())


DEMO_WISHES = st.sampled_from(
    "what's my balance|transfer 50 to my savings|send 20 to Omar|freeze my card|unfreeze it|I need a new card|"
    "dispute a charge|my last transactions|how much did I spend on coffee|change my address|open a ticket|"
    "book an appointment|is there a branch in Denver|the rate of the euro|list my cards|who can I pay".split("|")
)
DEMO_VALUES = st.sampled_from(
    "Bob Smith|the credit one|both|all my accounts|Amazon|in October|12 Oak Lane, Riverton 62561|a mortgage|"
    "Main Street|tomorrow at 10|yesterday|stolen|from savings|acc-901|20000 dollars|minus 5|0.001|31 June".split("|")
)


@cache
def demo_bank() -> tuple[Toolbox, ScriptedAgent]:
    folder = TemporaryDirectory()
    toolbox = Toolbox()
    install(toolbox, Path(folder.name) / "bank.sqlite3")
    weakref.finalize(toolbox, folder.cleanup)
    loaded = load_understanding(None, toolbox.specs(tuple(toolbox._tools)))
    return toolbox, ScriptedAgent(loaded.skills, loaded.model)


class CustomerOfTheDemoBank(Customer):
    """The same with the demo bank's tools and the model."""

    def __init__(self) -> None:
        super().__init__()
        toolbox, agent = demo_bank()
        self.talk = Conversation(toolbox)
        self.talk.agent, self.talk.caller = agent, Caller("demo", "demo-customer", call_id=token_hex(8))

    @rule(wish=DEMO_WISHES, value=DEMO_VALUES)
    def wish_of_the_demo(self, wish: str, value: str) -> None:
        self.say(f"{wish} {value}")

    @rule(value=DEMO_VALUES)
    def value_of_the_demo(self, value: str) -> None:
        self.say(value)

    @rule(wish=DEMO_WISHES, other=DEMO_WISHES)
    def two_wishes_of_the_demo(self, wish: str, other: str) -> None:
        self.say(f"{wish} and {other}")


TestCustomerOfTheDemoBank = CustomerOfTheDemoBank.TestCase
TestCustomerOfTheDemoBank.settings = settings(
    max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCustomer = Customer.TestCase
TestCustomer.settings = settings(
    max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_nonsense_leads_out_of_every_question() -> None:
    for wish in KEYWORDS:
        talk = Conversation()
        talk.say(wish)
        shown = [talk.say("blue elephants") for _ in range(5)]
        assert max(Counter(shown).values()) <= 3, shown
        assert Dialogue.read(json.loads(talk.state)).top is None
