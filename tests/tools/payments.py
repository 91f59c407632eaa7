"""A payment tool with arguments of every type, and how the tests call it."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from marshmallow.validate import Length, Range

from banker.tools.base import Caller, ProposedCall, ToolResult
from banker.tools.toolbox import Toolbox

CALLER = Caller("tenant-123", "user-456", portal_context={"route": "/account"})
ALL = ("pay", "look", "hang", "quick")
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


def run(toolbox: Toolbox, name: Any, arguments: Any, allowed: Any = ALL) -> ToolResult:
    return asyncio.run(toolbox.run(CALLER, name, arguments, allowed))


def summary(toolbox: Toolbox, name: str, arguments: Any, allowed: Any = ALL) -> str:
    """Return what the user is asked to confirm."""
    proposed = asyncio.run(toolbox.propose(CALLER, name, arguments, allowed))
    assert isinstance(proposed, ProposedCall), proposed
    return proposed.summary
