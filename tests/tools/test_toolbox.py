"""What a tool may be, what it may be called with, and how each call ends."""

import asyncio
import logging
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import flask
import pytest
from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from banker.tools.base import Caller, ToolResult
from banker.tools.toolbox import Toolbox, ToolError

CALLER = Caller("tenant-123", "user-456", portal_context={"route": "/account"})
ALL = ("pay", "look", "hang", "quick")
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SECRET = "acc-789 and my words"


def pay(
    caller: Caller,
    amount: Annotated[Decimal, "How much."],
    to: Annotated[str, Length(1, 20)],
    kind: Literal["now", "later"] = "now",
    tags: list[str] | None = None,
    times: Annotated[int, Range(1, 12)] = 1,
    urgent: bool = False,
    day: date | None = None,
) -> dict[str, Any]:
    """Pay somebody.

    Only within the country.

    Args:
        to: The name of
            the receiver.
        kind (str): When.
    """
    return {"amount": amount, "to": to, "kind": kind, "tags": tags, "times": times, "urgent": urgent, "day": day}


@pytest.fixture
def toolbox() -> Toolbox:
    toolbox = Toolbox(threads=2)
    toolbox.add(pay, confirm=True, summary="pay {amount} to “{to}” {kind}")
    return toolbox


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def run(toolbox: Toolbox, name: Any, arguments: Any, allowed: Any = ALL) -> ToolResult:
    return asyncio.run(toolbox.run(CALLER, name, arguments, allowed))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


