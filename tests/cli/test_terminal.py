"""Chat in a terminal with a fake conversation that sends the events of a real one."""

import asyncio
from collections.abc import Mapping
from typing import Any

from banker.cli.terminal import Terminal, run_chat
from banker.errors import ApiError


class FakeConversation:
    """Ask for a confirmation before opening a ticket, and echo everything else."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.received: list[Mapping[str, Any]] = []
        self.closed = False

    def connected(self) -> None:
        self._terminal.send(
            {
                "type": "session.ready",
                "consent_required": True,
                "consent_version": "7",
                "history": [{"role": "user", "text": "old"}],
            }
        )

    async def receive(self, event: Mapping[str, Any]) -> None:
        self.received.append(event)
        if event.get("text") == "too long":
            raise ApiError(400, "invalid_request", "This is too long.")
        asyncio.get_running_loop().call_soon(self._answer, event)

    def _answer(self, event: Mapping[str, Any]) -> None:
        match event:
            case {"type": "message.send", "text": "ticket"}:
                self._terminal.send(
                    {"type": "confirm.request", "call_id": "c1", "tool": "create_ticket", "summary": "Fees"}
                )
            case {"type": "confirm", "approved": True}:
                self._terminal.send({"type": "tool.called", "call_id": "c1", "tool": "create_ticket"})
                self._terminal.send({"type": "tool.finished", "call_id": "c1", "tool": "create_ticket", "ok": True})
            case {"type": "message.send", "text": "end"}:
                self._terminal.send({"type": "session.ended", "reason": "ended"})
        self._terminal.send({"type": "transcript", "role": "banker", "final": True, "text": f"Re {event['type']}"})
        self._terminal.send({"type": "state", "state": "listening"})

    async def close(self) -> None:
        self.closed = True


def chat(*lines: str) -> tuple[FakeConversation, list[str]]:
    async def run() -> tuple[FakeConversation, list[str]]:
        shown: list[str] = []
        terminal = Terminal(lambda text, dim: shown.append(text))
        conversation = FakeConversation(terminal)
        await asyncio.wait_for(run_chat(conversation, terminal, lines), 10)
        return conversation, shown

    return asyncio.run(run())


def test_each_piped_line_is_a_turn_after_consent() -> None:
    conversation, shown = chat("hello\n", "\n", "too long\n", "bye\n")
    assert [event.get("text", event.get("version")) for event in conversation.received] == [
        "7",
        "hello",
        "too long",
        "bye",
    ]
    assert shown[0] == "user> old"
    assert "  [This is too long.]" in shown
    assert conversation.closed


def test_a_letter_or_a_word_confirms_or_declines() -> None:
    for word, approved in (("y", True), ("yes please", True), ("n", False), ("nope", False)):
        conversation, shown = chat("ticket", word)
        assert conversation.received[-1] == {"type": "confirm", "call_id": "c1", "approved": approved}
        assert "  [create_ticket asks: Fees (y/n)]" in shown
        assert ("  [create_ticket: ok]" in shown) == approved


def test_other_words_are_a_message_and_so_is_yes_without_a_question() -> None:
    conversation, _ = chat("yes", "ticket", "yes but later")
    assert [event["type"] for event in conversation.received[1:]] == ["message.send"] * 3


def test_other_words_cancel_the_question_and_a_later_yes_is_a_message() -> None:
    conversation, _ = chat("ticket", "what is my balance", "y")
    assert conversation.received[2:] == [
        {"type": "message.send", "text": "what is my balance"},
        {"type": "message.send", "text": "yes"},
    ]


def test_the_chat_ends_with_its_session() -> None:
    conversation, _ = chat("end", "never said")
    assert conversation.received[-1]["text"] == "end"
