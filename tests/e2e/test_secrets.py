"""What a customer says of a card, a PIN, a password or a code is found nowhere afterwards: a real service is searched."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.e2e.test_talk import Bank, answers, ask, scripted
from tests.model_server import ModelServer, call, calls, says
from tests.servers import RedisServer

SAID = [
    "my card 4929 0077 0033 5552 was declined, why?",
    "the number is four nine two nine, double oh double seven, double oh double three, double five five two",
    "open a ticket with subject Marigold and details my pin is 7391 and my cvv is 852",
    "the code he texted me is 640285, what is my balance?",
    "my password is Xylophone-88 and I want my balance",
]
SECRETS = ["4929 0077", "49290077", "double oh", "is 7391", "cvv is 8", "640285, what", "Xylophone"]


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def models() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.close()


def test_no_secret_is_in_redis_the_trail_the_log_a_model_request_or_the_books(
    tmp_path: Path, models: ModelServer, redis_server: RedisServer
) -> None:
    bank = Bank(tmp_path, models, redis_server)
    warning = "Please never share card numbers"
    try:
        events = []
        for tenant in ("bank", "model"):
            with bank.customer(tenant) as customer:
                for text in SAID:
                    ticket = {"subject": "Marigold", "details": text}
                    scripted(bank, calls(call("create_ticket", ticket)) if "ticket" in text else says("I see."))
                    ask(customer, text)
                    if "ticket" in text:
                        scripted(bank, says("It is open."))
                        ask(customer, "yes")
                assert any(warning in text for text in answers(customer))
                events.append(
                    json.dumps(customer.events.of_type("transcript") + customer.events.of_type("confirm.request"))
                )
        assert bank.tickets("Marigold") >= 1
        stored = everything_in(redis_server)
        assert "audit" in stored and "[card number removed]" in stored
        with sqlite3.connect(bank.database) as books:
            dump = "\n".join(books.iterdump())
        assert "[PIN removed]" in dump
        requests = json.dumps(models.requests)
        assert "[card number removed]" in requests
        for place in (*events, stored, dump, requests, bank.server.log):
            assert [secret for secret in SECRETS if secret in place] == []
    finally:
        bank.server.close()


def everything_in(server: RedisServer) -> str:
    """Every key of a Redis server with its value, as text."""
    client = redis.Redis.from_url(server.url, decode_responses=True)
    readers = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda key: client.lrange(key, 0, -1),
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1),
        "stream": client.xrange,
    }
    return str([(key, readers[client.type(key)](key)) for key in client.scan_iter()])
