"""How the voice speaks to one customer: its pace and its volume, and how a wish changes them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

PACE_STEP = 1.2
"""A wish for slower or faster speech changes the pace by this factor, which is plain to hear."""
VOLUME_STEP_DB = 3.5
MOST_STEPS = 2
"""A third step would be hard to understand."""
SLOWEST, FASTEST = 0.5, 2.0
"""Of what a voice can say."""

WISHES = {"slower": ("pace", -1), "faster": ("pace", 1), "louder": ("volume", 1), "softer": ("volume", -1)}


@dataclass(frozen=True)
class Manner:
    """Sentences that are said in the same manner share their sound between sessions."""

    base_rate: float = 1.0
    """The pace that the bank has chosen; 1 is the voice's own."""
    pace: int = 0
    """Steps from the bank's pace."""
    volume: int = 0
    """Steps from the voice's loudness."""

    @property
    def rate(self) -> float:
        """How many times as fast as its own pace the voice speaks."""
        return min(FASTEST, max(SLOWEST, round(self.base_rate * PACE_STEP**self.pace, 3)))

    @property
    def gain_db(self) -> float:
        """What is added to the voice's loudness."""
        return self.volume * VOLUME_STEP_DB

    def wished(self, wish: str) -> "Manner":
        """Return the manner one step towards one of `WISHES`; the same one where it goes no further."""
        name, step = WISHES[wish]
        steps = getattr(self, name) + step
        return replace(self, **{name: steps}) if abs(steps) <= MOST_STEPS else self

    def as_dict(self) -> dict[str, int]:
        """Return what the customer has wished, as JSON data."""
        return {"pace": self.pace, "volume": self.volume}

    def restored(self, stored: Mapping[str, Any]) -> "Manner":
        """Return this manner with the wishes that `as_dict` has kept."""
        steps = {name: int(stored.get(name, 0)) for name in ("pace", "volume")}
        return replace(self, **steps) if all(abs(each) <= MOST_STEPS for each in steps.values()) else self


USUAL = Manner()
"""The voice as it is."""
