"""What a talk remembers: the turns so far, the agent's memo, and the figures that somebody gave."""

import asyncio
import functools
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any

from banker.agents.grounding import GroundingGuard
from banker.config.tenant import Tenant
from banker.config.texts import DEFAULT_FAQ
from banker.conversation.transport import SessionRecords, Transport
from banker.tools.base import Caller

CATCHING_UP_SECONDS = (0.3, 0.7, 1.0, 2.0, 4.0)
"""After these pauses a conversation that goes on elsewhere looks for what its earlier process had still to tell."""
SHOWN = ("turn", "role", "text", "interrupted")
"""What a client sees of a turn; the agent's memo and the guard's facts are kept beside it."""


class Transcript:
    """Of one conversation, over the records that outlive it. Belongs to the media loop.

    `next_turn` takes a turn number of at least so much for good.
    """

    def __init__(
        self,
        tenant: Tenant,
        caller: Caller,
        transport: Transport,
        records: SessionRecords,
        next_turn: Callable[[int], int],
    ) -> None:
        self.turns: list[dict[str, Any]] = []
        """As a client sees them, oldest first."""
        self.memo: dict[str, Any] = {}
        self._tenant = tenant
        self._caller = caller
        self._transport = transport
        self._records = records
        self._next_turn = next_turn
        self._guard = GroundingGuard()
        self._kept_facts: set[str] = set()
        self._id = secrets.token_hex(4)
        self._known: set[tuple[str, int]] = set()

    async def load(self, now: float) -> None:
        """Read what an earlier connection left; once, before anything else. `now`: seconds since 1970."""
        stored = await self._records.turns()
        for turn in stored:
            self._remember(turn)
        self.memo = next((dict(turn["memo"]) for turn in reversed(stored) if "memo" in turn), {})
        self._guard = GroundingGuard(fact for turn in stored for fact in turn.get("facts", []))
        self._kept_facts = set(self._guard.facts())
        self._teach_guard(date.fromtimestamp(now))

    async def keep(self, record: Mapping[str, Any], turn: int | None = None) -> None:
        """Show and keep what was said, as this turn or the next one."""
        whole = {"turn": self._next_turn(0) if turn is None else turn, **record}
        self.turns.append(whole)
        self._transport.send({"type": "transcript", **whole, "final": True})
        facts = [fact for fact in self._guard.facts() if fact not in self._kept_facts]
        self._kept_facts.update(facts)
        self._known.add((self._id, whole["turn"]))
        await self._records.append({**whole, "memo": self.memo, "facts": facts, "by": self._id})

    def learn(self, value: Any) -> None:
        """Figures in this may be said from now on."""
        self._guard.learn(value)

    def hear(self, text: str) -> None:
        """The user's words: their figures may be read back."""
        self._guard.learn_user_text(text)

    def check(self, raw: str) -> str:
        """A sentence with a figure that nobody gave is not said."""
        return raw if self._guard.allows(raw) else self._tenant.texts.unsure_figure

    async def catch_up(self, work: Callable[[Callable[[], Awaitable[None]]], None]) -> None:
        """Another process may have been in the middle of something: what it still tells is given to `work`."""
        for pause in CATCHING_UP_SECONDS:
            await asyncio.sleep(pause)
            for turn in await self._records.turns():
                if _origin(turn) not in self._known:
                    self._known.add(_origin(turn))
                    work(lambda turn=turn: self._adopt(turn))  # type: ignore[misc]

    async def _adopt(self, turn: Mapping[str, Any]) -> None:
        """Take over a turn that another process has told."""
        (self.hear if turn["role"] == "user" else self.learn)(turn["text"])
        if all(by != self._id for by, _ in self._known):
            self.memo = dict(turn.get("memo", self.memo))
        self._transport.send({"type": "transcript", **self._remember(turn), "final": True})

    def _remember(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Take a stored turn; two processes may have given out the same number."""
        self._known.add(_origin(stored))
        shown = {key: stored[key] for key in SHOWN if key in stored}
        shown["turn"] = self._next_turn(stored["turn"])
        self.turns.append(shown)
        return shown

    def _teach_guard(self, today: date) -> None:
        """What may be said without a tool: the tenant's own texts, today, and what the portal shows."""
        tenant = self._tenant
        answers = [entry.answer for entry in (*tenant.faq, *DEFAULT_FAQ)]
        self._guard.learn_facts(
            _facts((*vars(tenant.texts).values(), *answers, tenant.config.greeting, tenant.consent.text))
        )
        self.learn([today, dict(self._caller.portal_context)])


@functools.lru_cache(maxsize=256)
def _facts(texts: tuple[str | tuple[str, ...], ...]) -> list[str]:
    """What the guard learns from a tenant's own texts; each talk would spend 30 ms of the media loop on them."""
    guard = GroundingGuard()
    guard.learn(texts)
    return guard.facts()


def _origin(stored: Mapping[str, Any]) -> tuple[str, int]:
    """Which conversation told a stored turn, and as which one."""
    return stored.get("by", ""), stored["turn"]
