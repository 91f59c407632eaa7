"""Turn-taking: turns what the recogniser reports into user turns, and pauses, resumes or interrupts the agent.

docs/turn-taking.md draws the states of the user's turn and explains the times.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from banker.config.tenant import Tenant
from banker.conversation.consent import ConsentState
from banker.conversation.transcript import TurnNumbers
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.conversation.turns.credibility import Credibility
from banker.conversation.turns.endpointing import asks_for_number, endpointing_delay
from banker.conversation.turns.interruption import SpeechKind, classify, find_stop_request, plain_words
from banker.conversation.turns.spoken_echo import SpokenEcho
from banker.conversation.turns.timer import Timer
from banker.conversation.turns.user_turn_states import PAUSING_STATES, TRANSITIONS, UserTurnEvent, UserTurnState
from banker.conversation.turns.user_turns import UserTurns
from banker.speech import Recognition
from banker.state_machine import next_state
from banker.text.redaction import SecretFilter

FALSE_INTERRUPTION_S = 2.3
"""The agent resumes this long after the start of a short sound without words, such as a cough. Recognition needs 0.6 s
of silence and takes up to 1.5 s."""
LONGEST_SOUND_S = 12.0
"""The agent resumes this long after the start of a sound that continues without words: music, a distant voice."""
NEXT_SIGN_S = 8.0
"""After a second of speech, or after words, the agent waits this long for the next event: the user may take a breath,
and the recogniser may be busy."""
LOST_SPEECH_S = 60.0
"""A turn ends after this long without a report. Nobody waits for it; this only cleans up."""
PLAIN_SPEECH_S = 1.9
"""A sound of this length, including recognition but not the final silence, was more than a cough."""
MAX_REPEAT_REQUESTS = 2
"""How often in a row the user is asked to repeat before typing is suggested."""


@dataclass
class _SpokenTurn:
    """A turn that the user may be saying."""

    began: float
    over_agent: bool
    """Whether the agent was thinking or speaking when it began."""
    turn: int | None = None
    """The turn number, once an interim transcript was shown."""
    words: str = ""
    """The last interim transcript that was more than a backchannel or an echo."""
    is_doubtful: bool = False
    """Whether somebody spoke whose words were not believed."""


class TurnTaking:
    """Decides who speaks, for one conversation. Implements `SpeechListener`. Belongs to the media loop."""

    def __init__(
        self,
        tenant: Tenant,
        consent: ConsentState,
        speech: AgentSpeech,
        user_turns: UserTurns,
        turn_numbers: TurnNumbers,
        echo: SpokenEcho,
        secret_filter: SecretFilter,
        anticipate: Callable[[str], Coroutine[Any, Any, bool]],
    ) -> None:
        """`anticipate` prepares an answer to words that may be all, and returns whether one may come early."""
        self.state = UserTurnState.IDLE
        self._silence_s = tenant.turns.silence_ms / 1000
        self._texts = tenant.texts
        self._consent = consent
        self._speech = speech
        self._user_turns = user_turns
        self._turn_numbers = turn_numbers
        self._echo = echo
        self._secret_filter = secret_filter
        self._anticipate = anticipate
        self._anticipating: asyncio.Task[None] | None = None
        self._clear_words = ""
        """Words that are clear, and whose answer would change nothing."""
        self._clock = asyncio.get_running_loop().time
        self._spoken: _SpokenTurn | None = None
        self._deadline = Timer()
        self._failures = 0
        """How often in a row the user was not understood."""

    # As a SpeechListener

    def speech_started(self) -> None:
        """Pause the agent at once. Whether it is interrupted depends on the words."""
        if self.is_listening():
            over_agent = self._begin().over_agent
            self._on(UserTurnEvent.SPEECH_OVER_AGENT if over_agent else UserTurnEvent.SPEECH)

    def speech_continued(self) -> None:
        """Wait longer: a cough would have ended by now."""
        if self.is_listening():
            self._on(UserTurnEvent.WORDS if self._begin().words else UserTurnEvent.CONTINUED)

    def interim(self, text: str) -> None:
        """Show the words so far if they are more than a backchannel or an echo."""
        if not self.is_listening():
            return
        spoken = self._begin()
        if self._echo.matches(text, spoken.began) and not find_stop_request(text):
            self._on(UserTurnEvent.ECHO)
            return
        if self._classify(text, spoken) in ("words", "stop", "wait"):
            spoken.words = text
            spoken.turn = spoken.turn or self._turn_numbers.next()
            self._speech.show_user_words(spoken.turn, self._secret_filter.interim(text), final=False)
        if spoken.words:
            self._on(UserTurnEvent.WORDS)
        else:
            self._on(UserTurnEvent.BACKCHANNEL if plain_words(text) else UserTurnEvent.CONTINUED)

    def may_be_all(self, text: str) -> None:
        """Prepare an answer while the silence goes on."""
        self._clear_words = ""
        if self.is_listening():
            self._stop_anticipating()
            self._anticipating = asyncio.ensure_future(self._note_clear_words(text))

    async def _note_clear_words(self, text: str) -> None:
        if await self._anticipate(text):
            self._clear_words = text

    def _stop_anticipating(self) -> None:
        if self._anticipating is not None:
            self._anticipating.cancel()

    def final(self, text: str) -> None:
        """Answer the words, or take them as a request to stop, a backchannel or an echo."""
        if self.is_listening():
            self._end_with_words(text, UserTurnEvent.END)

    def no_words(self) -> None:
        """Let the agent resume. If it was silent and someone has plainly spoken, ask to say it again."""
        self._end_without_words(UserTurnEvent.END)

    def unavailable(self) -> None:
        """Inform the user at once that nobody is listening."""
        self._take_back()
        self._on(UserTurnEvent.END)
        if not self.is_listening() or self._user_turns.is_with_person:
            return
        if self._speech.busy or self._failures >= MAX_REPEAT_REQUESTS:
            self._speech.report_unavailable(self._texts.hearing_busy)
        else:
            self._failures += 1
            self._user_turns.announce(self._texts.hearing_busy)

    def credible_text(self, recognition: Recognition) -> str:
        """Return the words if they are believed, or an empty string."""
        spoken = self._spoken
        over_agent = spoken is not None and (self._speech.busy or spoken.over_agent)
        credibility = Credibility(over_agent, self._speech.has_asked)
        if spoken is not None:
            spoken.is_doubtful = credibility.is_doubtful(recognition)
        return credibility.credible(recognition)

    def endpointing_delay(self, text: str) -> float:
        """Return the seconds of silence that end a turn with these words."""
        number_expected = asks_for_number(self._speech.last_sentence)
        is_clear = bool(text) and text == self._clear_words
        return endpointing_delay(text, self._silence_s, number_expected=number_expected, is_clear=is_clear)

    def is_listening(self) -> bool:
        """Whether the user has consented."""
        return self._consent.given

    # Called by the conversation

    def typed(self) -> None:
        """Ignore the current sound, because the user types or presses a button."""
        self._failures = 0
        self._on(UserTurnEvent.TYPED)

    def reset(self) -> None:
        """Drop the current turn, because nobody is listening any more."""
        self._stop_anticipating()
        self._take_back()
        self._on(UserTurnEvent.END)

    # State

    def _begin(self) -> _SpokenTurn:
        if self._spoken is None:
            self._spoken = _SpokenTurn(self._clock(), over_agent=self._speech.busy)
        return self._spoken

    def _on(self, event: UserTurnEvent) -> None:
        """Change the state, pause or resume the agent, and set the deadline of the new state."""
        before, self.state = self.state, next_state(TRANSITIONS, self.state, event)
        if self.state is UserTurnState.IDLE:
            self._spoken = None
        self._set_deadline(event)
        if before not in PAUSING_STATES and self.state in PAUSING_STATES:
            self._speech.pause()
        elif before in PAUSING_STATES and self.state not in PAUSING_STATES:
            self._speech.resume()

    def _set_deadline(self, event: UserTurnEvent) -> None:
        if self._spoken is None:
            self._deadline.stop()
        elif self.state is UserTurnState.INTERRUPTING:
            self._set_interruption_deadline(event, self._spoken)
        elif self.state is UserTurnState.TAKING_TURN and self._spoken.over_agent:
            self._deadline.start(NEXT_SIGN_S, self._time_out)
        else:
            self._deadline.start(LOST_SPEECH_S, self._time_out)

    def _set_interruption_deadline(self, event: UserTurnEvent, spoken: _SpokenTurn) -> None:
        if event is UserTurnEvent.SPEECH_OVER_AGENT:
            self._deadline.start(FALSE_INTERRUPTION_S, self._time_out)
        elif event is UserTurnEvent.CONTINUED:
            left = LONGEST_SOUND_S - (self._clock() - spoken.began)
            if left > 0:
                self._deadline.start(max(FALSE_INTERRUPTION_S, min(NEXT_SIGN_S, left)), self._time_out)

    def _time_out(self) -> None:
        """Give up waiting for words or the end of a turn. Later words are treated like any others."""
        if self.state is UserTurnState.INTERRUPTING:
            self._on(UserTurnEvent.TIMEOUT)
        else:
            self._end_without_words(UserTurnEvent.TIMEOUT)

    # The end of a turn

    def _end_with_words(self, text: str, event: UserTurnEvent) -> None:
        spoken = self._begin()
        is_echo = self._echo.matches(text, spoken.began)
        words = (find_stop_request(text) or find_stop_request(spoken.words)) if is_echo else text
        kind: SpeechKind = self._classify(words, spoken) if words or not is_echo else "backchannel"
        match kind:
            case "words":
                self._failures = 0
                self._user_turns.spoken(words.strip(), spoken.turn)
            case "stop" | "wait":
                self._failures = 0
                self._user_turns.stop_requested(words.strip(), spoken.turn)
            case _:
                self._take_back()
        self._on(event)
        if kind == "unclear" or (kind == "nothing" and self._was_plain_speech(spoken)):
            self._ask_to_repeat()

    def _end_without_words(self, event: UserTurnEvent) -> None:
        spoken = self._spoken
        if spoken is not None and self.is_listening() and find_stop_request(spoken.words):
            self._end_with_words(spoken.words, event)
            return
        self._take_back()
        self._on(event)
        if spoken is not None and self.is_listening() and self._was_plain_speech(spoken):
            self._ask_to_repeat()

    def _take_back(self) -> None:
        """Remove the interim transcript from the user's display."""
        if self._spoken is not None and self._spoken.turn is not None:
            self._speech.show_user_words(self._spoken.turn, "", final=True)

    def _classify(self, text: str, spoken: _SpokenTurn) -> SpeechKind:
        over_agent = spoken.over_agent or self._speech.busy
        return classify(text, over_agent=over_agent, has_asked=self._speech.has_asked)

    def _was_plain_speech(self, spoken: _SpokenTurn) -> bool:
        """Return whether somebody certainly spoke to the silent agent, or may have answered its question."""
        if spoken.over_agent or self._speech.busy:
            return False
        if spoken.is_doubtful and self._speech.has_asked:
            return True
        return bool(spoken.words) or self._clock() - spoken.began >= PLAIN_SPEECH_S + self._silence_s

    def _ask_to_repeat(self) -> None:
        if self._failures <= MAX_REPEAT_REQUESTS:
            did_not_catch = self._failures < MAX_REPEAT_REQUESTS
            self._user_turns.announce(self._texts.did_not_catch if did_not_catch else self._texts.please_type)
        self._failures += 1
