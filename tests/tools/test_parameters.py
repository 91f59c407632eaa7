"""Typed parameters, and the choices that the bank offers to each caller."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import flask
import pytest
from marshmallow.validate import Range

from banker import Choices
from banker.tools.base import Caller, Choice, ParameterType, ToolResult
from banker.tools.calling import ToolError
from banker.tools.toolbox import Toolbox
from tests.tools.payments import CALLER, run

ALL = ("transfer", "look")
OTHER = Caller("tenant-123", "somebody-else")


class Reason(Enum):
    LOST = "lost"
    WAS_STOLEN = "was_stolen"


class Level(Enum):
    LOW = 1
    HIGH = 2


def accounts_of(caller: Caller) -> Mapping[str, Sequence[str]]:
    return {"acc-1": ["Checking", "current account"], "acc-2": []} if caller.user_id == CALLER.user_id else {}


def transfer(
    caller: Caller,
    account: Annotated[str, "From where.", Choices(accounts_of)],
    reason: Reason,
    speed: Literal["next_day", "at_once"],
    amount: Annotated[Decimal, Range(min=1)],
    times: int = 1,
    level: Level = Level.LOW,
    day: date | None = None,
    at: time = time(9),
    until: datetime | None = None,
    urgent: bool = False,
    note: str = "",
    to: Annotated[str | None, Choices(accounts_of)] = None,
    tags: list[str] | None = None,
) -> dict[str, Any]:
    """Transfer money."""
    return {"account": account, "reason": reason, "level": level, "day": day, "at": at, "until": until}


GIVEN = {"account": "acc-1", "reason": "was_stolen", "speed": "at_once", "amount": "5"}


@pytest.fixture
def tools() -> Toolbox:
    toolbox = Toolbox()
    toolbox.add(
        transfer,
        confirm=True,
        examples=["send money"],
        ask={"account": "Which account?"},
        says="Done. Your transfer has the number {id}.",
    )
    return toolbox


def test_an_agent_sees_the_type_of_each_parameter(tools: Toolbox) -> None:
    (spec,) = tools.specs(ALL)
    assert spec.parameter_types == {
        "account": ParameterType("choice", True),
        "reason": ParameterType(
            "choice", True, (Choice("lost", ("lost",)), Choice("was_stolen", ("was stolen",)))
        ),
        "speed": ParameterType(
            "choice", True, (Choice("next_day", ("next day",)), Choice("at_once", ("at once",)))
        ),
        "amount": ParameterType("amount", True),
        "times": ParameterType("integer", False),
        "level": ParameterType("choice", False, (Choice("LOW", ("LOW", "low")), Choice("HIGH", ("HIGH", "high")))),
        "day": ParameterType("date", False),
        "at": ParameterType("time", False),
        "until": ParameterType("datetime", False),
        "urgent": ParameterType("boolean", False),
        "note": ParameterType("text", False),
        "to": ParameterType("choice", False),
    }  # fmt: skip
    assert (spec.examples, spec.ask) == (("send money",), {"account": "Which account?"})
    assert spec.says == "Done. Your transfer has the number {id}."


def test_the_json_schema_describes_each_type(tools: Toolbox) -> None:
    properties = tools.specs(ALL)[0].parameters["properties"]
    assert properties["account"] == {"type": "string", "description": "From where."}
    assert properties["to"] == {"type": ["string", "null"]}
    assert properties["reason"] == {"type": "string", "enum": ["lost", "was_stolen"]}
    assert properties["level"] == {"type": "string", "enum": ["LOW", "HIGH"], "default": "LOW"}
    assert properties["at"] == {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"}
    assert properties["until"] == {"type": ["string", "null"], "format": "date-time"}


def test_values_reach_the_function_with_their_types(tools: Toolbox) -> None:
    more = {"level": "HIGH", "day": "2026-12-24", "at": "14:30", "until": "2026-12-24T15:00:00"}
    assert run(tools, "transfer", GIVEN | more, ALL).value == {
        "account": "acc-1", "reason": "was_stolen", "level": 2, "day": "2026-12-24", "at": "14:30:00",
        "until": "2026-12-24T15:00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    "change", [{"reason": "bored"}, {"reason": "LOST"}, {"level": 1}, {"level": "1"}, {"at": "25:00"}, {"at": 9}]
)
def test_values_of_another_type_are_refused(tools: Toolbox, change: dict[str, Any]) -> None:
    assert run(tools, "transfer", GIVEN | change, ALL).status == "invalid"


def test_a_value_that_is_not_among_the_choices_is_refused_before_the_tool_runs() -> None:
    toolbox, ran = Toolbox(), []

    @toolbox.tool
    def look(caller: Caller, account: Annotated[str, Choices(accounts_of)]) -> None:
        ran.append(account)

    result = run(toolbox, "look", {"account": "acc-3"}, ALL)
    assert result == ToolResult("invalid", reason="account: must be one of: acc-1 (Checking), acc-2 (acc-2)")
    result = asyncio.run(toolbox.run(OTHER, "look", {"account": "acc-1"}, ALL))
    assert result == ToolResult("invalid", reason="account: there is nothing to choose from")
    assert ran == []
    assert run(toolbox, "look", {"account": "acc-2"}, ALL).status == "ok"


def choices(toolbox: Toolbox, tool: str, key: str, caller: Caller = CALLER) -> Sequence[Choice]:
    return asyncio.run(toolbox.choices(caller, tool, key, ALL))


def test_choices_are_asked_of_the_bank_for_each_caller(tools: Toolbox) -> None:
    assert choices(tools, "transfer", "account") == (
        Choice("acc-1", ("Checking", "current account")), Choice("acc-2", ("acc-2",))
    )  # fmt: skip
    assert choices(tools, "transfer", "account", OTHER) == ()
    assert choices(tools, "transfer", "reason") == (Choice("lost", ("lost",)), Choice("was_stolen", ("was stolen",)))
    assert choices(tools, "transfer", "note") == choices(tools, "transfer", "nothing") == ()
    assert asyncio.run(tools.choices(CALLER, "transfer", "account", [])) == ()


def offering(function: Any, **options: Any) -> Toolbox:
    toolbox = Toolbox()

    @toolbox.tool(**options)
    def look(caller: Caller, account: Annotated[str, Choices(function)]) -> None: ...

    return toolbox


def test_choices_run_in_the_hosts_application_context() -> None:
    host = flask.Flask("host")
    toolbox = offering(lambda caller: {flask.current_app.name: ["request" * flask.has_request_context() or "none"]})
    toolbox.app_context = host.app_context
    with flask.Flask("service").test_request_context():
        assert choices(toolbox, "look", "account") == (Choice("host", ("none",)),)
        assert run(toolbox, "look", {"account": "host"}, ALL).status == "ok"


@pytest.mark.parametrize(
    "answer", [None, ["acc-1"], {"acc-1": 5}, {5: ["x"]}, {"": ["x"]}, {str(n): [] for n in range(201)}, {"a": [""]}]
)
def test_choices_of_another_form_are_unknown_and_let_nothing_pass(
    answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    toolbox = offering(lambda caller: answer)
    assert choices(toolbox, "look", "account") is None
    assert run(toolbox, "look", {"account": "acc-1"}, ALL).status == "failed"
    assert "look.account failed: builtins.TypeError" in caplog.text


def test_choices_that_fail_or_hang_are_unknown() -> None:
    release = threading.Event()

    def fail(caller: Caller) -> Any:
        raise ToolError("The ledger is closed.")

    assert choices(offering(fail), "look", "account") is None
    assert run(offering(fail), "look", {"account": "x"}, ALL).reason == "The ledger is closed."
    assert choices(offering(lambda caller: release.wait(10), timeout=0.05), "look", "account") is None
    release.set()


def numbered(caller: Caller, account: Annotated[int, Choices(accounts_of)]) -> None: ...
def listed(caller: Caller, accounts: list[Annotated[str, Choices(accounts_of)]]) -> None: ...


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (numbered, {}),
        (listed, {}),
        (transfer, {"examples": "send money"}),
        (transfer, {"examples": [""]}),
        (transfer, {"ask": {"account": ""}}),
        (transfer, {"ask": {"nobody": "Who?"}}),
        (transfer, {"ask": {"tags": "Which tags?"}}),
        (transfer, {"says": "{"}),
        (transfer, {"says": 5}),
    ],
)
def test_a_wrong_declaration_is_refused_at_once(function: Any, options: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=function.__name__):
        Toolbox().add(function, **options)


def test_choices_take_a_function() -> None:
    with pytest.raises(TypeError):
        Choices({"acc-1": []})  # type: ignore[arg-type]


def test_choices_may_be_optional_in_either_way() -> None:
    def look(
        caller: Caller,
        account: Annotated[str, Choices(accounts_of)] | None = None,
        other: Annotated[str | None, Choices(accounts_of)] = None,
    ) -> None:
        """Look."""

    toolbox = Toolbox()
    toolbox.add(look)
    [spec] = toolbox.specs(["look"])
    assert spec.parameter_types == dict.fromkeys(("account", "other"), ParameterType("choice", required=False))
