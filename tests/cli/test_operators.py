"""What an operator sees and ends with `flask banker sessions` and `flask banker end`, whichever worker has a call."""

import json
import platform

import pytest
from flask import Flask

from banker import Banker
from banker.config.loading import load
from tests.cli.test_commands import flask
from tests.client import Customer
from tests.servers import Gunicorn, RedisServer, config_environment, write_config


@pytest.fixture(scope="module")
def redis():
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def environ(tmp_path_factory, redis):
    """What the service and the operator's shell have: one configuration of two tenants, and one Redis."""
    service = {"media": {"allow_private_candidates": True}}
    config = write_config(tmp_path_factory.mktemp("config"), service, bank={}, other={})
    return {**config_environment(), "BANKER_CONFIG": str(config), "BANKER_REDIS_URL": redis.url}


@pytest.fixture(scope="module")
def service(environ):
    server = Gunicorn(environ["BANKER_CONFIG"], workers=2, environ=environ, ready=True)
    yield server
    server.close()


@pytest.fixture
def talk(service):
    """Starts a call, by default that of the one user of the bank."""
    customers = []

    def start(user="user-456", tenant="bank"):
        customer = Customer(service.url, user=user, tenant=tenant)
        customers.append(customer)
        customer.create()
        customer.connect()
        customer.call()
        return customer

    yield start
    for customer in customers:
        customer.close()


@pytest.fixture
def banker(environ):
    """Runs `flask banker …` here, as another host would; returns status, standard output and standard error."""

    def run(*arguments, **changes):
        host = Flask("host")
        Banker(host, load(environ["BANKER_CONFIG"], {**environ, **changes}))
        done = host.test_cli_runner().invoke(args=["banker", *arguments])
        return done.exit_code, done.stdout, done.stderr

    return run


def test_sessions_are_listed_and_ended_on_any_worker(environ, service, talk, banker):
    first, second = talk(), talk(user="\x1b[31muser", tenant="other")
    waiting = Customer(service.url, user="user-789")
    ids = [first.session["session_id"], second.session["session_id"], waiting.create()["session_id"]]

    status, table, _ = banker("sessions")
    places = [f"{platform.node()}/{pid}" for pid in service.workers]
    assert (status, table.count("\n")) == (0, 4) and "\x1b" not in table
    found = json.loads(banker("sessions", "--json")[1])
    assert [(one["session_id"], one["user_id"], one["state"]) for one in found] == [
        (ids[0], "user-456", "active"),
        (ids[1], "\x1b[31muser", "active"),
        (ids[2], "user-789", "created"),
    ]
    assert found[0]["worker"] in places and found[1]["worker"] in places and found[2]["worker"] is None
    assert [one["session_id"] for one in json.loads(banker("sessions", "--json", "--tenant", "other")[1])] == ids[1:2]

    done = flask("banker", "end", ids[0], environ=environ)
    assert (done.returncode, done.stdout) == (0, f"ended {ids[0]} of the user 'user-456' at bank\n")
    first.events.wait_for("session.ended", reason="operator")
    first.browser.wait_gone()
    assert second.browser.pc.connectionState == "connected"
    status, shown, _ = banker("end", "--user", "\x1b[31muser")
    assert (status, shown.count("ended sess-")) == (0, 1)
    second.browser.wait_gone()
    assert banker("end", "--user", "user-789", "--tenant", "bank")[0] == 0
    assert banker("sessions") == (0, "There are no live sessions.\n", "")


def test_a_call_ends_whose_session_is_no_longer_stored(redis, talk, banker):
    customer = talk()
    redis.cli("flushall")
    status, shown, message = banker("end", customer.session["session_id"])
    assert (status, shown) == (1, "") and "is not a live session" in message
    customer.events.wait_for("session.ended", reason="operator")
    customer.browser.wait_gone()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["end"], 2, "name the SESSION, or the user"),
        (["end", "sess-1", "--user", "u"], 2, "name the SESSION, or the user"),
        (["end", "sess-1", "--tenant", "bank"], 2, "--tenant belongs to --user"),
        (["end", "sess-1"], 1, "'sess-1' is not the id of a session"),
        (["end", "--user", "nobody"], 1, "the user 'nobody' has no live session at bank, other"),
        (["sessions", "--tenant", "nowhere"], 2, "'nowhere' is not one of 'bank', 'other'"),
    ],
)
def test_what_cannot_be_found_or_understood_is_an_error_and_a_status(banker, arguments, status, message):
    done = banker(*arguments)
    assert done[:2] == (status, "") and message in done[2]


@pytest.mark.parametrize("arguments", [["sessions"], ["end", "--user", "user-456"]])
def test_without_redis_or_during_its_outage_the_commands_say_so(banker, arguments):
    status, shown, message = banker(*arguments, BANKER_REDIS_URL="")
    assert (status, shown) == (1, "") and "in the memory of the running service" in message
    status, shown, message = banker(*arguments, BANKER_REDIS_URL="redis://127.0.0.1:1/0")
    assert (status, shown) == (1, "") and "The session store cannot be reached" in message
