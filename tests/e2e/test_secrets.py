"""What is said of a card, a PIN, a password or a code is found nowhere afterwards: a real service is searched."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.client import Customer
from tests.e2e.test_talk import BOTH, Bank, answers, ask, scripted
from tests.handover.test_hooks import SECRET, Receiver
from tests.model_server import ModelServer, call, calls, says
from tests.servers import RedisServer, wait_until

WARNING = "Please never share card numbers"
SAID = [
    "my card 4929 0077 0033 5552 was declined, why?",
    "the number is four nine two nine, double oh double seven, double oh double three, double five five two",
    "open a ticket with subject Marigold and details my pin is 7391 and my cvv is 852",
    "the code he texted me is 640285, what is my balance?",
    "the code he texted me is six four oh two eight five, what is my balance?",
    "my pin is seven three nine one, is my account open?",
    "my password is Xylophone-88 and I want my balance",
]
DETAILS = "show me all the details of my card"
SECRETS = re.compile(
    r"4929\W?0077|0033\W?5552|four nine two nine|double oh|five five five two|\b7\W?3\W?9\W?1\b|seven three nine one"
    r"|cvv\W+(?:is )?8|640\W?285|six four oh|Xylophone",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


Start = Callable[[RedisServer | None], Bank]


@pytest.fixture
def start(tmp_path: Path, models: ModelServer, receiver: Receiver) -> Iterator[Start]:
    """Return a function that starts a bank which hands over to a contact centre and has a webhook."""
    started: list[Bank] = []

    def start(redis_server: RedisServer | None) -> Bank:
        bank = Bank(
            tmp_path,
            models,
            redis_server,
            app="talkative_bank",
            tools=[*BOTH, "show_card"],
            service={
                "webhook": {"url": receiver.url, "secret_env": "WEBHOOK_SECRET"},
                "speech": {"synthesiser": "none"},
            },
            environ={"WEBHOOK_SECRET": SECRET.decode(), "HAND_OVERS": str(tmp_path / "hand_overs")},
        )
        started.append(bank)
        return bank

    yield start
    for bank in started:
        bank.server.close()


def test_no_secret_is_in_redis_the_log_a_model_request_the_books_the_webhook_or_a_summary(
    start: Start, models: ModelServer, receiver: Receiver
) -> None:
    redis_server = RedisServer()
    try:
        bank = start(redis_server)
        shown = [write(bank, tenant) for tenant in ("bank", "model")]
        assert bank.query("SELECT details FROM tickets WHERE details LIKE '%[PIN removed]%'")
        stored = everything_in(redis_server)
        assert "audit" in stored and "[card number removed]" in stored and "[PIN removed]" in stored
        wait_until(lambda: any(b"talk.ended" in body for _, body in receiver.requests), 60, "the webhook")
        webhook = b"".join(body for _, body in receiver.requests).decode()
        assert_no_secret(bank, models, stored, webhook, *shown)
    finally:
        redis_server.close()


def test_no_secret_is_in_the_file_of_the_audit_trail_nor_what_a_user_gets_of_it(
    start: Start, models: ModelServer
) -> None:
    bank = start(None)
    shown = write(bank, "bank")
    exported = bank.run("export", "--tenant", "bank", "--user", "demo-customer")
    assert "tool.called" in exported
    assert_no_secret(bank, models, shown, bank.audit.read_text(), exported)


def write(bank: Bank, tenant: str) -> str:
    """Type secrets, have a tool tell some, ask for a person, and end. Returns what was shown."""
    with bank.customer(tenant) as customer:
        for text in SAID:
            ticket = {"subject": "Marigold", "details": text}
            scripted(bank, calls(call("create_ticket", ticket)) if "ticket" in text else says("I see."))
            ask(customer, text)
            if "ticket" in text:
                scripted(bank, says("It is open."))
                ask(customer, "yes")
        assert any(WARNING in text for text in answers(customer))
        scripted(bank, calls(call("show_card", {})), says("Your card number is 4929007700335552 and the PIN 7391."))
        ask(customer, DETAILS)
        customer.events.wait_for("tool.finished", tool="show_card", ok=True)
        scripted(bank, calls(call("get_colleague", {"reason": "my pin is 7391"})), says("Please call 0800 123 456."))
        ask(customer, "I want to talk to a person", containing="0800 123 456")
        return _ended(customer)


def assert_no_secret(bank: Bank, models: ModelServer, *places: str) -> None:
    with sqlite3.connect(bank.database) as books:
        tickets = "\n".join(books.iterdump())
    hand_overs = Path(bank.environ["HAND_OVERS"]).read_text()
    assert "[card number removed]" in hand_overs and "transcript" in hand_overs
    requests = json.dumps(models.requests, ensure_ascii=False)
    for place in (*places, tickets, hand_overs, requests, bank.server.log):
        assert SECRETS.findall(place) == []


def everything_in(server: RedisServer) -> str:
    """Every key of a Redis server with its value, as text."""
    client = redis.Redis.from_url(server.url, decode_responses=True)
    readers: dict[str, Callable[[Any], Any]] = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda key: client.lrange(key, 0, -1),
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1),
        "stream": client.xrange,
    }
    return str([(key, readers[client.type(key)](key)) for key in client.scan_iter()])


def _ended(customer: Customer) -> str:
    """End the talk and return what was shown of it."""
    customer.end()
    customer.events.wait_for("session.ended")
    return json.dumps([*customer.events.of_type("transcript"), *customer.events.of_type("confirm.request")])
