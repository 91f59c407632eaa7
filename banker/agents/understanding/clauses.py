"""Owns the splitting of an utterance into clauses, so that a wish is found behind a long preamble."""

import re

_MARKS = re.compile(r"[.,;:!?]+(?=\s|$)|\s-+\s")
# Where a new clause starts although no mark says so (a speech recogniser writes none).
_STARTS = re.compile(
    r"\s+(?=(?:but|just|only|simply|instead|because|although|though|anyway|however|"
    r"so (?:i|we|can|could|would|please|what|when|where|how|why|is|are|do|tell|now|perhaps|maybe|at|that|you|"
    r"someone|somebody)|"
    r"and (?:i|we|now|then|so|please|can|could|would|what|when|where|how|why|tell|he|she|they|it|the|my|just|only|"
    r"this|that|someone|somebody|each|in)|"
    r"(?:i|we) (?:just |only |really |simply |rather )?(?:want|need|would like|wish|would rather|would prefer)|"
    r"(?:can|could|would|will) (?:you|i|we|someone|somebody)|please (?!do not)\w+|tell me|give me|show me|let me|"
    r"put me|get me|connect me|"
    r"it is (?:about|my|that|because|only|just)|(?:what|how|when|where|why) (?:is|are|do|does|did|can|could|much|"
    r"many|long|was|time)|my \w+(?: \w+)? (?:is|was|has|got|does|did|will|were|are|have|keeps)|"
    r"i was wondering|i wonder|i am calling|do not (?!know|have|see|find|want|need|like|work|think|understand|"
    r"remember)\w+)\b)"
)
_HOLD_ON = re.compile(
    r"^(?:(?:hang on|hold on|wait|one moment|just a moment|sorry|excuse me|um|uh|er|erm|hm+)(?: (?:a|one) "
    r"\w+)?[,.!; ]+)+(?=\w+[ ,]+\w+[ ,]+\w+)"
)
_LEAD_IN = re.compile(
    r"\b(?:know|ask|wonder|wondering|see|hear|check|idea|sure|me|whether|if|to|not|why|can|could|that|about|and|so|"
    r"but|do|thing)$"
)
_FILLER = re.compile(r"^(?:and|so|but|then|well|anyway|because|that|though|although)\s+")


def clauses(text: str) -> list[str]:
    """Return the clauses of a normalised text in order; a short lead-in stays with what it leads into."""
    pieces = (piece for marked in _MARKS.split(text) for piece in _join_short(_STARTS.split(marked.strip())))
    return [piece for piece in pieces if piece]


def without_hold_on(text: str) -> str:
    """Return a normalised text without a "hang on" or "sorry" before something longer."""
    return _HOLD_ON.sub("", text)


def bare(clause: str) -> str:
    """Return a clause without the word that tied it to the one before."""
    return _FILLER.sub("", clause)


def _join_short(pieces: list[str]) -> list[str]:
    """Join a lead-in such as "please", "i do not know" or "i want to know" to what it leads into."""
    joined: list[str] = []
    for piece in pieces:
        if joined and (len(joined[-1].split()) < 2 or _LEAD_IN.search(joined[-1])):
            joined[-1] += " " + piece
        else:
            joined.append(piece)
    return joined
