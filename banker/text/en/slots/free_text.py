"""Free text arguments: the answer to the question for one, or what follows a word such as "about"."""

import re
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz import fuzz

from banker.text.en.slots.codes import find_codes

MAX_TEXT_CHARACTERS = 500
"""Length of a free text argument that is taken from one turn."""

MIN_CODE_CHARACTERS = 3
"""A shorter number is rather a count: "3 things"."""
MIN_LIKENESS = 60.0
"""Of 100, between the words of a correction and the text that it replaces."""

_MARKERS = {
    "about": ("subject", "topic", "about", "details", "title"),
    "because": ("reason", "cause", "why"),
    "regarding": ("subject", "topic", "about", "details"),
    "concerning": ("subject", "topic", "about", "details"),
    "to": ("payee", "recipient", "person", "country", "destination", "street", "address"),
    "in": ("city", "town", "place", "location", "country"),
    "near": ("city", "town", "place", "location", "postcode"),
    "at": ("shop", "merchant", "store", "branch", "place", "street", "address"),
    "on": ("shop", "merchant", "category"),
    "with": ("shop", "merchant"),
    "for": ("purpose", "topic", "name", "currency", "country", "destination"),
    "saying": ("message", "details", "text", "note"),
}
"""Words before a free text, and the parts of names of arguments that it may be."""
_END = re.compile(r"\s{2,}|[,;.?!](?:\s|$)|\s(?:from|starting|until|till|on|every|by|and|please)\b")
_EDGES = re.compile(r"^(?:(?:and|at|on|in|for|from|the)\b\s*)+$|\s(?:and|at|on|in|for|from|the)$", re.IGNORECASE)
"""What stands before a value, and says nothing without it."""
_TRAILING = re.compile(r"\s(?:at|in|for|to|with|of|the|my)$")
_IS = r"(?:is|was|(?:should|shall|will|would|must) be)"
_NOT_THAT = re.compile(r"\s(?:and\s)?(?:not|instead of|rather than)(?:\s(?:an?|the|my))?\s[\w'-]+$", re.IGNORECASE)
""" "Mortgage, not a loan" takes the loan back."""
_EXCHANGE = re.compile(
    r"(?P<new>[\w'-]+),?\s+(?:and\s+)?(?:not|instead of|rather than)\s+(?P<old>[\w'-]+)", re.IGNORECASE
)
_LEAD_IN = re.compile(
    r"^(?:(?:um+|uh+|well|so|oh|okay|ok|please|yes|yeah|no|sorry)[\s,]+)*(?:(?:it'?s|it is|that'?s|that is|this is|"
    r"i'?d say|make (?:it|that)|the answer is)\s+(?:called\s+)?)?",
    re.IGNORECASE,
)
_TO_TALK = re.compile(r"^(?:i\s[\w' ]{1,15}\s)?to (?:discuss|(?:talk|speak) about)\s+(?=\S)", re.IGNORECASE)
_POLITE_END = re.compile(
    r"[\s,.;!]*(?:\b(?:please|pls|thanks|thank you|(?:can you |please )?help(?: me)?)[\s,.;!?]*)*$", re.IGNORECASE
)
_DETERMINER = re.compile(r"^(?:my|our|the|an?)\s+", re.IGNORECASE)
_IS_CODE = re.compile(r"(?:^|_)(?:id|number|code|iban|reference|postcode|zip)$")
_CODE_AT_END = re.compile(r"[\s,]+((?:[A-Za-z]{1,2}\d[A-Za-z\d]?\s)?(?=\w*\d)[\w-]+)\s*[.!]?$")
_BEFORE_VERB = re.compile(
    r"\b(?:want|wants|wanted|like|love|need|needs|have|has|had|got|going|try|trying|tried|how|what|where|when|able|wish|"
    r"hope|prefer|ask|asked|order|ready|used|decided|possible)\s+$",
    re.IGNORECASE,
)
"""Words after which "to" leads up to a verb."""
_VERB_WITH_OBJECT = re.compile(r"^[a-z]+\s+(?:my|our|the|an?|your|his|her|their|me|you|it|that|this|some)\b")
""" "to pay my rent" says what for, not to whom."""
_NAME_ALONE = re.compile(r"[,:]\s+([A-Z][\w'-]+(?: [A-Z][\w'-]+)*)\s*(?=[,.;]|$)")
_POINTERS = frozenset("me it that this you them us".split())

