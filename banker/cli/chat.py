"""A talk in a terminal: lines in, the banker's words, tools and questions out; for those who tune a banker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, Protocol

from banker.errors import ApiError
from banker.text.en.assent import answer

DEADLINE_SECONDS = 30.0
"""How long the terminal waits for the banker to listen again before it takes the next line anyway."""

_SHORT = {"y": "yes", "n": "no"}


class Talker(Protocol):
    """What a terminal needs of a conversation."""

    def connected(self) -> None:
        """The terminal can show events."""

    async def receive(self, event: Mapping[str, Any]) -> None:
        """Act on a client's event. Raises `ApiError`."""

    async def close(self) -> None:
        """Stop."""


class Terminal:
    """The line of a conversation that is shown in a terminal; it has no voice (`banker.conversation.transport.Line`).

    `write` prints a line; its second argument says whether it is dim.
    """

    reachable = True
    audible = False
    audio_expected = False
    can_speak = can_listen = False

    def __init__(self, write: Callable[[str, bool], None]) -> None:
        self._write = write
        self.pending: str | None = None
        """The id of the call that waits for the user's confirmation."""
        self.consent: str | None = None
        """The version of the consent text that is asked."""
        self.ended = False
        self.listening = asyncio.Event()

    def send(self, event: Mapping[str, Any]) -> None:
        """Show an event."""
        match event["type"]:
            case "session.ready":
                self.consent = event["consent_version"] if event["consent_required"] else None
                for turn in event["history"]:
                    self._write(f"{turn['role']}> {turn['text']}", True)
            case "state":
                self.listening.set() if event["state"] == "listening" else self.listening.clear()
            case "transcript" if event["role"] == "banker" and event["final"]:
                self._write(f"banker> {event['text']}", False)
            case "tool.called":
                self._write(f"  [{event['tool']} …]", True)
            case "tool.finished":
                self.pending = None if event["call_id"] == self.pending else self.pending
                self._write(f"  [{event['tool']}: {'ok' if event['ok'] else 'not done'}]", True)
            case "confirm.request":
                self.pending = event["call_id"]
                self._write(f"  [{event['tool']} asks: {event['summary']} (y/n)]", True)
            case "error":
                self._write(f"  [{event['message']}]", True)
                self.listening.set()
            case "session.ended":
                self.ended = True
                self.listening.set()

    def prepare(self, text: str) -> None:
        """Do nothing: the terminal is not audible."""

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        """Never called: the terminal is not audible."""
        return 1.0

    def stop_speaking(self) -> None:
        """There is no voice that could fall silent."""

    def pause_speaking(self) -> None:
        """There is no voice that could wait."""

    def resume_speaking(self) -> None:
        """There is no voice that could go on."""


async def chat(talker: Talker, terminal: Terminal, lines: Iterable[str]) -> None:
    """Talk until the lines or the session end. Consent is given at once: who runs this is the operator."""
    talker.connected()
    if terminal.consent is not None:
        await talker.receive({"type": "consent.grant", "version": terminal.consent})
    await _listen(terminal)
    try:
        async for line in _in_a_thread(lines):
            text = line.strip()
            if not text:
                continue
            terminal.listening.clear()
            try:
                await talker.receive(_event(text, terminal))
            except ApiError as error:
                terminal.send({"type": "error", "error": error.error, "message": error.message})
                continue
            await _listen(terminal)
            if terminal.ended:
                return
    finally:
        await talker.close()


def _event(text: str, terminal: Terminal) -> dict[str, Any]:
    """A line as an event: y and n, and a plain yes or no, answer the call that waits; other words drop it."""
    text = _SHORT.get(text.lower(), text)
    plain = answer(text)
    call_id, terminal.pending = terminal.pending, None
    if call_id is not None and plain is not None:
        return {"type": "confirm", "call_id": call_id, "approved": plain == "yes"}
    return {"type": "message.send", "text": text}


async def _listen(terminal: Terminal) -> None:
    try:
        await asyncio.wait_for(terminal.listening.wait(), DEADLINE_SECONDS)
    except TimeoutError:
        terminal.send({"type": "error", "error": "timeout", "message": "The banker is still thinking."})


async def _in_a_thread(lines: Iterable[str]) -> AsyncIterator[str]:
    """The lines one by one; waiting for a keyboard does not hold up the loop."""
    source = iter(lines)
    while (line := await asyncio.to_thread(next, source, None)) is not None:
        yield line
