"""Who has the floor: what an ear hears becomes turns, and the voice gives way, goes on, or is dropped."""

import asyncio
from dataclasses import dataclass

from banker.config.tenant import Tenant
from banker.conversation.timer import Timer
from banker.conversation.turns import endpointing as patience
from banker.conversation.turns.agent_speech import AgentSpeech, Answerer
from banker.conversation.turns.interruption import Verdict, believed, judge, plain, plea
from banker.conversation.turns.spoken_echo import SpokenEcho
from banker.speech import Recognition

RESUME_SECONDS = 2.3
"""A voice that fell silent for a sound too short to be more than a cough, and without a word by then, goes on."""
SOUND_SECONDS = 12.0
"""The longest that a sound without words keeps the banker silent, however long the ear hears it go on."""
WORDS_SECONDS = 8.0
"""After speech that was no cough, and after words, the next sign of the ear is waited for so long: a breath of the
user's, and the recogniser's time."""
LOST_SECONDS = 60.0
"""Speech into the banker's silence, of which the ear tells no more: lost by then."""
CLEAR_SECONDS = 1.9
"""What lasted so long, besides the silence that ended it, was more than a cough: the recogniser's time is in it."""
MISSES = 2
"""So often in a row the user is asked to say it again."""


@dataclass
class _Utterance:
    """What is being said by the user, from the moment that it is noticed."""

    began: float
    over_banker: bool
    turn: int | None = None
    words: str = ""
    """What the user has said so far, by the last look that found more than a nod or an echo."""
    given_up: bool = False
    """The banker goes on speaking, whatever the sound is."""


