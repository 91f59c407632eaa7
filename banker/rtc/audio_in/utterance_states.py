"""The states of an utterance, the events that change them, and the transitions (docs/turn-taking.md)."""

from enum import Enum, auto


class UtteranceState(Enum):
    """What the segmenter knows of an utterance."""

    IDLE = auto()
    """Just created."""
    POSSIBLE_ECHO = auto()
    """Speech that began while the agent was audible. Nothing is reported until double talk is confirmed."""
    QUEUED = auto()
    """The previous turn still waits for its words. Nothing is reported until it has them."""
    SPEAKING = auto()
    """Reported as a turn, and the user is speaking."""
    RECOGNISING = auto()
    """The user has paused, and the recogniser works on everything said so far."""
    RECOGNISED = auto()
    """The words are known. The endpointing delay is running."""
    FAILED = auto()
    """The recogniser failed. It gets another attempt when the endpointing delay is over."""
    CLOSED = auto()
    """The turn is over because of its length or its silence, and waits for the recogniser."""
    ENDED = auto()
    """Reported as final, without words or unavailable; or dropped."""


class UtteranceEvent(Enum):
    """What changes the state of an utterance."""

    SPEECH = auto()
    """Speech began while the agent was not audible."""
    SPEECH_OVER_AGENT = auto()
    SPEECH_BEHIND_CLOSED = auto()
    """Speech began while the previous turn waited for its words."""
    DOUBLE_TALK = auto()
    """Somebody speaks besides the agent."""
    DOUBLE_TALK_BEHIND_CLOSED = auto()
    ECHO_ONLY = auto()
    """The sound ended, and all of it was the agent's own voice."""
    PREVIOUS_ENDED = auto()
    PAUSE = auto()
    """`PAUSE_S` of silence."""
    SPEECH_RESUMED = auto()
    TRANSCRIPT = auto()
    """The recogniser has finished."""
    FAILURE = auto()
    """The recogniser raised an exception or had no capacity."""
    RETRY = auto()
    """The endpointing delay is over: one more attempt."""
    GIVE_UP = auto()
    """The recogniser failed after the endpointing delay."""
    ENDPOINT = auto()
    """The endpointing delay is over and the words are known."""
    LIMIT = auto()
    """`LONGEST_TURN_S` of speech or `LONGEST_SILENCE_S` of silence."""
    DROPPED = auto()
    """Consent was revoked, or the call ended."""


_S, _E = UtteranceState, UtteranceEvent

TRANSITIONS: dict[tuple[UtteranceState, UtteranceEvent], UtteranceState] = {
    (_S.IDLE, _E.SPEECH): _S.SPEAKING,
    (_S.IDLE, _E.SPEECH_OVER_AGENT): _S.POSSIBLE_ECHO,
    (_S.IDLE, _E.SPEECH_BEHIND_CLOSED): _S.QUEUED,
    (_S.POSSIBLE_ECHO, _E.DOUBLE_TALK): _S.SPEAKING,
    (_S.POSSIBLE_ECHO, _E.DOUBLE_TALK_BEHIND_CLOSED): _S.QUEUED,
    (_S.POSSIBLE_ECHO, _E.ECHO_ONLY): _S.ENDED,
    (_S.QUEUED, _E.PREVIOUS_ENDED): _S.SPEAKING,
    (_S.SPEAKING, _E.PAUSE): _S.RECOGNISING,
    (_S.SPEAKING, _E.LIMIT): _S.CLOSED,
    (_S.RECOGNISING, _E.SPEECH_RESUMED): _S.SPEAKING,
    (_S.RECOGNISING, _E.TRANSCRIPT): _S.RECOGNISED,
    (_S.RECOGNISING, _E.FAILURE): _S.FAILED,
    (_S.RECOGNISING, _E.LIMIT): _S.CLOSED,
    (_S.RECOGNISED, _E.SPEECH_RESUMED): _S.SPEAKING,
    (_S.RECOGNISED, _E.ENDPOINT): _S.ENDED,
    (_S.FAILED, _E.SPEECH_RESUMED): _S.SPEAKING,
    (_S.FAILED, _E.RETRY): _S.RECOGNISING,
    (_S.FAILED, _E.GIVE_UP): _S.ENDED,
    (_S.FAILED, _E.LIMIT): _S.CLOSED,
    (_S.CLOSED, _E.TRANSCRIPT): _S.ENDED,
    (_S.CLOSED, _E.FAILURE): _S.ENDED,
    **{(state, _E.DROPPED): _S.ENDED for state in _S if state not in (_S.IDLE, _S.ENDED)},
}
