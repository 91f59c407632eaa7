"""The agent's side of turn-taking: its state, the reply that it is saying, and the state that the user sees."""

from enum import Enum, auto
from typing import Any

from banker.config.tenant import Tenant
from banker.conversation.calls.tool_calls import ToolCalls
from banker.conversation.mailbox import Mailbox
from banker.conversation.reply import Reply
from banker.conversation.transcript import Transcript
from banker.conversation.transport import Transport
from banker.state_machine import next_state

MANNER = "manner"
"""The key in the dialogue state of how the customer wishes the voice to speak."""


class AgentState(Enum):
    """What the agent does. In a paused state the user may be speaking, and all speech waits."""

    LISTENING = auto()
    THINKING = auto()
    SPEAKING = auto()
    LISTENING_PAUSED = auto()
    THINKING_PAUSED = auto()
    SPEAKING_PAUSED = auto()


class AgentEvent(Enum):
    """What changes the agent's state."""

    THINK = auto()
    SPEAK = auto()
    FINISH = auto()
    """Nothing is left to do."""
    INTERRUPT = auto()
    """The reply is dropped."""
    PAUSE = auto()
    RESUME = auto()


_S, _E = AgentState, AgentEvent
_PAUSED = {
    _S.LISTENING: _S.LISTENING_PAUSED,
    _S.THINKING: _S.THINKING_PAUSED,
    _S.SPEAKING: _S.SPEAKING_PAUSED,
}
_TARGETS = {_E.THINK: _S.THINKING, _E.SPEAK: _S.SPEAKING, _E.FINISH: _S.LISTENING, _E.INTERRUPT: _S.LISTENING}

TRANSITIONS: dict[tuple[AgentState, AgentEvent], AgentState] = {
    **{(state, event): target for state in _PAUSED for event, target in _TARGETS.items()},
    **{(paused, event): _PAUSED[target] for paused in _PAUSED.values() for event, target in _TARGETS.items()},
    **{(state, _E.PAUSE): paused for state, paused in _PAUSED.items()},
    **{(paused, _E.RESUME): state for state, paused in _PAUSED.items()},
}

SHOWN = {
    _S.LISTENING: "listening",
    _S.THINKING: "thinking",
    _S.SPEAKING: "speaking",
    _S.LISTENING_PAUSED: "listening",
    _S.THINKING_PAUSED: "thinking",
    _S.SPEAKING_PAUSED: "listening",
}
"""The `state` event for each state: to the client, an agent that paused its speech is listening."""


class AgentSpeech:
    """The agent's speech in one conversation. Belongs to the media loop."""

    def __init__(
        self, tenant: Tenant, transport: Transport, tool_calls: ToolCalls, transcript: Transcript, mailbox: Mailbox
    ) -> None:
        self.reply: Reply | None = None
        """The reply that is being said."""
        self.cancellations = 0
        """How often the user has cancelled speech: by a spoken turn, a request to stop, or the stop button."""
        self.state = AgentState.LISTENING
        self._shown = SHOWN[self.state]
        self._confirm = tenant.texts.confirm
        self._transport = transport
        self._tool_calls = tool_calls
        self._transcript = transcript
        self._mailbox = mailbox

    @property
    def busy(self) -> bool:
        """Whether the agent is thinking or speaking, or about to."""
        return self._mailbox.busy

    @property
    def last_sentence(self) -> str:
        """The current or last sentence of the agent; empty if the user has spoken since."""
        if self.reply is not None:
            return self.reply.current_sentence
        last = self._transcript.turns[-1] if self._transcript.turns else {}
        return str(last.get("text", "")) if last.get("role") == "banker" else ""

    @property
    def has_asked(self) -> bool:
        """Whether a question to the user is open. A question that is yet to be spoken does not count."""
        if self.last_sentence.endswith("?"):
            return True
        question = self._tool_calls.questions.open
        if question is None or self.reply is None:
            return question is not None
        return bool(self.last_sentence) and self.last_sentence in self._confirm.format(summary=question.summary)

    def adjust_voice(self, wish: str, dialogue_state: dict[str, Any]) -> bool:
        """Speak slower, faster, louder or softer from now on. Returns whether the voice goes that far."""
        before = self._transport.manner
        self._transport.manner = before.wished(wish)
        dialogue_state[MANNER] = self._transport.manner.as_dict()
        return self._transport.manner != before

    def think(self) -> None:
        """The agent works on an answer."""
        self._on(AgentEvent.THINK)

    def speak(self) -> None:
        """The agent begins a sentence."""
        self._on(AgentEvent.SPEAK)

    def finish(self) -> None:
        """The agent has nothing left to do."""
        self._on(AgentEvent.FINISH)

    def interrupt(self) -> None:
        """Drop the reply; its turn ends at the word that was spoken last."""
        if self.reply is not None:
            self.reply.interrupt()
            # Not shown: the new turn shows "thinking" next, without a flash of "listening".
            self.state = next_state(TRANSITIONS, self.state, AgentEvent.INTERRUPT)

    def cancel(self) -> None:
        """Drop the reply and every turn that waits for an answer."""
        self.cancellations += 1
        self.interrupt()

    def pause(self) -> None:
        """Pause the voice, because the user may be speaking. Further speech waits."""
        self._transport.pause_speaking()
        self._on(AgentEvent.PAUSE)

    def resume(self) -> None:
        """Continue where the voice was paused."""
        self._transport.resume_speaking()
        self._on(AgentEvent.RESUME)

    def show_user_words(self, turn: int, text: str, *, final: bool) -> None:
        """Show an interim transcript. A final empty text removes it."""
        self._transport.send({"type": "transcript", "turn": turn, "role": "user", "text": text, "final": final})

    def report_unavailable(self, text: str) -> None:
        """Show that the service is not listening at the moment."""
        self._transport.send({"type": "error", "error": "not_listening", "message": text})

    def _on(self, event: AgentEvent) -> None:
        self.state = next_state(TRANSITIONS, self.state, event)
        shown = SHOWN[self.state]
        if shown != self._shown:
            self._shown = shown
            self._transport.send({"type": "state", "state": shown})
