"""A conversation in a terminal: prints its events, and sends each typed line as the user's message."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from banker.conversation.conversation import Conversation
from banker.errors import ApiError
from banker.text.en.assent import answer

REPLY_TIMEOUT_S = 30.0
"""How long the next line waits for the agent's reply. The slowest language models answer within 20 s."""

_SHORT_ANSWERS = {"y": "yes", "n": "no"}


class Terminal:
    """A `banker.conversation.transport.Transport` that shows a conversation as lines of text and has no audio.

    `write` prints a line; its second argument tells whether to dim it.
    """

    reachable = True
    audible = audio_expected = can_speak = can_listen = False
    manner: Any = None

    def __init__(self, write: Callable[[str, bool], None]) -> None:
        self._write = write
        self.pending_call_id: str | None = None
        """The tool call that waits for the user's confirmation."""
        self.consent_version: str | None = None
        """The version of the consent text that the user has to accept."""
        self.ended = False
        self.listening = asyncio.Event()

    def send(self, event: Mapping[str, Any]) -> None:
        """Show an event."""
        match event["type"]:
            case "session.ready":
                self.consent_version = event["consent_version"] if event["consent_required"] else None
                for turn in event["history"]:
                    self._write(f"{turn['role']}> {turn['text']}", True)
            case "state":
                self.listening.set() if event["state"] == "listening" else self.listening.clear()
            case "transcript" if event["role"] == "banker" and event["final"]:
                self._write(f"banker> {event['text']}", False)
            case "tool.called":
                self._write(f"  [{event['tool']} …]", True)
            case "tool.finished":
                if event["call_id"] == self.pending_call_id:
                    self.pending_call_id = None
                self._write(f"  [{event['tool']}: {'ok' if event['ok'] else 'not done'}]", True)
            case "confirm.request":
                self.pending_call_id = event["call_id"]
                self._write(f"  [{event['tool']} asks: {event['summary']} (y/n)]", True)
            case "step_up.request":
                self._write(f"  [{event['tool']} waits until the bank has authenticated the user; “no” drops it]", True)
            case "error":
                self._write(f"  [{event['message']}]", True)
                self.listening.set()
            case "session.ended":
                self.ended = True
                self.listening.set()

    async def speak(self, text: str, progress: Callable[[float], None]) -> float:
        """Report the text as spoken. A conversation never calls this for an inaudible transport."""
        return 1.0

    def prepare(self, text: str) -> None:
        """Do nothing, without audio. The same holds for the methods below."""

    def stop_speaking(self) -> None:
        """Do nothing."""

    def pause_speaking(self) -> None:
        """Do nothing."""

    def resume_speaking(self) -> None:
        """Do nothing."""


async def run_chat(conversation: Conversation, terminal: Terminal, lines: Iterable[str]) -> None:
    """Send each of the lines and wait for the reply, until the lines or the session end.

    Consent is given without asking, because an operator runs this. The conversation is closed at the end.
    """
    conversation.connected()
    if terminal.consent_version is not None:
        await conversation.receive({"type": "consent.grant", "version": terminal.consent_version})
    await wait_for_reply(terminal)
    try:
        async for line in _read_in_thread(lines):
            text = line.strip()
            if not text:
                continue
            terminal.listening.clear()
            try:
                await conversation.receive(_event(text, terminal))
            except ApiError as error:
                terminal.send({"type": "error", "error": error.error, "message": error.message})
                continue
            await wait_for_reply(terminal)
            if terminal.ended:
                return
    finally:
        await conversation.close()


def _event(text: str, terminal: Terminal) -> dict[str, Any]:
    """Return the event for a line: y, n, and a plain yes or no answer the pending call; other words cancel it."""
    text = _SHORT_ANSWERS.get(text.lower(), text)
    plain = answer(text)
    call_id, terminal.pending_call_id = terminal.pending_call_id, None
    if call_id is not None and plain is not None:
        return {"type": "confirm", "call_id": call_id, "approved": plain == "yes"}
    return {"type": "message.send", "text": text}


async def wait_for_reply(terminal: Terminal) -> None:
    """Wait until the agent has replied and listens again."""
    try:
        await asyncio.wait_for(terminal.listening.wait(), REPLY_TIMEOUT_S)
    except TimeoutError:
        terminal.send({"type": "error", "error": "timeout", "message": "The banker is still thinking."})


async def _read_in_thread(lines: Iterable[str]) -> AsyncIterator[str]:
    """Yield the lines, without blocking the event loop while the next line is typed."""
    source = iter(lines)
    while (line := await asyncio.to_thread(next, source, None)) is not None:
        yield line
