"""What an operator sees and ends, whichever of two workers has a call: the commands, metrics, dashboard and alerts."""

import json
import os
import platform
import re
import signal
import subprocess
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import requests
from flask import Flask

from banker import Banker
from banker.config.loading import load
from banker.server.metrics import CAUSES, CHANNELS, ENGINES
from banker.tools.base import ToolResult
from bench.metrics import TOKEN, environment, values
from tests.cli.test_commands import flask
from tests.client import Customer
from tests.servers import ROOT, Gunicorn, RedisServer, answers, config_environment, free_port, wait_until, write_config

MONITORING = ROOT / "examples" / "monitoring"
LABELS = {
    "cause": CAUSES,
    "channel": CHANNELS,
    "engine": ENGINES,
    "job": ["virtual-banker"],
    "outcome": get_args(get_type_hints(ToolResult)["status"]),
}
"""The values that a label of the alerts may have."""


@pytest.fixture(scope="module")
def redis():
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def environ(tmp_path_factory, redis):
    """What the service and the operator's shell have: one configuration of two tenants, and one Redis."""
    folder = tmp_path_factory.mktemp("config")
    bank = {"config": {"allowed_tools": ["get_account_status"]}}
    config = write_config(folder, {"media": {"allow_private_candidates": True}}, bank=bank, other={})
    names = {"BANKER_CONFIG": config, "BANK_DATABASE": folder / "bank.sqlite3", "TMPDIR": folder}
    environ = {name: str(path) for name, path in names.items()}
    return {**config_environment(), **environment(), **environ, "BANKER_REDIS_URL": redis.url}


@pytest.fixture(scope="module")
def service(environ):
    server = Gunicorn(environ["BANKER_CONFIG"], workers=2, environ=environ, app="bench.bank:app", ready=True)
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
    assert banker("sessions") == (0, "No live sessions.\n", "")


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
    assert (status, shown) == (1, "") and "The session store is unavailable" in message


class Prometheus:
    """A Prometheus with the shipped configuration, which scrapes `port` twice a second."""

    def __init__(self, port, folder):
        self.url = f"http://127.0.0.1:{free_port()}"
        (folder / "token").write_text(TOKEN)
        shipped = (MONITORING / "prometheus.yml").read_text()
        for before, here in (
            (" 15s", " 500ms"),
            ("- alerts.yml", f"- {MONITORING / 'alerts.yml'}"),
            ("/etc/prometheus/banker-metrics-token", str(folder / "token")),
            ("127.0.0.1:8081", f"127.0.0.1:{port}"),
        ):
            assert before in shipped
            shipped = shipped.replace(before, here)
        (folder / "prometheus.yml").write_text(shipped)
        address = self.url.removeprefix("http://")
        options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        self._process = subprocess.Popen(
            ["prometheus", *options, f"--web.listen-address={address}"], stderr=subprocess.DEVNULL
        )
        wait_until(lambda: answers(int(address.rpartition(":")[2])), 60, "Prometheus accepting connections")
        wait_until(lambda: self.query("count_over_time(up[1m]) >= 3 and up == 1"), 60, "three scrapes")

    def get(self, path, **parameters):
        """What the API answers; None while it starts."""
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=20)
        if answer.status_code == 503:
            return None
        assert answer.status_code == 200, (parameters, answer.text)
        return answer.json()["data"]

    def query(self, expression):
        """The series that the expression has now."""
        return (self.get("query", query=expression) or {"result": []})["result"]

    def close(self):
        self._process.kill()
        self._process.wait()


