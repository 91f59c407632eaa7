"""What the agent needs from the understanding and the skills."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Understanding(Protocol):
    """What an utterance was taken for."""

    @property
    def ranking(self) -> Sequence[tuple[str, float]]:
        """Names of skills with probabilities, best first; "none" is one of them."""
        ...

    @property
    def act(self) -> str:
        """The speech act: `wish`, `denied`, `told`, `supposed` or `quoted`."""
        ...

    @property
    def p_wish(self) -> float:
        """The probability that the customer wants it done."""
        ...

    @property
    def similar(self) -> Sequence[tuple[str, float]]:
        """The bank's own skills with their similarity to the utterance, from -1 to 1, the most similar first."""
        ...


class Understander(Protocol):
    """Understands an utterance. Takes milliseconds, and may run in any thread."""

    def understand(self, text: str) -> Understanding:
        """Return what `text` was taken for."""
        ...


class SkillTexts(Protocol):
    """A skill: what a customer may want, and how it is talked about."""

    @property
    def name(self) -> str: ...
    @property
    def tool(self) -> str | None: ...
    @property
    def title(self) -> str:
        """Completes "I can …" and "Do you mean: …?"."""
        ...

    @property
    def examples(self) -> tuple[str, ...]:
        """Sentences with which customers ask for it."""
        ...

    @property
    def ask(self) -> Mapping[str, str]: ...
    @property
    def says(self) -> str | None: ...
    @property
    def says_none(self) -> str | None: ...
    @property
    def each(self) -> str | None: ...
    @property
    def answer(self) -> str | None: ...
    @property
    def not_here(self) -> str: ...
    @property
    def urgent(self) -> bool: ...