def test_the_schema_comes_from_the_signature_and_the_docstring(toolbox: Toolbox) -> None:
    (spec,) = toolbox.specs(ALL)
    assert (spec.name, spec.description, spec.confirm) == ("pay", "Pay somebody.", True)
    assert spec.parameters == {
        "type": "object",
        "properties": {
            "amount": {"type": ["number", "string"], "description": "How much."},
            "to": {"type": "string", "minLength": 1, "maxLength": 20, "description": "The name of the receiver."},
            "kind": {"type": "string", "enum": ["now", "later"], "description": "When.", "default": "now"},
            "tags": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
            "times": {"type": "integer", "minimum": 1, "maximum": 12, "default": 1},
            "urgent": {"type": "boolean", "default": False},
            "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        },
        "required": ["amount", "to"],
        "additionalProperties": False,
    }


def test_the_decorator_leaves_the_function_alone_and_reads_field_lists() -> None:
    toolbox = Toolbox()

    @toolbox.tool
    def look(caller, account_id: str):  # type: ignore[no-untyped-def]
        """Look it up.

        :param account_id: Which one.
        """
        return account_id

    @toolbox.tool(name="pay", description="Pay.", confirm=True)
    def other(caller: Caller) -> None: ...

    assert look(CALLER, "x") == "x"
    assert [spec.name for spec in toolbox.specs({"pay", "look", "none"})] == ["look", "pay"]
    assert toolbox.specs(["look"])[0].parameters["properties"]["account_id"]["description"] == "Which one."
    assert toolbox.needs_confirmation("pay") and not toolbox.needs_confirmation("look")


def no_caller(account_id: str) -> None: ...
def untyped(caller, account_id) -> None: ...  # type: ignore[no-untyped-def]
def strange(caller: Caller, where: complex) -> None: ...
def either(caller: Caller, where: int | str) -> None: ...
def starred(caller: Caller, *more: str) -> None: ...
def keyed(caller: Caller, **more: str) -> None: ...
def missing(caller: Caller, where: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821
async def later(caller: Caller) -> None: ...


@pytest.mark.parametrize("wrong", [no_caller, untyped, strange, either, starred, keyed, missing, later, lambda: 1, 7])
def test_a_wrong_declaration_is_refused_at_once(wrong: Any) -> None:
    with pytest.raises(TypeError):
        Toolbox().add(wrong, name="wrong")


@pytest.mark.parametrize(
    "options",
    [{"name": ""}, {"name": "a b"}, {"name": "pаy"}, {"name": "__proto__"}, {"timeout": 0}, {"summary": "{nobody}"},
     {"summary": "{to.__class__}"}, {"summary": "{"}, {}],
)  # fmt: skip
def test_wrong_options_are_refused_at_once(toolbox: Toolbox, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        toolbox.add(pay, **options)


class Transfer(Schema):
    amount = fields.Decimal(required=True, validate=Range(min=1), metadata={"description": "How much."})
    whom = fields.String(data_key="to", required=True)
    lines = fields.List(fields.Nested(Schema.from_dict({"n": fields.Integer(required=True)})))


def test_a_marshmallow_schema_may_say_it_instead() -> None:
    toolbox = Toolbox()

    @toolbox.tool(schema=Transfer, summary="pay {amount} to {to}")
    def look(caller, amount, whom, lines=()):  # type: ignore[no-untyped-def]
        return [amount, whom, lines]

    assert toolbox.specs(ALL)[0].parameters["required"] == ["amount", "to"]
    assert run(toolbox, "look", {"amount": 5, "to": "x", "lines": [{"n": 1}]}).value == ["5", "x", [{"n": 1}]]
    for bad in ({"amount": 0, "to": "x"}, {"amount": 5, "whom": "x"}, {"amount": 5, "to": "x", "lines": [{"n": True}]},
                {"amount": 5, "to": "x", "lines": [{"n": 1, "m": 2}]}):  # fmt: skip
        assert run(toolbox, "look", bad).status == "invalid"
    with pytest.raises(TypeError):
        toolbox.add(lambda caller, amount: 1, name="pay", schema=Transfer)


def test_values_arrive_as_the_types_that_were_asked_for(toolbox: Toolbox) -> None:
    given = {"amount": "12.50", "to": "Ann", "tags": ["a"], "day": "2026-11-24", "urgent": True}
    assert run(toolbox, "pay", given).value == {
        "amount": "12.50", "to": "Ann", "kind": "now", "tags": ["a"], "times": 1, "urgent": True, "day": "2026-11-24"
    }  # fmt: skip
    assert toolbox.check("pay", given, ALL) == given


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"times": True}, "times: must be a whole number"),
        ({"times": "3"}, "times: must be a whole number"),
        ({"times": 3.0}, "times: must be a whole number"),
        ({"times": 13}, "times: "),
        ({"times": 10**400}, "times: is too large"),
        ({"times": None}, "times: must not be null"),
        ({"amount": float("nan")}, "amount: is too large"),
        ({"amount": True}, "amount: must be a text"),
        ({"amount": "a lot"}, "amount: "),
        ({"urgent": 1}, "urgent: must be true or false"),
        ({"urgent": "yes"}, "urgent: must be true or false"),
        ({"to": 5}, "to: must be a text"),
        ({"to": ""}, "to: "),
        ({"to": "x" * 2001}, "to: must have 2000 characters at most"),
        ({"to": "a\0b"}, "to: must not hold control characters"),
        ({"to": "a\ud800"}, "to: must not hold control characters"),
        ({"to": ["x"]}, "to: must be a text"),
        ({"to": {"$ne": ""}}, "to: must be a text"),
        ({"kind": "never"}, "kind: "),
        ({"tags": "a"}, "tags: must be a list"),
        ({"tags": [1]}, "tags.0: must be a text"),
        ({"tags": ["x"] * 101}, "tags: must be a list of at most 100"),
        ({"tags": ["x" * 2000] * 9}, "too long"),
        ({"day": "tomorrow"}, "day: "),
        ({"caller": {"user_id": "somebody-else"}}, "caller: there is no such key"),
        ({"self": 1}, "self: there is no such key"),
        ({"__proto__": {}}, "__proto__: there is no such key"),
        ({"__class__": {}}, "__class__: there is no such key"),
        ({"tо": "x"}, "there is no such key"),
        ({7: 1}, "7: there is no such key"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_what_to_mend(
    toolbox: Toolbox, change: dict[Any, Any], mend: str
) -> None:
    outcome = run(toolbox, "pay", {"amount": 1, "to": "Ann"} | change)
    assert outcome.status == "invalid" and mend in outcome.reason


@pytest.mark.parametrize("arguments", [None, "{}", [], 7, {"amount": 1}, {}])
def test_arguments_are_an_object_with_all_that_is_required(toolbox: Toolbox, arguments: Any) -> None:
    assert run(toolbox, "pay", arguments).status == "invalid"


@pytest.mark.parametrize(
    "name",
    ["pаy", "pay ", "PAY", "ｐａｙ", "pay\0", "p\u200bay", "", "tool", "__init__", "none", None, 7, ["pay"], {"a": 1}],
)  # fmt: skip
def test_only_the_exact_name_of_a_tool_calls_it(toolbox: Toolbox, name: Any) -> None:
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
    toolbox = Toolbox(around=host.app_context)
    toolbox.add(lambda caller: flask.current_app.name, name="look")
    assert run(toolbox, "look", {}) == ToolResult("ok", "host")
    assert ended == [None]
    assert not flask.has_app_context()


def test_results_become_json_data() -> None:
    toolbox = Toolbox()
    value = {
        "a": Decimal("1234.50"),
        "b": (date(2026, 11, 24), NOW),
        "c": [None, True, 1.5],
    }
    toolbox.add(lambda caller: value, name="look")
    assert run(toolbox, "look", {}).value == {
        "a": "1234.50", "b": ["2026-11-24", "2026-11-24T09:30:00Z"], "c": [None, True, 1.5]
    }  # fmt: skip


circle: list[Any] = []
circle.append(circle)


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, {1: 2}, float("nan"), b"x", circle, "x" * 70_000, pytest.param(10**5000, id="long")]
)
def test_a_result_that_is_no_json_data_is_a_failure(value: Any) -> None:
    toolbox = Toolbox()
    toolbox.add(lambda caller: value, name="look")
    assert run(toolbox, "look", {}) == ToolResult("failed")


