"""A conversation on a stage, and an ear that is told a script."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from banker.agents.registry import TenantAgent
from banker.config.dataclass_schema import parse
from banker.config.tenant import Tenant
from banker.conversation.conversation import Conversation
from banker.text.en.normalisation import sentences
from banker.tools.base import Caller
from tests.conversation.props import LETTERS_A_SECOND, Agent, Books, Desk, Script, SpeechSynthesis, now, play

__all__ = ["Script", "Stage", "now", "play", "spoken"]

SHORT_PAUSE = 0.2
"""Silence (s) after which an ear tells the words so far."""
NOTICED = 0.1


class Stage:
    """A conversation that has been greeted, with everything around it. The ear's verbs take their time."""

    def __init__(self, script: Mapping[str, Script] | None = None, *, consented: bool = True, **settings: Any) -> None:
        values = {"tenant_id": "bank", "identity": {"issuer": "https://bank.example", "algorithms": ["HS256"]}}
        self.tenant = parse(Tenant, {**values, **settings})
        self.voice, self.books, self.desk, self.agent = SpeechSynthesis(), Books(), Desk(), Agent(script or {})
        self.deserted: list[float] = []
        self.consented = consented

    async def __aenter__(self) -> "Stage":
        self.talk = Conversation(
            self.tenant,
            Caller("bank", "user"),
            TenantAgent(self.agent, self.desk),  # type: ignore[arg-type]
            expires_at="",
            consented=self.consented,
            transport=self.voice,
            records=self.books,
            clock=now,
            deserted=lambda: self.deserted.append(now()),
        )
        await self.talk.load()
        self.talk.connected()
        if self.consented:
            await self.quiet()
        self.segmenter = self.talk.turn_taking
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.talk.close()

    async def quiet(self) -> None:
        """Wait until the banker has finished."""
        await asyncio.sleep(0.01)

        def over() -> bool:
            waits = self.voice.held or self.talk._speech.busy
            return self.voice.states()[-1:] in ([], ["listening"]) and not waits

        await self.until(over, 60)

    async def until(self, condition: Callable[[], Any], limit: float = 10.0) -> None:
        end = now() + limit
        while not condition():
            assert now() < end, f"not within {limit} s"
            await asyncio.sleep(0.01)

    async def speaking(self, letters: int = 12) -> None:
        """Wait until so many letters more of the voice were heard."""
        heard = len(self.voice.aloud) + letters
        await self.until(lambda: len(self.voice.aloud) >= heard)

    async def ask(self, text: str) -> None:
        """Type, and wait for the answer to begin."""
        await self.talk.receive({"type": "message.send", "text": text})
        await self.speaking()

    async def say(self, *parts: str | float) -> None:
        """Speak: texts, and pauses (s) between them; the turn ends as the banker's patience tells."""
        await self._begin()
        so_far = ""
        for n, part in enumerate(parts):
            if isinstance(part, float):
                if part > self.segmenter.endpointing_delay(so_far):
                    await self._end(so_far)
                    await asyncio.sleep(part)
                    await self.say(*parts[n + 1 :])
                    return
                self.segmenter.interim(so_far)
                await asyncio.sleep(part)
            else:
                so_far = f"{so_far} {part}".strip()
                await self._sound(len(part) / LETTERS_A_SECOND)
        await self._end(so_far)

    async def noise(self, seconds: float = 0.3) -> None:
        """A cough, a click, a chair."""
        await self._begin()
        await self._sound(seconds)
        await asyncio.sleep(self.tenant.turns.silence_ms / 1000)
        self.segmenter.no_words()

    def said(self, role: str) -> list[str]:
        """The record's texts of one role; the greeting left out."""
        return [turn["text"] for turn in self.books.kept[1:] if turn["role"] == role]

    def heard(self, since: float) -> str:
        """What was aloud since then."""
        return "".join(letter for at, letter in self.voice.aloud if at > since)

    async def _begin(self) -> None:
        await asyncio.sleep(NOTICED)
        self.segmenter.speech_started()

    async def _sound(self, seconds: float) -> None:
        while seconds > 0:
            await asyncio.sleep(min(1.0, seconds))
            seconds -= 1.0
            if seconds > 0:
                self.segmenter.speech_continued()

    async def _end(self, text: str) -> None:
        await asyncio.sleep(SHORT_PAUSE)
        self.segmenter.interim(text)
        await asyncio.sleep(max(0.0, self.segmenter.endpointing_delay(text) - SHORT_PAUSE))
        self.segmenter.final(text)


def spoken(text: str) -> str:
    """As the voice says it."""
    return "".join(found.spoken for found in sentences(text))