def test_the_dashboard_and_the_alerts_find_their_figures_in_a_scrape_of_two_workers(service, talk, tmp_path):
    customers = [talk(user=f"user-{number}") for number in range(3)]
    for customer in customers:
        customer.consent()
        customer.events.wait_for("transcript", role="banker", final=True)
        customer.send({"type": "message.send", "text": "What is the balance of my account?"})
        customer.events.wait_for("tool.finished", limit=60)
    nonsense = ("Purple dishwashers sing about seventeen umbrellas.", "Flibber the wug of marmalade.")
    for turns, text in enumerate(nonsense, 2):  # the greeting and the balance come before
        wait_until(lambda turns=turns: len(said(customers[0])) == turns, 60, "the answer before")
        customers[0].send({"type": "message.send", "text": text})
    wait_until(lambda: len(said(customers[0])) == 4, 60, "the last answer")
    wait_until(lambda: values(service)["banker_peers"] == 3, what="the calls being counted")
    counted = values(service)
    assert counted["banker_threads_limit"] == 80
    assert counted['banker_turns_total{channel="typed"}'] == 5
    assert counted['banker_tool_calls_total{outcome="ok",tool="get_account_status"}'] == 3
    assert (counted["banker_not_understood_total"], counted["banker_person_offers_total"]) == (2, 1)

    prometheus = Prometheus(service.port, tmp_path)
    try:
        dashboard = json.loads((MONITORING / "grafana.json").read_text())
        shown = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
        shown.append(re.fullmatch(r"label_values\((\w+), instance\)", dashboard["templating"]["list"][1]["query"])[1])
        for expression in shown:
            here = expression.replace("$instance", ".*").replace("$__rate_interval", "1m")
            assert prometheus.query(here), expression
        rules = prometheus.get("rules")["groups"][0]["rules"]
        wait_until(lambda: all(rule["health"] == "ok" for rule in prometheus.get("rules")["groups"][0]["rules"]), 20)
        for rule in rules:
            check_selectors(prometheus, rule["query"])
    finally:
        prometheus.close()
    for customer in customers:
        customer.end()


def said(customer):
    """The banker's finished turns."""
    return [each for each in customer.events.of_type("transcript") if each["role"] == "banker" and each["final"]]


def check_selectors(prometheus, expression):
    """Every series and label of an alert is there; values that have not been counted yet can be."""
    selectors = re.findall(r"\b(banker_\w+|up\b)(?:\{(.*?)\})?", expression)
    assert selectors
    for name, matchers in selectors:
        series = prometheus.query(name)
        assert series, name
        for label, text in re.findall(r'(\w+)=~?"(.*?)"', matchers):
            assert label in series[0]["metric"] and set(text.split("|")) <= set(LABELS[label]), expression
        for grouped in re.findall(r"by \((.*?)\)", expression):
            assert set(grouped.split(", ")) <= {*series[0]["metric"], "tool", "cause"}, expression


def values_of(service, names):
    """The values of these metrics; none while no worker answers."""
    try:
        found = values(service)
    except requests.RequestException:
        return ()
    return tuple(found[name] for name in names)


def test_counters_outlive_workers_and_gauges_do_not(service, talk, banker):
    wait_until(lambda: values(service)["banker_calls"] == 0, what="the end of earlier calls")
    customers = [talk(user=f"user-{number}") for number in range(3)]
    wait_until(lambda: values(service)["banker_peers"] == 3, what="the calls being counted")
    created = values(service)["banker_sessions_created_total"]
    places = [int(one["worker"].partition("/")[2]) for one in json.loads(banker("sessions", "--json")[1])]
    os.kill(places[0], signal.SIGKILL)

    gauges = ("banker_threads_limit", "banker_peers", "banker_calls")

    left = len(places) - places.count(places[0])
    wait_until(lambda: values_of(service, gauges) == (80, left, left), 60, "a successor")
    assert values_of(service, ["banker_sessions_created_total"]) == (created,)

    for customer in customers:
        customer.end()
    replaced = set(service.workers)
    service.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not replaced & set(service.workers), 90, "the workers being replaced")
    wait_until(lambda: values_of(service, gauges) == (80, 0, 0), 60, "the gauges of two workers")
    assert values_of(service, ["banker_sessions_created_total"]) == (created,)


def test_an_upgrade_keeps_the_counters_and_leaves_no_gauge_and_no_file(service, talk, environ):
    figures = ("banker_threads_limit", "banker_peers", "banker_sessions_created_total")
    customer = talk()
    created = values(service)["banker_sessions_created_total"]
    ready, folder = service.log.count("ready for calls"), Path(environ["TMPDIR"])
    service.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: service.log.count("ready for calls") == ready + 2, 120, "the workers of the new master")
    assert values(service)["banker_sessions_created_total"] == created
    try:
        assert service.stop(60) == 0
        customer.create()
        wait_until(lambda: values_of(service, figures) == (80, 0, created + 1), 60, "the gauges of two workers")
        living = [int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", service.log)[-2:]]
        assert {int(file.stem.rpartition("_")[2]) for file in folder.glob("banker-metrics-*/gauge_live*")} == {*living}
    finally:
        os.kill(int(re.findall(r"Listening at: \S+ \((\d+)\)", service.log)[-1]), signal.SIGTERM)
    wait_until(lambda: not list(folder.glob("banker-metrics-*")), 60, "the end of the new master")
