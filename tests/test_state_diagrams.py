"""The diagrams in docs/ show the transition tables of the code, no more and no less."""

import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from banker.agents.scripted.forms import states as form_states
from banker.conversation.turns import agent_speech, user_turn_states
from banker.rtc.audio_in import utterance_states
from banker.state_machine import IllegalTransition, next_state

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("turn-taking.md", "dialogue.md")
TABLES: dict[str, Mapping[tuple[Any, Any], Any]] = {
    "The states of an utterance": utterance_states.TRANSITIONS,
    "The user's turn: barge-in, backchannel, false interruption": user_turn_states.TRANSITIONS,
    "The agent": agent_speech.TRANSITIONS,
    "The states of a form": form_states.TRANSITIONS,
}


def drawn(heading: str) -> dict[tuple[str, str], str]:
    """The transitions of the Mermaid state diagram under a heading."""
    pages = "\n".join((DOCS / page).read_text(encoding="utf-8") for page in PAGES)
    section = pages.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    (diagram,) = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", section, re.DOTALL)
    transitions = {}
    for line in diagram.strip().splitlines():
        if "[*]" in line:
            continue
        arrow = re.fullmatch(r"\s*(\w+) --> (\w+) : (\w+(?:, \w+)*)", line)
        assert arrow is not None, line
        for event in arrow[3].split(", "):
            assert (arrow[1], event) not in transitions, f"drawn twice: {line}"
            transitions[arrow[1], event] = arrow[2]
    return transitions


@pytest.mark.parametrize("heading", TABLES)
def test_a_diagram_shows_the_transitions_of_the_code(heading: str) -> None:
    table = TABLES[heading]
    assert drawn(heading) == {(state.name, event.name): target.name for (state, event), target in table.items()}


@pytest.mark.parametrize("heading", TABLES)
def test_every_state_can_be_reached_and_every_event_changes_something(heading: str) -> None:
    table = TABLES[heading]
    states, events = ({type(key) for key in keys} for keys in zip(*table, strict=True))
    (state_type,), (event_type,) = states, events
    reached = {next(iter(state_type))}
    while more := {target for (state, _), target in table.items() if state in reached} - reached:
        reached |= more
    assert reached == set(state_type)
    assert {event for _, event in table} == set(event_type)


@pytest.mark.parametrize("heading", TABLES)
def test_what_is_not_in_the_table_is_refused(heading: str) -> None:
    table = TABLES[heading]
    states: set[Enum] = {state for pair in table.items() for state in (pair[0][0], pair[1])}
    events: set[Enum] = {event for _, event in table}
    for state in states:
        for event in events:
            if (state, event) not in table:
                with pytest.raises(IllegalTransition, match=state.name):
                    next_state(table, state, event)
