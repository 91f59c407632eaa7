"""What a conversation remembers of its safety topics, as JSON data in the dialogue state."""

from typing import Any

from banker.agents.safety.topics import HELD_TOPICS, SafetyTopic

CERTAIN = 0.7
TURNS_REMEMBERED, TURNS_HELD = 3, 6
"""The turns after a topic that are still about it if they ask for nothing else; more after one that holds money."""

_KEY = "safety"


class SafetyMemory:
    """The topic that was spoken of last, and what was said of each. Reads and writes the dialogue state."""

    def __init__(self, dialogue_state: dict[str, Any]) -> None:
        self._state = dialogue_state
        stored = dialogue_state.get(_KEY)
        self._stored: dict[str, Any] = stored if isinstance(stored, dict) else {}

    def begin_turn(self) -> str:
        """Return the topic that was spoken of in one of the last turns, "" if there is none, and count this turn."""
        turns, held = self._stored.get("turns", 0), self._stored.get("held", 0)
        if turns or held:
            self._keep(turns=max(0, turns - 1), held=max(0, held - 1))
        return str(self._stored["topic"]) if turns else ""

    def note(self, topic: SafetyTopic) -> None:
        """Remember that a topic was spoken of in this turn."""
        is_held = topic.name in HELD_TOPICS and (topic.probability >= CERTAIN or self.holds_money)
        if is_held:
            self._keep(held=TURNS_HELD)
        self._keep(topic=topic.name, turns=TURNS_HELD if is_held else TURNS_REMEMBERED)

    @property
    def topic(self) -> str:
        """The topic that the next turn may be about, or ""."""
        return str(self._stored["topic"]) if self._stored.get("turns") else ""

    @property
    def holds_money(self) -> bool:
        """Whether no money is to be moved, because somebody else may want it, or the customer is in despair."""
        return bool(self._stored.get("held"))

    def times_said(self, text: str) -> int:
        """Return how often one of the bank's safety texts was said in this conversation."""
        return int(self._stored.get("said", {}).get(text, 0))

    def note_said(self, text: str) -> None:
        """Count a text that is said."""
        self._keep(said={**self._stored.get("said", {}), text: self.times_said(text) + 1})

    def note_offer(self, is_open: bool) -> None:
        """Note whether the last reply has offered a call back, of which nobody had spoken."""
        if is_open or self.has_offered:
            self._keep(offered=is_open)

    @property
    def has_offered(self) -> bool:
        """Whether the last reply has offered a call back."""
        return bool(self._stored.get("offered"))

    def forget_wishes(self) -> None:
        """Empty the dialogue state but for what is remembered here."""
        self._state.clear()
        self._keep()

    def _keep(self, **changes: Any) -> None:
        if changes or self._stored:
            self._stored = {**self._stored, **changes}
            self._state[_KEY] = self._stored
