"""What the words around a value say of it: which end of something it is, and whether it is the one not meant."""

import re

_MARKERS = {
    "from": ("from", "form", "out of", "off", "since", "starting", "after"),
    "to": ("to", "into", "onto", "until", "till", "through", "before"),
}
"""Words before a value that say which of two arguments it is."""
_ROLES = {
    **dict.fromkeys(("from", "source", "since", "start", "begin", "departure"), "from"),
    **dict.fromkeys(("to", "target", "destination", "until", "end", "recipient", "payee", "return"), "to"),
}
"""Parts of arguments' names and the markers that go with them."""
_MARKER = re.compile(r"\b(?:" + "|".join(word for group in _MARKERS.values() for word in group) + r")\b")
_BETWEEN = re.compile(r"[.,;]|\b(?:and|on|at|by|for|with|in|about)\b")
"""What ends the reach of a marker: in "to Italy on Friday" the day is not what "to" is about."""
_REACH_WORDS = 3
RETRACTION = re.compile(
    r"\b(?:no|sorry|oops|wait|rather|actually|i mean(?:t)?|make (?:it|that)|scratch that|or is it)\b", re.IGNORECASE
)
"""Between two values, what takes the first one back: "50, no, 60"."""
_CONTINUES = re.compile(r"\s*(?:and|also|plus|same|what about|how about)\b", re.IGNORECASE)
_NEGATED = re.compile(r"\b(?:not|instead of|rather than|isn't|wasn't)(?:\s+(?:the|my|on|from|to))*\s*$", re.IGNORECASE)


def role_of(name: str) -> str:
    """Return "from" or "to" if the name of an argument says that it is one end of something, otherwise ""."""
    return next((_ROLES[part] for part in name.lower().split("_") if part in _ROLES), "")


def markers_of(name: str) -> tuple[str, ...]:
    """Return the words that stand before a value of an argument because of its role."""
    return _MARKERS.get(role_of(name), ())


def role_after(before: str) -> str:
    """Return "from" or "to" if the words before a value say that it is this end of something, otherwise ""."""
    markers = list(_MARKER.finditer(before))
    tail = before[markers[-1].end() :] if markers else ""
    if not markers or len(tail.split()) > _REACH_WORDS or _BETWEEN.search(tail):
        return ""
    return next(name for name, group in _MARKERS.items() if markers[-1][0] in group)


def continues(text: str) -> bool:
    """Say whether words go on with what was said: "and my savings?"."""
    return _CONTINUES.match(text) is not None


def is_negated_after(before: str) -> bool:
    """Say whether the words before a value say that it is not meant: "15, not 50"."""
    return _NEGATED.search(before) is not None


def counts(after: str, name: str) -> bool:
    """Say whether what follows a number says that it is this argument: "24 months" for `months`."""
    word = re.match(r"\W*([^\W\d_]+)", after)
    return word is not None and word[1].lower().rstrip("s") in {part.rstrip("s") for part in name.lower().split("_")}
