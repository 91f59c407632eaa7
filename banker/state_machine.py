"""A state machine as data: an enum of states, an enum of events and a table of transitions."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

State = TypeVar("State", bound=Enum)
Event = TypeVar("Event", bound=Enum)


class IllegalTransition(RuntimeError):
    """An event arrived in a state whose table row does not name it: a bug in the caller."""


def next_state(transitions: Mapping[tuple[State, Event], State], state: State, event: Event) -> State:
    """Return the state that follows `event` in `state`. Raises `IllegalTransition`."""
    try:
        return transitions[state, event]
    except KeyError:
        raise IllegalTransition(f"{event.name} is not allowed in state {state.name}") from None
