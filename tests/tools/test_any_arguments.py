"""Whatever a model or a customer passes as arguments, a tool gets its declared types or is not called."""

import asyncio
import json
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from banker.tools.base import ProposedCall
from banker.tools.toolbox import Toolbox
from tests.tools.payments import ALL, CALLER, run

BOUNDED = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the toolbox keeps nothing of a call
)
FIELDS = ["amount", "to", "kind", "tags", "times", "urgent", "day", "caller", "__class__"]
LIKELY = [
    "12.50",
    "1E+3",
    "-0",
    "NaN",
    "٥٠",
    "1e999",
    "Ann",
    "now",
    "later",
    "2026-11-24",
    "2026-02-30",
    "a\0b",
    "\u202e",
    "\ud800",
]
VALUES = st.recursive(
    st.sampled_from(LIKELY) | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=25),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
ARGUMENTS = st.builds(
    lambda right, changed: {**right, **changed},
    st.just({}) | st.just({"amount": "12.50", "to": "Ann"}),
    st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=3), VALUES, max_size=3),
)


@BOUNDED
@given(arguments=ARGUMENTS | VALUES)
@example(arguments={"amount": 10**5000, "to": "Ann"})
@example(arguments={"amount": "1" * 3000, "to": "Ann"})
@example(arguments={"amount": "0." + "1" * 30, "to": "Ann"})
def test_any_arguments_are_refused_or_make_a_question_of_one_meaning(toolbox: Toolbox, arguments: Any) -> None:
    proposed = asyncio.run(toolbox.propose(CALLER, "pay", arguments, ALL))
    result = run(toolbox, "pay", arguments)
    if isinstance(proposed, ProposedCall):
        assert proposed.summary.startswith("pay ") and proposed.summary.isprintable()
        assert result.status == "ok"
        assert type(result.value["times"]) is int and 1 <= result.value["times"] <= 12
        assert type(result.value["urgent"]) is bool and result.value["kind"] in ("now", "later")
        assert Decimal(result.value["amount"]).is_finite() and 1 <= len(result.value["to"]) <= 20
        assert result.value["day"] is None or date.fromisoformat(result.value["day"])
    else:
        assert result.status == "invalid" == proposed.status
        assert json.dumps(result.reason).isascii() and len(result.reason) < 1000
