"""While a ticket's subject or details are asked for: are these words the answer, or something else?"""

import re
from typing import Literal

from banker.agents.scripted.dialogue_state import Ticket
from banker.agents.scripted.intents import Recognised
from banker.text.en.assent import answer

Meaning = Literal["slot", "detour", "cancel", "done", "yes", "urgent", "goodbye", "unclear"]

_SURE = 0.5
_FEW = 6
"""Words: longer than that, "cancel" or "goodbye" is part of a description."""
_REQUEST = re.compile(
    r"^(?:(?:and|but|wait|sorry|first|actually|by the way|before that|oh|ok|okay|well|hold on|one moment|"
    r"quick question|no|yes|please|um|uh)[\s,.]+)*(?:what|how|when|where|which|who|can|could|would|will|do|does|are|"
    r"may|tell|show|give|let me|i want to|i would like to|i'd like to|i need to|connect|put me|check)\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"^(?:(?:no|nope|okay|ok|well|and|i think|thanks)[\s,.]+)*(?:(?:that is|that's|thats|that would be|"
    r"that'll be|this is) (?:all|it|everything|enough)|nothing(?: else| more| to add)?|no more|(?:i am |i'm )?done|"
    r"finished|none|(?:please )?(?:just )?(?:open|send|submit|file) (?:it|the ticket))"
    r"(?:[\s,.]+(?:please|thanks|thank you|for now|now|then|i think))*[\s.!]*$",
    re.IGNORECASE,
)
_DROPS = re.compile(
    r"\b(?:cancel|stop|forget|never ?mind|changed|leave|open|create|file|make|raise|submit|send|wrong|want)\b",
    re.IGNORECASE,
)
_ACTING = frozenset({"open_ticket", "lost_card", "human"})


def meaning(text: str, found: Recognised, ticket: Ticket) -> Meaning:
    """What `text` is to the question for a ticket's subject or details."""
    details = ticket.stage == "details"
    plain = answer(text)
    if details and ((plain == "no" and not _DROPS.search(text)) or _DONE.match(text.strip())):
        return "done"
    if plain is not None:
        return "yes" if plain == "yes" else "cancel"
    if found.denied in _ACTING:
        return "cancel"
    sure, few = not found.doubtful and found.score >= _SURE, len(text.split()) <= _FEW
    asks = text.rstrip().endswith("?") or bool(_REQUEST.match(text))
    match found.intent:
        case "cancel" | "goodbye" if sure and few:
            return "cancel" if found.intent == "cancel" else "goodbye"
        case "repeat" | "greeting" | "thanks" if sure and few:
            return "detour"
        case "lost_card" if sure and not details:
            return "urgent"
        case "account_status" | "opening_hours" | "card_question" | "human" | "smalltalk" if sure and asks:
            return "detour"
        case "unknown" if found.score >= 1:  # nothing in it, or an order to the machine
            return "unclear"
    return "slot"
