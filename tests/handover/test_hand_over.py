"""A colleague takes over in writing: customer and colleague at different gunicorns, over Redis."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.handover.conftest import METRICS_TOKEN, Hosts
from tests.handover.desks import Desk
from tests.servers import wait_until
from tests.speaking import Talker

CONSENT = "2026-12"


class Writer(Talker):
    """Dana, who writes."""

    def begin(self, consent: str = CONSENT) -> None:
        self.create()
        self.connect()
        self.consent(consent)
        self.wait_turn("banker", 1, 20)

    @property
    def id(self) -> str:
        return str(self.session["session_id"])

    def write(self, text: str) -> None:
        self.send({"type": "message.send", "text": text})

    def reads(self, words: str, limit: float = 30) -> dict[str, Any]:
        """Wait for a final turn of the other side with these words."""
        found: Callable[[], list[dict[str, Any]]] = lambda: [t for t in self.turns("banker") if words in t["text"]]  # noqa: E731
        wait_until(found, limit, f"{words!r} in {self.words()}")
        return found()[-1]


@pytest.fixture
def dana(hosts: Hosts) -> Iterator[Writer]:
    with Writer(hosts[0].url) as writer:
        writer.begin()
        yield writer
        writer.end()


@pytest.fixture
def maria(hosts: Hosts) -> Desk:
    return Desk(hosts[1].url)


def test_a_colleague_takes_writes_proposes_and_hands_back_with_the_form_still_open(dana: Writer, maria: Desk) -> None:
    maria.talks()
    dana.write("I want to transfer money to my savings")
    dana.reads("much")
    dana.write("I want to talk to a person")
    dana.reads("You are next in line")
    (waiting,) = maria.waiting()
    assert waiting["session_id"] == dana.id and waiting["reason"] == "asked for"
    assert "demo-customer" not in str(waiting) and "transfer" not in str(waiting)

    seen = maria.take(dana.id)
    announced = dana.reads("Maria Rossi from your bank is joining us now")
    joined = dana.events.wait_for("handover", state="joined")
    assert joined["name"] == "Maria Rossi"
    assert dana.events.all.index(joined) > dana.events.all.index({"type": "transcript", **_without_type(announced)})
    assert seen["summary"]["user_id"] == "demo-customer"
    assert seen["summary"]["portal_context"]["account_id"] == "acc-789"
    assert "transfer_money" in seen["summary"]["wishes"]
    assert [turn["role"] for turn in seen["turns"]][:2] == ["banker", "user"]

    maria.say(dana.id, "Hello Dana, how can I help?")
    assert dana.reads("Hello Dana")["speaker"] == "Maria Rossi"
    before = len(dana.turns("banker"))
    dana.write("My PIN is 4711. Is my card frozen?")
    wait_until(lambda: any("Is my card frozen" in t["text"] for t in maria.see(dana.id)["turns"]), 10)
    assert "4711" not in str(maria.see(dana.id))
    maria.act(dana.id, "propose", tool="create_ticket", arguments={"subject": "Card of Dana"})
    question = dana.events.wait_for("confirm.request", 20)
    assert "Card of Dana" in question["summary"]
    assert len(dana.turns("banker")) >= before, "the banker itself does not answer"
    dana.send({"type": "confirm", "call_id": question["call_id"], "approved": True})
    dana.reads("is open")
    wait_until(lambda: {"tool": "create_ticket", "ok": True} in maria.see(dana.id)["summary"]["tools"], 10)
    maria.act(dana.id, "propose", tool="create_ticket", arguments={"subject": 5})
    wait_until(lambda: maria.see(dana.id)["summary"]["handover"]["proposal"].get("status") == "invalid", 10)

    maria.act(dana.id, "return", outcome="Solved", note="Ticket for the card")
    back = dana.reads("I'm your AI banker again")
    assert "transfer" in back["text"].lower() and "much" in back["text"].lower()
    dana.events.wait_for("handover", state="returned")
    maria.see(dana.id, 404)
    dana.write("20 dollars")
    assert "$20.00" in dana.events.wait_for("confirm.request", 20, nth=2)["summary"]


def test_nobody_free_is_said_at_once_and_a_call_back_is_offered(dana: Writer, maria: Desk) -> None:
    maria.talks(available=False)
    dana.write("I want to talk to a person")
    dana.reads("no colleague is free right now. Shall I open a ticket")
    dana.events.wait_for("handover", state="unavailable")
    dana.write("yes")
    assert "Please call the customer back" in dana.events.wait_for("confirm.request", 20)["summary"]
    talks = {talk["session_id"]: talk for talk in maria.talks(available=False)}
    assert talks[dana.id]["state"] == "talking"


def test_two_misses_offer_a_person_and_a_call_back_ticket_leaves_the_line(dana: Writer, maria: Desk) -> None:
    maria.talks()
    for words in ("Purple elephants dance sideways", "Seven clouds eat the bicycle"):
        dana.write(words)
        dana.reads("I'm sorry")
        wait_until(lambda: dana.events.of_type("state")[-1:] == [{"type": "state", "state": "listening"}], 20)
    dana.reads("Shall I get a colleague?")
    dana.write("yes please")
    dana.reads("Would you rather be called back?")
    assert maria.waiting()[0]["reason"] == "not understood"
    dana.write("What is my balance?")
    dana.reads("Everyday Checking")
    dana.write("I want to talk to a person")
    dana.reads("Would you rather be called back?")
    dana.write("yes")
    question = dana.events.wait_for("confirm.request", 20)
    dana.send({"type": "confirm", "call_id": question["call_id"], "approved": True})
    dana.events.wait_for("handover", 20, state="ended")
    assert maria.waiting() == []


def test_a_scam_puts_the_customer_in_line_before_others(dana: Writer, maria: Desk, hosts: Hosts) -> None:
    maria.talks()
    dana.write("Let me speak with somebody")
    dana.reads("next in line")
    with Writer(hosts[0].url) as other:
        other.begin()
        other.write("Someone from the bank called and asked me to move my money to a safe account")
        other.reads("I'm getting a colleague. You are next in line")
        assert [talk["urgency"] for talk in maria.waiting()] == ["urgent", "normal"]
        dana.events.wait_for("handover", 20, state="waiting", position=2)
        other.end()
    dana.events.wait_for("handover", 20, nth=2, state="waiting", position=1)
    dana.send({"type": "handover.cancel"})
    dana.reads("no longer in line")


def test_the_banks_own_rule_gets_a_colleague_and_the_metrics_count_it(dana: Writer, maria: Desk, hosts: Hosts) -> None:
    maria.talks()
    answer = requests.get(f"{hosts[1].url}/large-payment/{dana.id}", timeout=30)
    assert answer.json() == {"state": "waiting"}
    dana.reads("I'm getting a colleague. You are next in line")
    (waiting,) = maria.waiting()
    assert (waiting["reason"], waiting["urgency"], waiting["language"]) == ("a large payment", "urgent", "en")
    wait_until(lambda: _figure(hosts[0].url, "banker_handovers_waiting") == 1, 10, "the customer who waits")
    maria.take(dana.id)
    maria.act(dana.id, "return")
    dana.reads("I'm your AI banker again")
    assert _figure(hosts[0].url, "banker_handovers_waiting") == 0
    figures = 'banker_handovers_total{outcome="taken"}', "banker_handover_wait_seconds_count"
    assert all(_figure(hosts[1].url, name) >= 1 for name in figures)
    assert _figure(hosts[1].url, 'banker_handovers_total{outcome="returned"}') >= 1


def test_of_two_colleagues_one_gets_the_talk_and_another_tenant_sees_nothing(dana: Writer, maria: Desk) -> None:
    ken = Desk(maria.url, "ken")
    maria.talks()
    dana.write("I want to talk to a person")
    dana.reads("in line")
    with ThreadPoolExecutor(2) as at_once:
        answers = list(
            at_once.map(
                lambda desk: _status(f"{desk.url}/v1/desk/talks/{dana.id}/take", desk.known["token"]), (maria, ken)
            )
        )
    assert sorted(answers) == [200, 409]
    winner, loser = (maria, ken) if answers[0] == 200 else (ken, maria)
    wait_until(lambda: winner.see(dana.id)["state"] == "joined", 60, "the colleague being there")
    loser.see(dana.id, 404)
    loser.act(dana.id, "say", 404, text="Hello", key="12345678")
    loser.act(dana.id, "return", 404)
    winner.act(dana.id, "hold", held=True)
    dana.reads("has put you on hold")
    winner.act(dana.id, "hold", held=False)
    dana.reads("is back")
    winner.act(dana.id, "end", outcome="Solved")
    dana.reads("has ended our conversation")
    dana.events.wait_for("session.ended", 20)


def test_a_token_of_the_desk_is_good_for_the_desk_alone_and_replaced_by_the_next(
    dana: Writer, maria: Desk, hosts: Hosts
) -> None:
    old = maria.known["token"]
    maria.begin()
    maria.talks()
    for token in (old, dana.token, old[:-4] + "AAAA", ""):
        assert _status(f"{maria.url}/v1/desk/presence", token, {"available": True}) == 401
    assert _status(f"{hosts[0].url}/v1/sessions/{dana.id}/end", maria.known["token"]) == 401
    assert _status(f"{maria.url}/desk/session", "") == 401, "nobody is signed in"
    foreign = {"Origin": "https://evil.example"}
    answer = maria.http.post(f"{maria.url}/desk/session", json={}, headers=foreign, timeout=30)
    assert answer.status_code == 401


def _status(url: str, token: str, body: Any = None) -> int:
    """Send a request with a token, and return the answer's status."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(url, json=body or {}, headers=headers, timeout=30).status_code


def _figure(url: str, name: str) -> float:
    """Read one of the service's metrics."""
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    text = requests.get(f"{url}/metrics", headers=headers, timeout=30).text
    return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name} ")), 0.0)


def _without_type(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "type"}
