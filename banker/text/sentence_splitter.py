"""Splits streamed text into sentences, each as early as possible and independent of the chunks.

The known abbreviations are English. In another language, an abbreviation may split a sentence.
"""

import re

MAX_SENTENCE_CHARACTERS = 300
"""A longer sentence is split at a clause, so that synthesis can start. This is about 20 s of speech."""

_BREAKS = "\n\r\v\f\x85\u2028\u2029"
_STOP = re.compile(rf"(?P<stop>[.!?…]+)(?P<close>[\"'”’»)\]*_`~]*)|[{_BREAKS}]")
_CLAUSE = re.compile(r"[,;:][\"'”’)]*\s|\s[-–—]+\s|—")
_NEXT = re.compile(rf"(?P<space>[^\S{_BREAKS}]+)[\"'“‘«(\[*_`~]*(?P<char>[^\"'“‘«(\[*_`~]|$)")
_LAST_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|\.(?=[^\W\d_]))*$")
_LIST_MARK = re.compile(r"[\s*_>]*(?:[0-9]{1,3}|[a-zA-Z])$")

_GOES_ON = frozenset(
    "mr mrs ms dr prof rev hon messrs st e.g i.e eg ie vs approx ca incl excl acct dept p.o u.s u.k e.u".split()
)
_BEFORE_FIGURE = frozenset(
    """no nos nr fig apt rs tel ext art sec p pp vol ste fl rm ref conf jan feb mar apr jun jul aug sep sept oct nov dec
    mon tue wed thu fri sat sun""".split()
)
_WHOLE = re.compile(r"(?:(?P<word>[^\W\d_]{2,})[.…]|[!?])[\"'”’»)*_]*\s*$")
_CALENDAR = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sep|Oct|Nov|Dec)\w*|[ECMP][SD]?T|UTC|GMT|CET"
)
_WORD = re.compile(r"[^\W\d_]+")


class SentenceSplitter:
    """Collects the chunks of a stream and returns whole sentences, with their markup.

    A sentence is complete when its full stop is followed by a space and the start of the next word, or at a line break,
    so list items and headings are sentences too.
    """

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> list[str]:
        """Add `text` and return the sentences that it completes."""
        self._text += text
        return self._take(final=False)

    def flush(self) -> list[str]:
        """Return the rest at the end of the stream. The splitter can be used for the next stream."""
        return self._take(final=True)

    def pause(self) -> list[str]:
        """Return an apparently complete sentence while the stream pauses."""
        whole = _WHOLE.search(self._text)
        if whole is None or (whole["word"] or "").lower() in _GOES_ON | _BEFORE_FIGURE:
            return []
        return self._take(final=True)

    def _take(self, final: bool) -> list[str]:
        taken = []
        self._text = self._text.lstrip()
        while self._text and (end := _end(self._text, final)):
            taken.append(self._text[:end].strip())
            self._text = self._text[end:].lstrip()
        return taken


def split(text: str) -> list[str]:
    """Split a whole text into sentences."""
    splitter = SentenceSplitter()
    return splitter.feed(text) + splitter.flush()


def _end(text: str, final: bool) -> int | None:
    """Return the end of the first sentence, or None if it depends on text that has not arrived."""
    for stop in _STOP.finditer(text):
        if stop.start() >= MAX_SENTENCE_CHARACTERS:
            break
        if stop["stop"] is None:
            return stop.end()
        ends = _ends(text, stop, final)
        if ends is None:
            return None
        if ends:
            return stop.end()
    if len(text) > MAX_SENTENCE_CHARACTERS:
        return _cut(text)
    return len(text) if final else None


def _ends(text: str, stop: re.Match[str], final: bool) -> bool | None:
    """Return whether a stop ends the sentence, or None if that depends on text that has not arrived."""
    after = text[stop.end() :]
    if not after:
        return final or None
    following = _NEXT.match(after)
    if following is None:
        return after[0] in _BREAKS
    if not following["char"]:
        return final or None
    so_far = text[: stop.start()]
    if so_far.count("[") > so_far.count("]") + stop["close"].count("]"):  # a link text is not split
        return False
    return _begins(following["char"], stop) and _may_end(so_far, stop, after[following.start("char") :], final)


def _begins(char: str, stop: re.Match[str]) -> bool:
    """Return whether a sentence can start with `char` after this stop."""
    if char in "-–—&/+=,;:%)":
        return False
    return not char.islower() or (stop["stop"][-1] in "!?" and not stop["close"])


def _may_end(so_far: str, stop: re.Match[str], following: str, final: bool) -> bool | None:
    """Return False if the point belongs to an abbreviation, an initial or the number of a list item."""
    if stop["stop"] != "." or stop["close"].strip("*_"):
        return True
    if _LIST_MARK.match(so_far):
        return False
    last = _LAST_WORD.search(so_far)
    if last is None:
        return True
    word = last[0].lower()
    if word in _GOES_ON or (len(word) == 1 and last[0].isupper() and last[0] != "I"):
        return False
    if word in _BEFORE_FIGURE:
        return not (following[0].isdigit() or following[0] == "#")
    if word in ("a.m", "p.m", "am", "pm"):
        name = _WORD.match(following)
        if name and name.end() == len(following) and not final:
            return None
        return not (name and _CALENDAR.fullmatch(name[0]))
    return True


def _cut(text: str) -> int:
    """Return the end of the last clause, or else of the last word, within the maximum length."""
    limit = MAX_SENTENCE_CHARACTERS
    clauses = [match.end() for match in _CLAUSE.finditer(text, 0, limit) if match.end() > limit // 3]
    return clauses[-1] if clauses else text.rfind(" ", 1, limit) + 1 or limit
