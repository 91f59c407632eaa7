"""Who speaks now: the reply that is being said and how far it is, the state that is shown, and the turn numbers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from banker.config.tenant import Tenant
from banker.conversation.reply import Reply
from banker.conversation.tool_calls import ToolCalls
from banker.conversation.transport import Transport


class Answerer(Protocol):
    """What a conversation does with words."""

    @property
    def consented(self) -> bool:
        """Whether the user is listened to."""
        ...

    def submit_turn(self, text: str, turn: int | None = None) -> None:
        """The user's words, shown as `turn`: whatever is said or thought is dropped, and they are answered."""
        ...

    def submit_stop_request(self, text: str, turn: int | None = None) -> None:
        """The user's words: whatever is said or thought is dropped, and they are kept but not answered."""
        ...

    def announce(self, text: str) -> None:
        """Say one of the house's own texts, when it is its turn."""
        ...


class AgentSpeech:
    """What a conversation and its turn-taking share. Belongs to the media loop; `history` is the conversation's own.

    `busy` tells whether the banker thinks, speaks, or has something left to do.
    """

    def __init__(
        self,
        tenant: Tenant,
        transport: Transport,
        actions: ToolCalls,
        history: Sequence[Mapping[str, Any]],
        busy: Callable[[], bool],
    ) -> None:
        self.reply: Reply | None = None
        """What is being said."""
        self.silences = 0
        """How often the user has wanted silence, or has said something else instead."""
        self._last_turn = 0
        self._confirm = tenant.texts.confirm
        self._transport = transport
        self._tool_calls = actions
        self._history = history
        self._busy = busy
        self._held = False
        self._state = self._shown = "listening"

    @property
    def busy(self) -> bool:
        """Whether the banker thinks, speaks, or is about to."""
        return self._busy()

    @property
    def last_said(self) -> str:
        """The sentence that is being said, or was said last; empty when the user has spoken since."""
        if self.reply is not None:
            return self.reply.saying
        last = self._history[-1] if self._history else {}
        return str(last.get("text", "")) if last.get("role") == "banker" else ""

    @property
    def asked(self) -> bool:
        """Whether a question to the user is open: one that is being said counts, one behind it does not yet."""
        if self.last_said.endswith("?"):
            return True
        question = self._tool_calls.question
        if question is None or self.reply is None:
            return question is not None
        return bool(self.last_said) and self.last_said in self._confirm.format(summary=question.summary)

    def next_turn(self, least: int = 0) -> int:
        """A turn number of at least so much, taken for good."""
        self._last_turn = max(self._last_turn + 1, least)
        return self._last_turn

    def cut(self) -> None:
        """What is said or thought is dropped, and the turn ends at the word that was said last."""
        if self.reply is not None:
            self.reply.interrupt()
            self._state = "listening"  # a voice that waited is not shown once more as it is let go

    def silence(self) -> None:
        """The same, and an answer of which nothing is thought yet is dropped with it."""
        self.silences += 1
        self.cut()

    def hold(self) -> None:
        """The user may be speaking: the voice waits where it is, and whatever is said from now on waits behind it."""
        self._held = True
        self._transport.pause_speaking()
        self.show(self._state)

    def resume(self) -> None:
        """The voice goes on where it was."""
        self._held = False
        self._transport.resume_speaking()
        self.show(self._state)

    def show(self, state: str) -> None:
        """Show what the banker does; one whose voice waits is listening."""
        self._state = state
        shown = "listening" if self._held and state == "speaking" else state
        if shown != self._shown:
            self._shown = shown
            self._transport.send({"type": "state", "state": shown})

    def show_user(self, turn: int, text: str, *, final: bool) -> None:
        """Show words of the user that are no turn yet; a final empty text takes them back."""
        self._transport.send({"type": "transcript", "turn": turn, "role": "user", "text": text, "final": final})

    def complain(self, text: str) -> None:
        """Show that the user cannot be heard at the moment."""
        self._transport.send({"type": "error", "error": "not_listening", "message": text})
