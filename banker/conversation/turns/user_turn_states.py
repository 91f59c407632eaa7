"""The user's side of turn-taking: its states, the events that change them, and the transitions.

docs/turn-taking.md draws them.
"""

from enum import Enum, auto


class UserTurnState(Enum):
    """What the user does, as far as turn-taking knows."""

    IDLE = auto()
    """Nothing."""
    SPEAKING = auto()
    """The user speaks while the agent is silent."""
    INTERRUPTING = auto()
    """A sound over the agent's speech, without words so far."""
    TAKING_TURN = auto()
    """The words so far are more than a backchannel."""
    IGNORED = auto()
    """A sound that does not stop the agent: an echo, a false interruption, or a user who types instead."""


class UserTurnEvent(Enum):
    """What changes the state of the user's turn."""

    SPEECH = auto()
    """Speech has started while the agent was silent."""
    SPEECH_OVER_AGENT = auto()
    CONTINUED = auto()
    """Speech continues without words."""
    BACKCHANNEL = auto()
    """An interim transcript is only a backchannel."""
    WORDS = auto()
    """An interim transcript has words for a turn, or had them before."""
    ECHO = auto()
    """An interim transcript is the agent's own words."""
    TYPED = auto()
    TIMEOUT = auto()
    """The deadline of the state has passed."""
    END = auto()
    """The turn is final, has no words or is dropped."""


_S, _E = UserTurnState, UserTurnEvent

PAUSING_STATES = (_S.SPEAKING, _S.INTERRUPTING, _S.TAKING_TURN)
"""The agent is paused in exactly these states."""

TRANSITIONS: dict[tuple[UserTurnState, UserTurnEvent], UserTurnState] = {
    (_S.IDLE, _E.SPEECH): _S.SPEAKING,
    (_S.IDLE, _E.SPEECH_OVER_AGENT): _S.INTERRUPTING,
    (_S.IDLE, _E.CONTINUED): _S.IGNORED,
    (_S.IDLE, _E.BACKCHANNEL): _S.IGNORED,
    (_S.IDLE, _E.WORDS): _S.TAKING_TURN,
    (_S.IDLE, _E.ECHO): _S.IGNORED,
    (_S.IDLE, _E.TYPED): _S.IDLE,
    (_S.SPEAKING, _E.CONTINUED): _S.SPEAKING,
    (_S.SPEAKING, _E.BACKCHANNEL): _S.SPEAKING,
    (_S.SPEAKING, _E.WORDS): _S.TAKING_TURN,
    (_S.INTERRUPTING, _E.CONTINUED): _S.INTERRUPTING,
    (_S.INTERRUPTING, _E.BACKCHANNEL): _S.INTERRUPTING,
    (_S.INTERRUPTING, _E.WORDS): _S.TAKING_TURN,
    (_S.TAKING_TURN, _E.WORDS): _S.TAKING_TURN,
    (_S.IGNORED, _E.CONTINUED): _S.IGNORED,
    (_S.IGNORED, _E.BACKCHANNEL): _S.IGNORED,
    (_S.IGNORED, _E.WORDS): _S.TAKING_TURN,
    **{(state, event): _S.IGNORED for state in _S if state is not _S.IDLE for event in (_E.ECHO, _E.TYPED)},
    **{(state, _E.TIMEOUT): _S.IDLE for state in (_S.SPEAKING, _S.TAKING_TURN, _S.IGNORED)},
    (_S.INTERRUPTING, _E.TIMEOUT): _S.IGNORED,
    **{(state, _E.END): _S.IDLE for state in _S},
}