def test_a_tool_error_is_a_sentence_for_the_user() -> None:
    toolbox = Toolbox()

    @toolbox.tool
    def look(caller: Caller) -> None:
        raise ToolError("The account\nis closed.")

    assert run(toolbox, "look", {}) == ToolResult("failed", reason="The account is closed.")


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt])
def test_an_exception_is_logged_with_its_place_and_without_a_word_of_the_user(
    caplog: pytest.LogCaptureFixture, kind: type[BaseException]
) -> None:
    toolbox = Toolbox()

    @toolbox.tool
    def look(caller: Caller, text: str) -> None:
        try:
            raise KeyError(text)
        except KeyError as error:
            raise kind(f"no such thing: {text}") from error

    assert run(toolbox, "look", {"text": SECRET}) == ToolResult("failed")
    (record,) = caplog.records
    assert kind.__name__ in record.getMessage() and "KeyError" in record.getMessage()
    assert "test_tools.py:" in record.getMessage() and " in look" in record.getMessage()
    assert record.exc_info is None and SECRET not in caplog.text and "acc-789" not in caplog.text


def test_a_tool_that_takes_too_long_is_a_timeout_and_its_late_end_is_told(
    caplog: pytest.LogCaptureFixture, gate: threading.Event
) -> None:
    told: list[ToolResult] = []
    toolbox = Toolbox(on_finished=lambda *all_: told.append(all_[3]))

    @toolbox.tool(timeout=0.05)
    def hang(caller: Caller) -> str:
        gate.wait(10)
        return SECRET

    async def talk() -> None:
        assert await toolbox.run(CALLER, "hang", {}, ALL) == ToolResult("timeout")
        assert told == [ToolResult("timeout")]
        gate.set()
        await until(lambda: len(told) == 2)

    asyncio.run(talk())
    assert told[1] == ToolResult("ok", SECRET)
    assert "hang ended late: ok" in caplog.text and SECRET not in caplog.text


def test_when_all_threads_hang_a_call_fails_at_once_and_later_they_are_back(gate: threading.Event) -> None:
    toolbox = Toolbox(threads=2)
    toolbox.add(lambda caller: gate.wait(10), name="hang", timeout=0.03)
    ran: list[int] = []
    toolbox.add(lambda caller: ran.append(1), name="quick", timeout=30)

    async def talk() -> None:
        hanging = [toolbox.run(CALLER, "hang", {}, ALL) for _ in range(2)]
        assert [outcome.status for outcome in await asyncio.gather(*hanging)] == ["timeout"] * 2
        async with asyncio.timeout(1):
            outcome = await toolbox.run(CALLER, "quick", {}, ALL)
        assert outcome.status == "failed" and "busy" in outcome.reason and ran == []
        gate.set()
        await until(lambda: not toolbox._overdue)
        assert (await toolbox.run(CALLER, "quick", {}, ALL)).status == "ok"

    asyncio.run(talk())


def test_a_call_that_never_got_a_thread_did_not_happen(gate: threading.Event) -> None:
    toolbox = Toolbox(threads=1)
    toolbox.add(lambda caller: gate.wait(10), name="hang", timeout=30)
    ran: list[int] = []
    toolbox.add(lambda caller: ran.append(1), name="quick", timeout=0.03)

    async def talk() -> None:
        hanging = asyncio.ensure_future(toolbox.run(CALLER, "hang", {}, ALL))
        await asyncio.sleep(0)
        assert (await toolbox.run(CALLER, "quick", {}, ALL)).status == "failed"
        gate.set()
        await hanging

    asyncio.run(talk())
    assert toolbox.close(5) and ran == []


