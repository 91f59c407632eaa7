"""A worker that is killed loses nothing that was acknowledged, and nothing is done twice: gunicorn, Redis, SQLite."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import Customer
from tests.servers import Gunicorn, RedisServer, wait_until, write_config

LATE = "late coin counter"
"""The ticket is in the books some seconds before its tool returns, see `tests.apps.bank`."""


class Bank:
    """The service with two workers, and the bank's books."""

    def __init__(self, folder: Path, redis: RedisServer) -> None:
        self.database = folder / "bank.sqlite3"
        policy = {"require_consent": False}
        config = write_config(folder, bank={"config": {"allowed_tools": ["create_ticket"], "policy": policy}})
        environ = {"BANKER_REDIS_URL": redis.url, "BANK_DATABASE": str(self.database)}
        self.server = Gunicorn(config, workers=2, environ=environ, app="tests.apps:bank()", ready=True)

    def tickets(self) -> list[str]:
        """Return the subjects of all tickets. The tables are there once a tool was used."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=5)) as books:
            tables = [name for (name,) in books.execute("SELECT name FROM sqlite_master")]
            if "tickets" not in tables:
                return []
            return [subject for (subject,) in books.execute("SELECT subject FROM tickets ORDER BY id")]

    def kill_workers(self) -> None:
        """Kill the workers, the one with the call among them, and wait for others."""
        gone = self.server.workers
        for pid in gone:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(set(self.server.workers) - set(gone)) == 2, limit=60, what="other workers")


@pytest.fixture
def bank(tmp_path: Path, redis_server: RedisServer) -> Iterator[Bank]:
    bank = Bank(tmp_path, redis_server)
    yield bank
    bank.server.close()


def answers(customer: Customer) -> list[str]:
    """Return the banker's finished turns."""
    return [e["text"] for e in customer.events.of_type("transcript") if e["role"] == "banker" and e["final"]]


def test_a_worker_killed_while_a_tool_runs_leaves_one_ticket_and_an_answer(bank: Bank) -> None:
    with Customer(bank.server.url, user="demo-customer") as customer:
        customer.create()
        customer.connect()
        customer.events.wait_for("transcript", role="banker", final=True)
        customer.send({"type": "message.send", "text": "open a ticket"})
        wait_until(lambda: any("What is the ticket about?" in text for text in answers(customer)), limit=30)
        customer.send({"type": "message.send", "text": LATE})
        question = customer.events.wait_for("confirm.request", 30)
        customer.send({"type": "confirm", "call_id": question["call_id"], "approved": True})
        wait_until(bank.tickets, what="the ticket in the books")
        bank.kill_workers()
        customer.come_back()
        wait_until(lambda: any("T-1042" in text for text in answers(customer)), limit=60, what="the outcome")
        assert len(customer.events.of_type("confirm.request")) == 1
        assert bank.tickets() == [LATE]


def test_a_question_that_a_worker_was_killed_over_is_answered(bank: Bank) -> None:
    with Customer(bank.server.url, user="demo-customer") as customer:
        customer.create()
        customer.connect()
        customer.events.wait_for("transcript", role="banker", final=True)
        customer.send({"type": "message.send", "text": "open a ticket"})
        customer.events.wait_for("transcript", role="user", final=True)
        bank.kill_workers()
        customer.come_back()
        wait_until(lambda: any("What is the ticket about?" in text for text in answers(customer)), limit=60)
