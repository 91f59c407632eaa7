"""One row of the bench's table."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """What was measured, as it is shown, and what stands beside it: the goal, and what another system needs for it.

    `series` is what the pictures draw of it: a name and a number each.
    """

    name: str
    value: str
    goal: str = ""
    peer: str = ""
    series: Mapping[str, float] = field(default_factory=dict)
