"""What the banker says to a customer who asks for a person, by the answer of the bank."""

import asyncio
from dataclasses import replace

import pytest

from banker.conversation.handover.session_handover import NoDesk
from banker.conversation.handover.tracker import HandOverTracker
from banker.conversation.mailbox import Mailbox
from banker.handover.record import HandOverAnswer, Urgency
from banker.server.metrics import Metrics
from tests.conversation.harness import FastTransport
from tests.handover.test_hand_overs import a_tenant

CALL_BACK = "Until then I'm here for you. Would you rather be called back?"


class Line(NoDesk):
    """A bank that answers every wish for a person so."""

    is_offered = True

    def __init__(self, answer: HandOverAnswer) -> None:
        self._answer = answer

    async def request(self, reason: str, urgency: Urgency) -> HandOverAnswer:
        return self._answer


@pytest.mark.parametrize(
    ("answer", "said", "link", "event"),
    [
        (
            HandOverAnswer("waiting", 2, 240),
            f"I'm getting a colleague. You are number 2 in line. It usually takes about 4 minutes. {CALL_BACK}",
            "",
            {"type": "handover", "state": "waiting", "position": 2, "wait_seconds": 240},
        ),
        (
            HandOverAnswer("waiting", 1, 50),
            f"I'm getting a colleague. You are next in line. It usually takes about a minute. {CALL_BACK}",
            "",
            {"type": "handover", "state": "waiting", "position": 1, "wait_seconds": 50},
        ),
        (
            HandOverAnswer("elsewhere", text="0800 123 456", link="https://bank.example/chat"),
            "A colleague can help you on 0800 123 456. You reach a colleague through the link below.",
            "https://bank.example/chat",
            {"type": "handover", "state": "unavailable"},
        ),
        (
            HandOverAnswer("closed"),
            "I'm sorry, my colleagues are not here at this time. Shall I open a ticket",
            "",
            {"type": "handover", "state": "unavailable"},
        ),
    ],
    ids=["a longer wait", "a short wait", "the bank's own contact centre", "outside the hours"],
)
def test_the_wait_is_honest_and_has_a_way_out(
    answer: HandOverAnswer, said: str, link: str, event: dict[str, object]
) -> None:
    tenant = a_tenant("bank")
    tenant = replace(tenant, config=replace(tenant.config, allowed_tools=("create_ticket",)))

    async def ask() -> None:
        transport = FastTransport()
        person = HandOverTracker(tenant, Line(answer), transport, Mailbox(), Metrics(enabled=False))
        told = await person.request("asked for")
        person.close()
        assert told is not None and told.text.startswith(said) and told.link == link
        assert transport.of_type("handover") == [event]

    asyncio.run(ask())