def test_many_calls_take_turns_in_few_threads(toolbox: Toolbox) -> None:
    seen: set[str] = set()
    toolbox.add(lambda caller: seen.add(threading.current_thread().name), name="quick")

    async def talk() -> list[ToolResult]:
        return await asyncio.gather(*(toolbox.run(CALLER, "quick", {}, ALL) for _ in range(100)))

    assert {outcome.status for outcome in asyncio.run(talk())} == {"ok"}
    assert 1 <= len(seen) <= 2 and all(name.startswith("banker-tool") for name in seen)


def test_cancelled_at_20_random_moments_each_call_is_finished_and_told_once() -> None:
    toolbox, chance = Toolbox(threads=4), random.Random(1)
    books: list[int] = []
    told: list[tuple[int, str]] = []

    @toolbox.tool(timeout=10)
    def pay(caller: Caller, number: int) -> int:
        threading.Event().wait(0.004)
        books.append(number)
        return number

    async def talk() -> None:
        for number in range(20):
            call = asyncio.ensure_future(
                toolbox.run(
                    CALLER, "pay", {"number": number}, ALL,
                    on_finished=lambda caller, name, given, outcome: told.append((given["number"], outcome.status)),
                )
            )  # fmt: skip
            await asyncio.sleep(0)
            await asyncio.sleep(chance.random() * 0.008)
            call.cancel()
        await until(lambda: len(told) == 20)

    asyncio.run(talk())
    assert sorted(books) == list(range(20))
    assert sorted(told) == [(number, "ok") for number in range(20)]


def test_a_call_that_outlives_its_loop_is_told_by_its_thread(gate: threading.Event) -> None:
    told: list[ToolResult] = []
    toolbox = Toolbox(on_finished=lambda *all_: told.append(all_[3]))
    toolbox.add(lambda caller: gate.wait(10), name="hang")

    async def talk() -> None:
        task = asyncio.ensure_future(toolbox.run(CALLER, "hang", {}, ALL))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(talk())
    assert told == [] and not toolbox.close(0)
    gate.set()
    assert toolbox.close(5)
    asyncio.run(until(lambda: bool(told)))
    assert told == [ToolResult("ok", True)]


def test_observers_hear_of_every_end_and_a_broken_one_breaks_nothing(
    toolbox: Toolbox, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    def broken(caller: Caller, name: str, arguments: Any, outcome: ToolResult) -> None:
        told.append(outcome.status)
        raise ValueError(SECRET)

    toolbox.on_finished = broken
    for name, given in (("pay", {"amount": 1, "to": "Ann"}), ("pay", {"to": SECRET}), (SECRET, {})):
        run(toolbox, name, given)
    assert told == ["ok", "invalid", "denied"]
    assert "ValueError" in caplog.text and SECRET not in caplog.text


def test_a_summary_is_made_of_the_arguments_and_cannot_be_bent_by_them(toolbox: Toolbox) -> None:
    given = {"amount": 5, "to": "Ann”\n\u202e and “{amount}"}
    assert toolbox.summary_of("pay", given) == "pay 5 to “Ann’ and ‘{amount}” now"
    assert len(toolbox.summary_of("pay", {"amount": 5, "to": "x" * 2000})) < 1040


@pytest.mark.parametrize(
    ("more", "behind"),
    [
        ({}, ""),
        ({"kind": "now"}, ""),
        ({"urgent": True}, " and urgent “yes”"),
        ({"tags": ["rent", "“May”"], "times": 2}, " and tags “rent, ‘May’” and times “2”"),
        ({"tags": []}, ""),
    ],
)
def test_what_a_template_does_not_name_stands_behind_it(toolbox: Toolbox, more: dict[str, Any], behind: str) -> None:
    assert toolbox.summary_of("pay", {"amount": 5, "to": "Ann"} | more) == "pay 5 to “Ann” now" + behind
    toolbox.add(pay, name="send", confirm=True, summary="send money")
    assert toolbox.summary_of("send", {"amount": 5, "to": "Ann"}) == "send money with amount “5” and to “Ann”"


def test_a_summary_may_be_a_function_or_nothing(caplog: pytest.LogCaptureFixture) -> None:
    toolbox = Toolbox()
    toolbox.add(pay, name="pay_out")
    toolbox.add(pay, name="look", summary=lambda given: f"look at {given['to']}")
    assert toolbox.summary_of("pay_out", {"amount": 5, "to": "Ann"}) == "pay out with amount “5” and to “Ann”"
    assert toolbox.summary_of("look", {"to": "Ann"}) == "look at Ann"
    caplog.set_level(logging.ERROR)
    assert toolbox.summary_of("look", {"amount": 5}) == "look with amount “5”"
    assert "KeyError" in caplog.text
