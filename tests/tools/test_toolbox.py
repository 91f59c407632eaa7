"""Who may call which tool, in which context it runs, and how each call ends."""

import asyncio
import contextvars
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest

from banker.tools.base import Caller, ToolResult
from banker.tools.toolbox import Toolbox
from tests.tools.payments import ALL, CALLER, SECRET, run


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


@pytest.mark.parametrize(
    "name",
    ["pаy", "pay ", "PAY", "ｐａｙ", "pay\0", "p\u200bay", "", "tool", "__init__", "none", None, 7, ["pay"], {"a": 1}],
)  # fmt: skip
def test_only_the_exact_name_calls_a_tool(toolbox: Toolbox, name: Any) -> None:
    assert run(toolbox, name, {"amount": 1, "to": "Ann"}, {*ALL, "none"}).status == "denied"


@pytest.mark.parametrize("allowed", [(), ["look"], "pay", {"PAY"}])
def test_a_tool_that_the_tenant_does_not_allow_never_runs(toolbox: Toolbox, allowed: Any) -> None:
    ran: list[int] = []
    toolbox.add(lambda caller: ran.append(1), name="quick")
    assert run(toolbox, "quick", {}, allowed).status == "denied"
    assert run(toolbox, "pay", {"amount": 1, "to": "Ann"}, allowed).status == "denied"
    assert ran == [] and toolbox.specs(allowed) == []


def test_a_tool_runs_in_the_hosts_application_context() -> None:
    host = flask.Flask("host")
    ended: list[Any] = []
    host.teardown_appcontext(ended.append)
    toolbox = Toolbox(app_context=host.app_context)
    toolbox.add(lambda caller: flask.current_app.name, name="look")
    assert run(toolbox, "look", {}) == ToolResult("ok", "host")
    assert ended == [None]
    assert not flask.has_app_context()


def test_a_tool_runs_in_no_request_context_even_if_a_request_led_to_the_call() -> None:
    host, service = flask.Flask("host"), flask.Flask("service")
    host.config["SERVER_NAME"] = "bank.example"
    host.add_url_rule("/accounts", "accounts")
    toolbox = Toolbox(app_context=host.app_context)
    toolbox.add(lambda caller: [flask.has_request_context(), flask.url_for("accounts")], name="look")
    with service.test_request_context("/v1/realtime/sess-1"):
        assert run(toolbox, "look", {}).value == [False, "http://bank.example/accounts"]


def test_a_context_variable_that_a_tool_sets_does_not_reach_the_next_call() -> None:
    user = contextvars.ContextVar("user", default="nobody")
    toolbox = Toolbox(threads=1)

    @toolbox.tool
    def look(caller: Caller) -> str:
        before = user.get()
        user.set("somebody")
        return before

    assert [run(toolbox, "look", {}).value for _ in range(2)] == ["nobody", "nobody"]


def test_a_slow_tool_is_a_timeout_and_its_late_result_is_reported(
    caplog: pytest.LogCaptureFixture, release: threading.Event
) -> None:
    reported: list[ToolResult] = []
    toolbox = Toolbox(on_finished=lambda *call: reported.append(call[3]))

    @toolbox.tool(timeout=0.05)
    def hang(caller: Caller) -> str:
        release.wait(10)
        return SECRET

    async def scenario() -> None:
        assert await toolbox.run(CALLER, "hang", {}, ALL) == ToolResult("timeout")
        assert reported == [ToolResult("timeout")]
        release.set()
        await until(lambda: len(reported) == 2)

    asyncio.run(scenario())
    assert reported[1] == ToolResult("ok", SECRET)
    assert "hang returned late: ok" in caplog.text and SECRET not in caplog.text


