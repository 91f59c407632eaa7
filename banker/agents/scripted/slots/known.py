"""What is known of a form before a turn, what a turn adds to it, and the words that are not read yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from banker.agents.scripted.slots.assignment import FoundValue, found_in
from banker.agents.scripted.slots.bank_choices import Vocabulary
from banker.tools.base import ParameterType


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
    corrected: str = ""
    """The choice that was corrected last, which another value without a marker corrects again."""
    limited_to: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The values of a choice that an earlier answer left open."""
    mentioned: Sequence[str] = ()
    """The values that "it" may refer to, the latest last."""
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    listed: Sequence[Sequence[str]] = ()
    """The values of each row of the last list that was said: "the second one" is one of the second row."""


class UnreadText:
    """A turn while its values are read: what one argument has taken is hidden from the next."""

    def __init__(self, text: str, known: Known, parameters: Mapping[str, ParameterType]) -> None:
        self.text = text
        self.left = text
        """The text with blanks where values were read."""
        self.known = known
        self.parameters = parameters
        self.read = Reading()
        self._ends = [0]
        """Where the values end that were read, so that a word before one of them is not taken for the next."""

    def hide(self, start: int, end: int) -> None:
        """Put blanks in place of a value that was read."""
        self.left = self.left[:start] + " " * (end - start) + self.left[end:]
        self._ends.append(end)

    def found(self, value: Any, slot: Any, after: int = 0) -> FoundValue:
        """Return a value with what the words before it say, back to the value before it."""
        after = max(after, *(end for end in self._ends if end <= slot.start), 0)
        return found_in(self.text, value, slot.start, slot.end, after=after)
