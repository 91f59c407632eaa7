"""The agent's dialogue state between two turns, as JSON data from which any process can continue."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from banker.agents.scripted.forms.states import TRANSITIONS, FormEvent, FormState

MAX_OPEN_FORMS = 4
"""The most open wishes. The oldest is dropped: no customer returns to the fifth."""
MAX_MENTIONED = 8
"""How many values "it" or "that account" may refer to."""
MAX_CITED = 3
"""How many answers are not said again to words that only go on."""
MAX_TIMES_ASKED = 2
"""How often the same question is asked before another way out is offered."""

_KEY = "forms"


@dataclass
class Form:
    """One wish: the tool to call, the arguments so far, and the argument being asked for."""

    skill: str
    tool: str
    state: FormState = FormState.ASKING
    values: dict[str, Any] = field(default_factory=dict)
    slot: str = ""
    """The argument that the open question asks for."""
    asked: dict[str, int] = field(default_factory=dict)
    """How often the customer was asked for each argument."""
    candidates: dict[str, list[str]] = field(default_factory=dict)
    """The matching values of a choice, if the customer's words match several."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Names from the customer for choices that the bank does not offer."""
    noted: list[str] = field(default_factory=list)
    """The arguments that the last words gave while another one was asked for."""
    reminded: int = 0
    """How often a question was put again because of that."""
    said: str = ""
    """The words that began the form."""
    corrected: str = ""
    """The choice that was corrected last: "no wait, checking" corrects it again."""
    repeated: int = 0
    """How often the open confirmation was repeated."""

    def on(self, event: FormEvent) -> None:
        """Enter the state after `event`. An event that is not in the table changes nothing."""
        self.state = TRANSITIONS.get((self.state, event), self.state)


@dataclass
class Dialogue:
    """The state of a conversation. The last form of `stack` is the current one."""

    stack: list[Form] = field(default_factory=list)
    mentioned: list[str] = field(default_factory=list)
    """Mentioned values of choices, the latest last."""
    offer: dict[str, str] = field(default_factory=dict)
    """An offer that the last reply ended with, such as "Do you mean …?": its `kind`, `skill` and `text`."""
    last: dict[str, Any] = field(default_factory=dict)
    """The last closed form's `skill`, `values` and the `words` that began it, which "and the other one?" refers to.

    `closed_at` is the number of turns by then. `undone`: whether it was given up or has failed. `rows` are those of the
    result, each with its short `values` and the `line` that says it.
    """
    unserved: str = ""
    """The customer's words since a tool last served them, which "and abroad?" continues."""
    about: str = ""
    """The title of the last served page or wish: the subject of a short question."""
    cited: list[str] = field(default_factory=list)
    """The topics of the pages cited since then, and the skills that are not offered here and were asked for."""
    misses: int = 0
    """How many turns in a row were not understood."""
    variants: dict[str, int] = field(default_factory=dict)

    @property
    def top(self) -> Form | None:
        """The current form."""
        return self.stack[-1] if self.stack else None

    def push(self, form: Form, *, beside: Sequence[Form] = ()) -> None:
        """Open a form above the others. It replaces a form for the same wish, unless that is in `beside`."""
        for other in self.stack:
            other.on(FormEvent.DIGRESSED)
        below = [other for other in self.stack if other.skill != form.skill or other in beside]
        self.stack = [*below[1 - MAX_OPEN_FORMS :], form]

    def repeat_below(self, form: Form, name: str, values: Sequence[str]) -> None:
        """Open a copy of the top form below it for each of the values: "freeze both my cards"."""
        copies = [replace(form, values={**form.values, name: value}, asked={}, candidates={}) for value in values]
        open_ones = [(other.tool, other.values) for other in self.stack]
        copies = [copy for copy in copies if (copy.tool, copy.values) not in open_ones]
        for copy in copies:
            copy.on(FormEvent.DIGRESSED)
        self.stack = [*self.stack[:-1], *reversed(copies), form][-MAX_OPEN_FORMS:]

    def add_below(self, form: Form, values: Mapping[str, Any]) -> None:
        """Open another form of the same wish below the top form: "and the rent"."""
        other = replace(form, values=dict(values), asked={}, candidates={}, unknown={}, repeated=0)
        other.on(FormEvent.DIGRESSED)
        self.stack = [*self.stack[:-1], other, form][-MAX_OPEN_FORMS:]

    def close(self, form: Form) -> None:
        """Remove a form, and remember it for a follow-up."""
        self.stack = [other for other in self.stack if other is not form]
        self.last = {"skill": form.skill, "values": dict(form.values), "words": form.said}

    def mention(self, value: str) -> None:
        """Note a mentioned value."""
        self.mentioned = [*(other for other in self.mentioned if other != value), value][-MAX_MENTIONED:]

    def said_of(self, title: str, topic: str) -> None:
        """Note that a page was said, or that something is not possible here."""
        self.about = title
        self.cited = [*self.cited, topic][-MAX_CITED:]

    def offer_ticket(self, subject: str) -> None:
        """The reply ends with the offer of a ticket about `subject`."""
        self.offer = {"kind": "ticket", "subject": subject}

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> "Dialogue":
        """Return the state that `write` left. Incompatible data of another version are dropped."""
        stored = state.get(_KEY)
        if not isinstance(stored, Mapping):
            return cls()
        try:
            forms = [Form(**{**form, "state": FormState(form["state"])}) for form in stored["stack"]]
            return cls(**{**stored, "stack": forms})
        except (TypeError, ValueError, KeyError):
            return cls()

    def write(self, state: dict[str, Any]) -> None:
        """Write this as JSON data into `state`."""
        data = asdict(self)
        for form in data["stack"]:
            form["state"] = form["state"].value
        state[_KEY] = data


def note_ticket_offer(state: dict[str, Any], subject: str) -> None:
    """Note in the agent's state that the conversation itself has offered a ticket."""
    dialogue = Dialogue.read(state)
    dialogue.offer_ticket(subject)
    dialogue.write(state)