def test_a_call_fails_at_once_while_all_threads_hang_and_works_when_they_are_free(release: threading.Event) -> None:
    toolbox = Toolbox(threads=2)
    toolbox.add(lambda caller: release.wait(10), name="hang", timeout=0.03)
    ran: list[int] = []
    toolbox.add(lambda caller: ran.append(1), name="quick", timeout=30)

    async def scenario() -> None:
        hanging = [toolbox.run(CALLER, "hang", {}, ALL) for _ in range(2)]
        assert [result.status for result in await asyncio.gather(*hanging)] == ["timeout"] * 2
        async with asyncio.timeout(1):
            result = await toolbox.run(CALLER, "quick", {}, ALL)
        assert result.status == "failed" and "busy" in result.reason and ran == []
        release.set()
        await until(lambda: not toolbox.execution.overdue)
        assert (await toolbox.run(CALLER, "quick", {}, ALL)).status == "ok"

    asyncio.run(scenario())


def test_a_call_that_gets_no_thread_in_time_never_runs(release: threading.Event) -> None:
    toolbox = Toolbox(threads=1)
    toolbox.add(lambda caller: release.wait(10), name="hang", timeout=30)
    ran: list[int] = []
    toolbox.add(lambda caller: ran.append(1), name="quick", timeout=0.03)

    async def scenario() -> None:
        hanging = asyncio.ensure_future(toolbox.run(CALLER, "hang", {}, ALL))
        await asyncio.sleep(0)
        assert (await toolbox.run(CALLER, "quick", {}, ALL)).status == "failed"
        release.set()
        await hanging

    asyncio.run(scenario())
    assert toolbox.close(5) and ran == []


def test_many_calls_share_few_threads(toolbox: Toolbox) -> None:
    seen: set[str] = set()
    toolbox.add(lambda caller: seen.add(threading.current_thread().name), name="quick")

    async def scenario() -> list[ToolResult]:
        return await asyncio.gather(*(toolbox.run(CALLER, "quick", {}, ALL) for _ in range(100)))

    assert {result.status for result in asyncio.run(scenario())} == {"ok"}
    assert 1 <= len(seen) <= 2 and all(name.startswith("banker-tool") for name in seen)


def test_calls_cancelled_at_20_random_moments_finish_and_are_reported_once() -> None:
    toolbox, rng = Toolbox(threads=4), random.Random(1)
    completed: list[int] = []
    reported: list[tuple[int, str]] = []

    @toolbox.tool(timeout=10)
    def pay(caller: Caller, number: int) -> int:
        threading.Event().wait(0.004)
        completed.append(number)
        return number

    async def scenario() -> None:
        for number in range(20):
            call = asyncio.ensure_future(
                toolbox.run(
                    CALLER, "pay", {"number": number}, ALL,
                    on_finished=lambda caller, name, given, result: reported.append((given["number"], result.status)),
                )
            )  # fmt: skip
            await asyncio.sleep(0)
            await asyncio.sleep(rng.random() * 0.008)
            call.cancel()
        await until(lambda: len(reported) == 20)

    asyncio.run(scenario())
    assert sorted(completed) == list(range(20))
    assert sorted(reported) == [(number, "ok") for number in range(20)]


def test_a_call_that_outlives_its_loop_is_reported_by_its_thread(release: threading.Event) -> None:
    reported: list[ToolResult] = []
    toolbox = Toolbox(on_finished=lambda *call: reported.append(call[3]))
    toolbox.add(lambda caller: release.wait(10), name="hang")

    async def scenario() -> None:
        task = asyncio.ensure_future(toolbox.run(CALLER, "hang", {}, ALL))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(scenario())
    assert reported == [] and not toolbox.close(0)
    release.set()
    assert toolbox.close(5)
    asyncio.run(until(lambda: bool(reported)))
    assert reported == [ToolResult("ok", True)]


def test_observers_see_every_result_and_a_failing_observer_does_no_harm(
    toolbox: Toolbox, caplog: pytest.LogCaptureFixture
) -> None:
    reported: list[str] = []

    def failing(caller: Caller, name: str, arguments: Any, result: ToolResult) -> None:
        reported.append(result.status)
        raise ValueError(SECRET)

    toolbox.on_finished = failing
    for name, given in (("pay", {"amount": 1, "to": "Ann"}), ("pay", {"to": SECRET}), (SECRET, {})):
        run(toolbox, name, given)
    assert reported == ["ok", "invalid", "denied"]
    assert "ValueError" in caplog.text and SECRET not in caplog.text
