"""A conversation in virtual time, with a user who speaks like a script."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from banker.agents.safety import SafetyTopics
from banker.agents.tenant_agents import TenantAgent
from banker.config.dataclass_schema import parse
from banker.config.tenant import Tenant
from banker.conversation.builder import build_conversation
from banker.text.languages import package
from banker.tools.base import Caller
from tests.conversation.fakes import (
    LETTERS_PER_S,
    FakeAgent,
    FakeRecords,
    FakeToolbox,
    FakeTransport,
    Script,
    now,
    run,
)

__all__ = ["Scenario", "Script", "now", "run", "spoken"]

PAUSE_S = 0.2
"""Silence after which a recogniser reports the words so far."""
ONSET_S = 0.1
"""Speech after which a recogniser reports that it has started."""


class Scenario:
    """A conversation that has been greeted, with fakes around it. What the user does takes its time."""

    def __init__(
        self,
        script: Mapping[str, Script] | None = None,
        *,
        consented: bool = True,
        safety: SafetyTopics | None = None,
        **settings: Any,
    ) -> None:
        values = {"tenant_id": "bank", "identity": {"issuer": "https://bank.example", "algorithms": ["HS256"]}}
        self.tenant = parse(Tenant, {**values, **settings})
        self.transport, self.records = FakeTransport(), FakeRecords()
        self.toolbox, self.agent = FakeToolbox(), FakeAgent(script or {})
        self.idle_since: list[float] = []
        """When the session of an idle user was ended."""
        self.consented = consented
        self.safety = safety

    async def __aenter__(self) -> "Scenario":
        self.conversation = build_conversation(
            self.tenant,
            Caller("bank", "user"),
            TenantAgent(self.agent, self.toolbox, safety=self.safety),  # type: ignore[arg-type]
            expires_at="",
            consented=self.consented,
            transport=self.transport,
            records=self.records,
            clock=now,
            on_idle=lambda: self.idle_since.append(now()),
        )
        await self.conversation.load()
        self.conversation.connected()
        if self.consented:
            await self.agent_finished()
        self.turn_taking = self.conversation.turn_taking
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.conversation.close()

    async def until(self, condition: Callable[[], Any], limit: float = 10.0) -> None:
        """Wait until the condition holds; fail after `limit` s."""
        end = now() + limit
        while not condition():
            assert now() < end, f"not within {limit} s"
            await asyncio.sleep(0.01)

    async def agent_finished(self) -> None:
        """Wait until the agent has nothing left to say."""
        await asyncio.sleep(0.01)

        def finished() -> bool:
            waits = self.transport.paused or self.conversation.speech.busy
            return self.transport.states()[-1:] in ([], ["listening"]) and not waits

        await self.until(finished, 60)

    async def agent_speaking(self, letters: int = 12) -> None:
        """Wait until this many more letters of the agent were heard."""
        heard = len(self.transport.heard) + letters
        await self.until(lambda: len(self.transport.heard) >= heard)

    async def ask(self, text: str) -> None:
        """Type, and wait for the answer to begin."""
        await self.conversation.receive({"type": "message.send", "text": text})
        await self.agent_speaking()

    async def say(self, *parts: str | float) -> None:
        """Speak texts with pauses (s) between them. A pause longer than the endpointing delay ends the turn."""
        await self.start_speech()
        so_far = ""
        for n, part in enumerate(parts):
            if isinstance(part, float):
                if part > self.turn_taking.endpointing_delay(so_far):
                    await self._end(so_far)
                    await asyncio.sleep(part)
                    await self.say(*parts[n + 1 :])
                    return
                self.turn_taking.interim(so_far)
                await asyncio.sleep(part)
            else:
                so_far = f"{so_far} {part}".strip()
                await self.continue_speech(len(part) / LETTERS_PER_S)
        await self._end(so_far)

    async def make_noise(self, seconds: float = 0.3) -> None:
        """A cough, a click, a chair: the detector takes it for speech, and the recogniser finds no words."""
        await self.start_speech()
        await self.continue_speech(seconds)
        await asyncio.sleep(self.tenant.turns.silence_ms / 1000)
        self.turn_taking.no_words()

    async def start_speech(self) -> None:
        """Begin to speak."""
        await asyncio.sleep(ONSET_S)
        self.turn_taking.speech_started()

    async def continue_speech(self, seconds: float) -> None:
        """Go on speaking, without words so far."""
        while seconds > 0:
            await asyncio.sleep(min(1.0, seconds))
            seconds -= 1.0
            if seconds > 0:
                self.turn_taking.speech_continued()

    def turns_of(self, role: str) -> list[str]:
        """The recorded texts of one role, without the greeting."""
        return [turn["text"] for turn in self.records.stored[1:] if turn["role"] == role]

    async def _end(self, text: str) -> None:
        await asyncio.sleep(PAUSE_S)
        self.turn_taking.interim(text)
        await asyncio.sleep(max(0.0, self.turn_taking.endpointing_delay(text) - PAUSE_S))
        self.turn_taking.final(text)


def spoken(text: str) -> str:
    """The text as the voice says it."""
    return "".join(found.spoken for found in package("en").sentences(text))
