"""Tells words that ask something from words that tell or want something."""

import re

_OPENING = (
    r"(?:um+|uh+|h+m+|oh|ah|well|so|and|but|then|also|okay|ok|yes|yeah|no|please|sorry|wait|hold on|hang on|first|"
    r"before (?:that|i do)|just|fine|good|great|right|alright|haha|lol|one (?:more )?(?:thing|question)|actually|dear|"
    r"thanks|thank you)"
)
"""What people say before they ask."""
_BEGINNING = rf"\s*(?:{_OPENING}\b[\s,.!:;-]*)*"
_WHO = (
    r"(?:i|you|u|he|she|we|they|it|that|this|these|those|there|my|the|your|his|her|our|their|an?|any\w*|some\w*|both)"
)
_ASKED = (
    r"(?:(?:for|until|till|since|from|to|at|by|with) )?"
    r"(?:what(?! an?\b)|when|where|which|who|whom|whose|why|how)(?:'s|'re|s)?\b|do i\b|"
    r"(?:please )?tell me (?:what|when|where|which|who|why|how)\b|"
    r"(?:do(?! (?:it|that|this)\b)|does|did|is|are|was|were|will|would|has|should|could|can|am)(?:n't)?\s+"
    rf"{_WHO}\b"
)
_SENTENCE_END = re.compile(r"(?<=[.!;])\s+")
_TELLS = r"(?:(?:please|at least|just|also|quickly) )*(?:tell|explain|show|say)\b"
_REQUEST = re.compile(rf"{_BEGINNING}(?:can|could|would|will) (?:you|we|u)\b(?! {_TELLS})", re.IGNORECASE)
""" "Can you make it 50?" wants something done."""
_QUESTION = re.compile(rf"{_BEGINNING}(?:{_ASKED})", re.IGNORECASE)


def is_question(text: str) -> bool:
    """Say whether words ask something: "hmm wait, is there a fee for that", but not "can you make it 50?"."""
    parts = _SENTENCE_END.split(text)
    return any(_REQUEST.match(part) is None and ("?" in part or _QUESTION.match(part) is not None) for part in parts)


_ASKS_TIME = re.compile(
    r"\b(?:how (?:long|soon|fast|quick\w*|often|far back)|when|(?:what|which) (?:time|day))\b", re.IGNORECASE
)
_ASKS_PRICE = re.compile(r"\b(?:costs?|fees?|charge[sd]?|price|free|expensive)\b", re.IGNORECASE)
_ASKS_AMOUNT = re.compile(r"\bhow (?:much|many|high)\b", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:at once|same day|any ?time|(?:second|minute|hour|day|week|month|year)s?|\d+(?:st|nd|rd|th)|\d+ [ap]m)\b",
    re.IGNORECASE,
)
_PRICE = re.compile(r"[$€£]\s?\d|\b(?:percent|free|costs?|charged)\b|\bno (?:\w+ )?(?:fees?|cost)\b", re.IGNORECASE)
_AMOUNT = re.compile(r"\d|\b(?:two|three|four|five|half|nothing)\b")
_FIGURES = ((_ASKS_TIME, _TIME), (_ASKS_PRICE, _PRICE), (_ASKS_AMOUNT, _AMOUNT))
REFERS_BACK = re.compile(r"(?:so|then|that|without that|with that|from then on|in return)\b", re.IGNORECASE)
"""How a sentence begins that is not understood without the one before it."""


def asks_for_figure(question: str) -> bool:
    """Say whether a question asks for a time, a price or an amount."""
    return any(asked.search(question) for asked, _ in _FIGURES)


def can_answer(text: str, question: str) -> bool:
    """Say whether a text has what a question asks for: a time for "how long?", a price for "what does it cost?"."""
    return next((found.search(text) is not None for asked, found in _FIGURES if asked.search(question)), True)
