"""One banker in several applications: each caller's tools run in the application that the caller came through."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import pytest
from flask import Flask, current_app

from banker import Banker, Choices
from banker.tools.base import Caller, Choice
from banker.tools.toolbox import Toolbox
from tests.tools.payments import CALLER


def register(toolbox: Toolbox, host: Flask) -> None:
    """Register the tools of a host, as a factory does each time that it is called."""

    def offered(caller: Caller) -> Mapping[str, Sequence[str]]:
        return {host.name: [current_app.name]}

    @toolbox.tool
    def look(caller: Caller, name: Annotated[str, Choices(offered)]) -> list[str]:
        return [host.name, current_app.name]


def registered_first(toolbox: Toolbox, host: Flask) -> int:
    register(toolbox, host)
    return toolbox.add_host(host.app_context)


def registered_last(toolbox: Toolbox, host: Flask) -> int:
    number = toolbox.add_host(host.app_context)
    register(toolbox, host)
    return number


@pytest.mark.parametrize("create_app", [registered_first, registered_last])
def test_each_caller_gets_the_tools_of_their_own_application(create_app: Callable[[Toolbox, Flask], int]) -> None:
    toolbox = Toolbox()
    numbers = {name: create_app(toolbox, Flask(name)) for name in ("retail", "private", "business")}
    assert len(toolbox.specs(["look"])) == 1
    for name, number in numbers.items():
        caller = replace(CALLER, host=number)
        assert asyncio.run(toolbox.run(caller, "look", {"name": name}, ["look"])).value == [name, name]
        assert asyncio.run(toolbox.choices(caller, "look", "name", ["look"])) == (Choice(name, (name,)),)
        assert asyncio.run(toolbox.run(caller, "look", {"name": "other"}, ["look"])).status == "invalid"


def test_tools_that_are_registered_once_belong_to_all_applications() -> None:
    toolbox = Toolbox()
    toolbox.add(lambda caller: current_app.name, name="look")
    for name in ("retail", "private"):
        caller = replace(CALLER, host=toolbox.add_host(Flask(name).app_context))
        assert asyncio.run(toolbox.run(caller, "look", {}, ["look"])).value == name


def test_another_function_of_the_same_name_is_refused_in_a_second_application_too() -> None:
    toolbox = Toolbox()
    registered_last(toolbox, Flask("retail"))
    toolbox.add_host(Flask("private").app_context)

    def look(caller: Caller) -> None: ...

    with pytest.raises(ValueError, match="exists already"):
        toolbox.add(look)


def test_a_request_of_the_service_knows_which_application_it_came_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANKER_DEMO", "1")
    banker = Banker()
    seen: list[Any] = []
    banker.app.before_request_funcs.setdefault(None, []).insert(0, lambda: seen.append(_host_of_request()))
    hosts = [Flask("retail"), Flask("private")]
    for host in hosts:
        banker.init_app(host)
    for host in reversed(hosts):
        host.test_client().get("/banker/health")
    banker.app.test_client().get("/health")
    assert seen == [1, 0, None]
    banker.close()


def _host_of_request() -> Any:
    from flask import request

    from banker.server.mount import HOST_KEY

    return request.environ.get(HOST_KEY)