_NAME_END = re.compile(
    r"\s{2,}|[,;.?!:](?:\s|$)|\s(?:from|to|into|starting|until|till|on|every|by|and|please|for|of|with|in|at|or)\b"
)
_POSSESSIVE = re.compile(r"^(?:my|our|his|her|their)\s+(?=\S)", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:the|an?|your)\s+", re.IGNORECASE)
_BEFORE_VALUE = re.compile(r"\s((?:(?:my|our|his|her|their)\s)?[^\W\d][\w'-]+)\s{2,}")
_CAPITALISED = r"[A-Z][\w'-]+(?:\s[A-Z][\w'-]+)*"
_CALLED = re.compile(rf"\b(?:is|called|named|it's|that's|to|at|from)\s+({_CAPITALISED})")
_CLAUSE = re.compile(
    r"\b(?:i|we|you|he|she|it|they|there|somebody|someone|is|was|were|are|has|have|had|did|don't)\b", re.IGNORECASE
)


def leads_to_verb(before: str, said: str) -> bool:
    """Say whether a "to" between two texts leads up to a verb: "I need to change my address"."""
    is_verb = _BEFORE_VERB.search(before) is not None and not said[:1].isupper()
    return is_verb or _VERB_WITH_OBJECT.match(said) is not None


def markers_of(name: str) -> list[str]:
    """Return the words that may stand before a value of an argument, by the parts of its name."""
    parts = set(name.lower().split("_"))
    return [marker for marker, names in _MARKERS.items() if parts & set(names)]


def answered_text(text: str, name: str) -> str:
    """Return what answers the question for `name`: "rent" of "it's about my rent", "5 Elm Street" of "I live at …"."""
    whole = _POLITE_END.sub("", _TO_TALK.sub("", _LEAD_IN.sub("", text.strip(), count=1)))
    named = re.escape(name.replace("_", " "))
    whole = re.sub(rf"^(?:(?:my|the)\s+)?(?:new\s+)?{named}\s+{_IS}\s+(?:called\s+)?", "", whole, flags=re.IGNORECASE)
    if markers := markers_of(name):
        # A short clause that leads up to the value: "we moved to …", "I want to talk about …".
        clause = rf"^(?:(?:i|we|you|he|she|they)\b(?:'\w+)?\s+(?:\w+\s+){{0,4}}?)?(?:{'|'.join(markers)})\s+(?=\S)"
        without = re.sub(clause, "", whole, count=1, flags=re.IGNORECASE)
        whole = whole if without == whole else _DETERMINER.sub("", without)
    whole = whole.strip(" .,;") or text.strip()
    return whole[:MAX_TEXT_CHARACTERS] if any(character.isalnum() for character in whole) else ""


def without_values(left: str) -> str:
    """Return what is left of an answer beside the values that were read, which have left blanks: "a loan" of
    "a loan, on       at      "."""
    parts = [_EDGES.sub("", part.strip(" .;!")) for part in re.split(r",|\s{2,}", left)]
    return ", ".join(part for part in parts if part)


def split_answer(text: str, names: Sequence[str]) -> dict[str, str]:
    """Return the values of several arguments that an answer gives one after the other, with commas between them.

    "5 Elm Street, Springfield 62704" is a street, a city and a postcode. The first of `names` is the one asked for.
    """
    values: dict[str, str] = {}
    names = list(names)
    code = next((name for name in names[1:] if _IS_CODE.search(name)), None)
    if code is not None and (match := _CODE_AT_END.search(text)):
        values[code], text = match[1], text[: match.start()]
        names.remove(code)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    finer = [part.strip() for each in parts for part in re.split(r"\s+in\s+", each)]
    parts = finer if len(finer) <= len(names) else parts  # "9 Hill Street in Riverton" is a street and a city
    head, rest = parts[: len(names)], parts[len(names) :]
    if rest or not parts:  # more parts than arguments: the commas belong to the text
        return {}
    return {**dict(zip(names, head, strict=False)), **values}


