"""What an agent gets of a tool's return value or exception, and what the log gets."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from banker.tools.base import Caller, ToolResult
from banker.tools.calling import ToolError
from banker.tools.toolbox import Toolbox
from tests.tools.payments import SECRET, run

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


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
def test_a_result_without_a_json_form_is_a_failure(value: Any) -> None:
    toolbox = Toolbox()
    toolbox.add(lambda caller: value, name="look")
    assert run(toolbox, "look", {}) == ToolResult("failed")


def test_the_text_of_a_tool_error_is_the_reason() -> None:
    toolbox = Toolbox()

    @toolbox.tool
    def look(caller: Caller) -> None:
        raise ToolError("The account\nis closed.")

    assert run(toolbox, "look", {}) == ToolResult("failed", reason="The account is closed.")


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt])
def test_an_exception_is_logged_with_its_location_and_without_user_data(
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
    assert "test_results.py:" in record.getMessage() and " in look" in record.getMessage()
    assert record.exc_info is None and SECRET not in caplog.text and "acc-789" not in caplog.text
