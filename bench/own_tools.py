"""Requests for the tools of a bank that are not among the packaged skills.

    python -m bench.own_tools [-v]

The host below registers seven tools as a bank's developers do, some with examples and some with a docstring alone.
`lists/own-tools.toml` has requests for them, in the format of `flask banker test`: a request is right if the banker
proposes the tool at once, or when all arguments are said, and calls it with the arguments that are named.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from banker.agents.tenant_agents import build_tenant_agents
from banker.cli.conversation_tests.player import TurnOutcome, differences, play
from banker.cli.conversation_tests.talk_files import Talk, read_talks
from banker.config.loading import load
from banker.config.tenant import ConfigBlock
from banker.tools.base import Caller
from banker.tools.parameters import Choices
from banker.tools.toolbox import Toolbox
from bench.figure import Figure

TALKS = Path(__file__).with_name("lists") / "own-tools.toml"
CONFIG = Path(__file__).parents[1] / "config"


def goals_of(caller: Caller) -> Mapping[str, Sequence[str]]:
    """Return the caller's savings goals."""
    return {"goal-1": ["Holiday in Crete", "holiday"], "goal-2": ["New bathroom", "bathroom"]}


def order_foreign_cash(
    caller: Caller, amount: Decimal, currency: Literal["EUR", "GBP", "CHF"], pick_up: date | None = None
) -> dict[str, Any]:
    """Order foreign cash to pick up at a branch."""
    return {"ordered": True}


def book_safe_deposit_box(caller: Caller, size: Literal["small", "medium", "large"]) -> dict[str, Any]:
    """Rent a safe deposit box.

    Args:
        size: Which size of box?
    """
    return {"box": 17}


def set_round_up(caller: Caller, enabled: bool) -> dict[str, Any]:
    """Switch rounding up of purchases on or off.

    Args:
        enabled: Should purchases be rounded up?
    """
    return {"enabled": enabled}


def add_to_goal(caller: Caller, goal: Annotated[str, Choices(goals_of)], amount: Decimal) -> dict[str, Any]:
    """Put money into a savings goal."""
    return {"saved": amount}


def request_tax_certificate(caller: Caller, year: int) -> dict[str, Any]:
    """Request a tax certificate for a year."""
    return {"requested": True}


def plan_advice_video_call(caller: Caller, when: datetime, topic: Literal["pension", "investing"]) -> dict[str, Any]:
    """Plan a video call with an expert for pensions or investing."""
    return {"planned": True}


def check_carbon_footprint(caller: Caller, month: str = "") -> dict[str, Any]:
    """Show the carbon footprint of purchases."""
    return {"kilograms": 112}


def add_tools(toolbox: Toolbox) -> tuple[str, ...]:
    """Register the bank's tools and return their names."""
    toolbox.add(
        order_foreign_cash,
        confirm=True,
        examples=["order 200 euros in cash", "I need Swiss francs for my trip", "get me some foreign money"],
    )
    toolbox.add(book_safe_deposit_box, confirm=True)
    toolbox.add(
        set_round_up,
        confirm=True,
        examples=["round up my purchases", "turn off rounding up", "stop rounding up what I spend"],
    )
    toolbox.add(
        add_to_goal,
        confirm=True,
        examples=["put 50 dollars into my holiday goal", "save 20 for the bathroom", "add to my savings goal"],
    )
    toolbox.add(request_tax_certificate, confirm=True)
    toolbox.add(plan_advice_video_call, confirm=True)
    toolbox.add(check_carbon_footprint, examples=["what is my carbon footprint", "how green are my purchases"])
    return (
        "order_foreign_cash", "book_safe_deposit_box", "set_round_up", "add_to_goal", "request_tax_certificate",
        "plan_advice_video_call", "check_carbon_footprint",
    )  # fmt: skip


def figures(verbose: bool = False) -> Iterator[Figure]:
    """Requests that reach the right tool with the right arguments, and those that reach another one."""
    config = load(CONFIG, environ={"BANKER_DEMO": "1"})
    toolbox = Toolbox()
    names = add_tools(toolbox)
    policy = replace(config.tenants["demo"].config.policy, require_consent=False)
    block = ConfigBlock(allowed_tools=names, policy=policy, avatar_enabled=False)
    tenant = replace(config.tenants["demo"], config=block)
    config = replace(config, tenants={"demo": tenant})
    agent = build_tenant_agents(config, toolbox)["demo"]
    talks = read_talks(TALKS)
    right = wrong = 0
    for talk in talks:
        played = asyncio.run(play(talk, config, toolbox, tenant, "demo-customer", agent))
        lines = [line for turn, outcome in played for line in differences(turn, outcome, toolbox)]
        right += not lines and len(played) == len(talk.turn)
        strayed = {tool for _, outcome in played for tool in _tools(outcome)} - _expected(talk)
        wrong += bool(strayed)
        if verbose and lines:
            shown = [f"  {turn.customer}\n    {outcome.shown}" for turn, outcome in played]
            print("\n".join([talk.name, *shown, *(f"  {line}" for line in lines)]))
    yield Figure(f"requests for a bank's own tools ({len(talks)})", f"{right} right", f"{wrong} reach another tool")


def _tools(outcome: TurnOutcome) -> set[str]:
    return {call.tool for call in outcome.calls} | ({outcome.asks} if outcome.asks else set())


def _expected(talk: Talk) -> set[str]:
    asked = {turn.asks for turn in talk.turn if turn.asks}
    return asked | {call.tool for turn in talk.turn for call in turn.tools or ()}


if __name__ == "__main__":
    for row in figures(verbose="-v" in sys.argv):
        print(row.name, row.value, row.goal, sep="  ")
