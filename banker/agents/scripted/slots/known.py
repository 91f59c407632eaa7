"""What is known of a form before a turn, and what a turn adds to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from banker.agents.scripted.slots.offered_choices import Vocabulary


@dataclass
class Reading:
    """What a turn says about a form: values by argument, and the part of the text that no value uses."""

    values: dict[str, Any] = field(default_factory=dict)
    candidates: dict[str, list[str]] = field(default_factory=dict)
    """The values of a choice that the words fit, where they fit several."""
    every: dict[str, list[str]] = field(default_factory=dict)
    """The values of a choice of which the customer wants each: "both my cards"."""
    unknown: dict[str, str] = field(default_factory=dict)
    """The name that the customer used for a choice that the bank does not offer."""
    rest: str = ""

    @property
    def has_value(self) -> bool:
        """Whether the turn says anything about the form."""
        return bool(self.values or self.candidates or self.every or self.unknown)


@dataclass(frozen=True)
class Known:
    """The state of the form and of the dialogue before a turn."""

    values: Mapping[str, Any] = field(default_factory=dict)
    asked: str = ""
    """The argument in question, "" for none."""
    limited_to: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The values of a choice that an earlier answer left open."""
    mentioned: Sequence[str] = ()
    """The values that "it" may refer to, the latest last."""
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