class TurnTaking:
    """Implements `hearing.Listener`. Belongs to the media loop."""

    def __init__(self, tenant: Tenant, speech: AgentSpeech, answerer: Answerer) -> None:
        self._silence = tenant.turns.silence_ms / 1000
        self._texts = tenant.texts
        self._speech = speech
        self._answerer = answerer
        self._clock = asyncio.get_running_loop().time
        self._echo = SpokenEcho(self._clock)
        self._utterance: _Utterance | None = None
        self._deadline = Timer()
        self._held = False
        self._misses = 0

    # What the ear tells

    def speech_started(self) -> None:
        """Give way at once; whether for good, the words will tell."""
        if not self.is_listening():
            return
        utterance = self._current()
        self._hold()
        self._wait(RESUME_SECONDS if utterance.over_banker else LOST_SECONDS)

    def speech_continued(self) -> None:
        """Another second of speech, without words so far."""
        self.interim("")

    def interim(self, text: str) -> None:
        """Show the words so far, once they are more than a nod or an echo."""
        if not self.is_listening():
            return
        utterance = self._current()
        if self._echo.repeats(text, utterance.began) and not plea(text):
            self._release()
            self._wait(LOST_SECONDS)
            return
        if self._judge(text, utterance) in ("words", "stop", "wait"):
            utterance.words = text
            utterance.turn = utterance.turn or self._speech.next_turn()
            self._speech.show_user(utterance.turn, text, final=False)
        if utterance.words:
            self._hold()
        self._go_on_waiting(utterance, text)

    def _go_on_waiting(self, utterance: _Utterance, text: str) -> None:
        if not utterance.over_banker or (utterance.given_up and not utterance.words):
            self._wait(LOST_SECONDS)
        elif utterance.words:
            self._wait(WORDS_SECONDS)
        elif not plain(text):
            left = SOUND_SECONDS - (self._clock() - utterance.began)
            if left > 0:
                self._wait(max(RESUME_SECONDS, min(WORDS_SECONDS, left)))

    def credible_text(self, heard: Recognition) -> str:
        """All of them, unless they come over the banker's voice."""
        utterance = self._utterance
        if utterance is None or not (self._speech.busy or utterance.over_banker):
            return heard.text
        return believed(heard, asked=self._speech.asked)

    def endpointing_delay(self, text: str) -> float:
        """Seconds of silence that end the turn after these words."""
        return patience.patience(text, self._silence, expected=patience.asks_for_number(self._speech.last_said))

    def final(self, text: str) -> None:
        """Decide what the words are: a turn, a plea, a nod, an echo."""
        if not self.is_listening():
            return
        utterance = self._current()
        self._end()
        echo = self._echo.repeats(text, utterance.began)
        rest = plea(text) or plea(utterance.words) if echo else text
        verdict = self._judge(rest, utterance) if rest or not echo else "nod"
        match verdict:
            case "words":
                self._misses = 0
                self._answerer.submit_turn(rest.strip(), utterance.turn)
            case "stop" | "wait":
                self._misses = 0
                self._answerer.submit_stop_request(rest.strip(), utterance.turn)
            case _:
                self._take_back(utterance)
        self._release()
        if verdict == "unclear" or (verdict == "nothing" and self._was_clear(utterance)):
            self._ask_again()

    def no_words(self) -> None:
        """The banker goes on where it was; into its silence, say so if somebody plainly spoke."""
        if self._utterance is not None and plea(self._utterance.words):
            self.final(self._utterance.words)
            return
        utterance = self._end()
        self._take_back(utterance)
        self._release()
        if utterance is None or not self.is_listening():
            return
        if self._was_clear(utterance):
            self._ask_again()

    def unavailable(self) -> None:
        """Tell that nobody listens, at once."""
        utterance = self._end()
        self._take_back(utterance)
        self._release()
        if not self.is_listening():
            return
        if self._speech.busy or self._misses >= MISSES:
            self._speech.complain(self._texts.hearing_busy)
        else:
            self._misses += 1
            self._answerer.announce(self._texts.hearing_busy)

    def is_listening(self) -> bool:
        """Whether consent was given."""
        return self._answerer.consented

    # What the conversation tells

    def played(self, spoken: str, fraction: float) -> None:
        """How much of a sentence the user has heard."""
        self._echo.played(spoken, fraction)

    def typed(self) -> None:
        """The user types or presses a button: the answer to that does not wait for sounds."""
        self._misses = 0
        self._release()

    def reset(self) -> None:
        """Forget what was being said: nobody listens any more."""
        self._take_back(self._end())
        self._release()

    # The rest

    def _current(self) -> _Utterance:
        if self._utterance is None:
            self._utterance = _Utterance(self._clock(), self._speech.busy)
        return self._utterance

    def _end(self) -> _Utterance | None:
        utterance, self._utterance = self._utterance, None
        self._deadline.stop()
        return utterance

    def _take_back(self, utterance: _Utterance | None) -> None:
        if utterance is not None and utterance.turn is not None:
            self._speech.show_user(utterance.turn, "", final=True)

    def _judge(self, text: str, utterance: _Utterance) -> Verdict:
        over_banker = utterance.over_banker or self._speech.busy
        return judge(text, over_banker=over_banker, asked=self._speech.asked)

    def _hold(self) -> None:
        if not self._held:
            self._held = True
            self._speech.hold()

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._speech.resume()

    def _wait(self, seconds: float) -> None:
        self._deadline.start(seconds, self._out_of_time)

    def _out_of_time(self) -> None:
        """No word came, and no end: the voice goes on. Words that come after all are heard as any others."""
        utterance = self._utterance
        if utterance is not None and utterance.over_banker and not (utterance.words or utterance.given_up):
            utterance.given_up = True
            self._release()
            self._wait(LOST_SECONDS)
        else:
            self.no_words()

    def _was_clear(self, utterance: _Utterance) -> bool:
        if utterance.over_banker or self._speech.busy:
            return False
        return bool(utterance.words) or self._clock() - utterance.began >= CLEAR_SECONDS + self._silence

    def _ask_again(self) -> None:
        if self._misses <= MISSES:
            self._answerer.announce(self._texts.did_not_catch if self._misses < MISSES else self._texts.please_type)
        self._misses += 1
