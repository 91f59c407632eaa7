"""What a ticket is about: the subject and the details in the user's own words."""

import re

MAX_SUBJECT = 80
"""Characters."""
MAX_DETAILS = 1000
"""Characters."""

_TICKET = (
    r"(?:tickets?|complaints?|cases?|reports?|requests?|inquir(?:y|ies)|enquir(?:y|ies)|claims?|incidents?|issues?)"
)
_ABOUT = r"(?:about|(?:that|which|and) says?|because(?: of)?|regarding|concerning|on|for|that|saying|:|-|since|as|with)"
_LABELLED = re.compile(
    r"\bsubject(?: line)?(?: is| should be|:|,)?\s+(?P<subject>.+?)(?:[\s,;.]+(?:and |with )?(?:the )?(?:details?|"
    r"description|text|body|message)(?: are| is| should be|:|,)?\s+(?P<details>.+))?$",
    re.IGNORECASE | re.DOTALL,
)
_FRAMED = re.compile(rf"\b{_TICKET}\b(?: please)?\s*{_ABOUT}\s+(?P<subject>\S.+)$", re.IGNORECASE | re.DOTALL)
_COMPLAIN = re.compile(
    r"\b(?:complain|report|(?=(?:dispute|contest)\b))\b\s*(?:about|that|to you about)?\s+(?P<subject>\S.+)$",
    re.I | re.S,
)
_FRAME_WORDS = frozenset(
    """a again an and another back can case cases claim complain complaint could create do file for formal get go
    have help hello hey hi i i'd i'll i'm id incident inquiry issue it just kindly know let lets like lodge log make may
    me my need new now ok okay on open opening please put raise register report request set so some somebody someone
    start submit support that the then there this ticket tickets to up want wanna want would write yes you your we
    let's send one help service problem something wish continue resume back""".split()
)
_ASKS = re.compile(r"(?:(?:hi|hello|hey|please|so|and|ok|okay)[\s,.!]+)*(?:can|could|would|will|may) ", re.IGNORECASE)
_HEAD = re.compile(r"[^,.;:!?]*[,.;:!?]+\s+(?=\S)")
_WISH = re.compile(rf"(?:[^\W_]+(?:['\u2019][^\W_]+)*\s+)*?{_TICKET}\s+(?=\S)", re.IGNORECASE)
_TAIL = re.compile(r"(?:[,.;:!]\s+|\s+(?=(?:so|and)\s))[^,.;:!]*[.!?\s]*$", re.IGNORECASE)
_EDIT = re.compile(
    r"^(?:(?:yes|no|but|and|wait|ok|okay|please|well|actually|can you|could you)[\s,]+)*"
    r"(?:(?:change|make|set|call|put)\s+)?(?:the\s+)?(?:subject|title)(?:\s+(?:line))?"
    r"(?:\s+(?:to|is|as|should be|into))?[\s:,]+(?P<subject>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_ADD = re.compile(
    r"^(?:(?:yes|no|but|wait|ok|okay|please|well|actually|and|also)[\s,]+)*"
    r"(?:add|write|mention|say|include|note)\s+(?:also\s+|that\s+)?(?P<details>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_POLITE_END = re.compile(r"[\s,.!]+(?:please|thanks|thank you)[\s.!]*$", re.IGNORECASE)
_TOO_SHORT = re.compile(
    r"^(?:to|it|that|this|something|me|you|us|my problem|a problem|an issue|a ticket)$", re.IGNORECASE
)


def subject_and_details(text: str) -> tuple[str, str]:
    """What a wish for a ticket says it is about; both are empty for a bare "I'd like to open a ticket"."""
    if _ASKS.match(text):
        text = text.rstrip(" ?")
    if labelled := _LABELLED.search(text):
        return clean_subject(labelled["subject"]), clean_details(labelled["details"] or "")
    framed = _FRAMED.search(text) or _COMPLAIN.search(text)
    if framed and not _TOO_SHORT.match(_POLITE_END.sub("", framed["subject"])):
        return parted(framed["subject"])
    text = _unframed(text)
    return parted(text) if sum(word not in _FRAME_WORDS for word in _words(text)) > 1 else ("", "")


def _unframed(text: str) -> str:
    """ "My statement is missing" of "Open a ticket, my statement is missing", and of the same the other way round."""
    while (head := _HEAD.match(text)) and _is_frame(head[0]):
        text = text[head.end() :]
    if (wish := _WISH.match(text)) and _is_frame(wish[0]):
        text = text[wish.end() :]
    while (tail := _TAIL.search(text)) and _is_frame(tail[0]):
        text = text[: tail.start()]
    return text


def _is_frame(text: str) -> bool:
    return all(word in _FRAME_WORDS for word in _words(text))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("\u2019", "'"))


def parted(text: str) -> tuple[str, str]:
    """A description as subject and details: its first sentence, and all of it where there is more."""
    first, *rest = re.split(r"(?<=[.!?;])\s+|:\s+|\n+", text.strip(), maxsplit=1)
    subject = clean_subject(first)
    return subject, clean_details(text if rest or len(first) > MAX_SUBJECT else "")


def edited(text: str) -> tuple[str, str]:
    """A change of a ticket that waits: the new subject, and what is to be added to its details."""
    if match := _EDIT.match(text.strip()):
        return clean_subject(match["subject"]), ""
    added = _ADD.match(text.strip())
    return ("", clean_details(added["details"])) if added else ("", "")


def clean_subject(text: str) -> str:
    """One line, its first letter a capital, at most `MAX_SUBJECT` characters."""
    line = _POLITE_END.sub("", " ".join(text.split())).strip(" .,;:!\"'“”")
    if len(line) > MAX_SUBJECT:
        line = line[: MAX_SUBJECT - 1].rpartition(" ")[0] + "…"
    return line[:1].upper() + line[1:]


def clean_details(text: str) -> str:
    """One line of at most `MAX_DETAILS` characters."""
    return " ".join(text.split())[:MAX_DETAILS]