def marked_text(text: str, name: str) -> tuple[int, int] | None:
    """Return the span of a text that follows a word which says that it is the argument `name`."""
    own = re.escape(name.replace("_", " "))
    with_name = rf"with\s+(?:the\s+|an?\s+)?{own}(?:\s+of)?"
    before = [rf"{own}\s*(?:{_IS}|:|to)", with_name, *markers_of(name)]
    pattern = rf"\b(?:{'|'.join(before)})\s(\S.*)"  # one space: a value that was read leaves several
    for match in re.finditer(pattern, text, re.IGNORECASE):
        said = _TRAILING.sub("", _NOT_THAT.sub("", _END.split(match[1], maxsplit=1)[0].strip()))
        is_verb = match[0][:3].lower() == "to " and leads_to_verb(text[: match.start()], said)
        if re.search(r"\w{2}", said) and said.lower() not in _POINTERS and not is_verb:
            return match.start(1), match.start(1) + len(said)
    return None


def about(text: str) -> str:
    """Return what a sentence says that it is about: "a wrong fee" of "call me back about a wrong fee"; or ""."""
    span = marked_text(text, "subject")
    return text[slice(*span)] if span else ""


def listed_texts(text: str, names: Sequence[str]) -> tuple[dict[str, str], int]:
    """Return the values of all of `names` if a list with commas gives them at the end, and where the list begins.

    "My new address is 7 Elm Street, Springfield, 62704" gives a street, a city and a postcode.
    """
    for match in reversed(list(re.finditer(r"(?:\b(?:is|to|at|are)|:)\s+(?=\S)", text))):
        values = split_answer(_POLITE_END.sub("", text[match.end() :]), names)
        if len(values) == len(names):
            return values, match.end()
    return {}, 0


def exchanged_words(text: str) -> tuple[str, str] | None:
    """Return the right word and the wrong one of "the number is 89, not 88"; None if the text has no such pair."""
    match = _EXCHANGE.search(text)
    return (match["new"], match["old"]) if match else None


def replaces(said: str, old: str) -> bool:
    """Say whether words correct an earlier text by repeating a part of it: "no, 13 Harbor Road"."""
    return fuzz.token_set_ratio(said.lower(), old.lower()) >= MIN_LIKENESS and said.lower() != old.lower()


def name_alone(text: str) -> tuple[int, int] | None:
    """Return the span of a name that stands alone between commas: "a travel notice, Portugal, leaving …"."""
    match = _NAME_ALONE.search(text)
    return match.span(1) if match is not None else None


def code_in(text: str, name: str) -> tuple[str, int, int] | None:
    """Return the code that an argument such as `reference` or `card_number` takes, with its span."""
    codes = (
        [code for code in find_codes(text) if len(code.value) >= MIN_CODE_CHARACTERS] if _IS_CODE.search(name) else []
    )
    return (codes[0].value, codes[0].start, codes[0].end) if codes else None


def names_after(text: str, markers: Iterable[str]) -> Iterator[str]:
    """Yield what follows each of the `markers` up to the end of a phrase, without an article."""
    for word in markers:
        for match in re.finditer(rf"\b{word}\s(?=(\S.*))", text, re.IGNORECASE):
            said = _NAME_END.split(match[1], maxsplit=1)[0].strip()
            if not (word == "to" and leads_to_verb(text[: match.start()], said)):
                yield _ARTICLE.sub("", said)


def without_possessive(said: str) -> str:
    """Return "mum" of "my mum", "Bob" of "my friend Bob", and "" for words without such a beginning."""
    found = _POSSESSIVE.match(said)
    own = said[found.end() :] if found else ""
    return " ".join(word for word in own.split() if word[0].isupper()) or own


def name_before_value(text: str) -> str:
    """Return the word before a value that was read: "Anna" of "pay Anna    ", where an amount stood."""
    found = _BEFORE_VALUE.search(text)
    return found[1] if found else ""


def name_in(text: str) -> str:
    """Return the capitalised name that a short sentence tells: "Tom Baker" of "his name is Tom Baker"."""
    found = _CALLED.search(text)
    return found[1] if found else ""


def tells(text: str) -> bool:
    """Say whether words are a clause rather than a name: "I never bought that"."""
    return _CLAUSE.search(text) is not None
