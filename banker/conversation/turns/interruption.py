"""Barge-in: whether spoken words interrupt the agent. A backchannel does not; a request to stop needs no answer."""

import re
import unicodedata
from typing import Literal

from banker.speech.asr.dictation import DIGIT_WORDS
from banker.text.en.assent import answer

SpeechKind = Literal["nothing", "backchannel", "unclear", "stop", "wait", "words"]
"""`nothing`: no words. `backchannel`: "mm-hm"; the agent goes on. `unclear`: a sound that may answer a question.
`stop`, `wait`: the agent stops and answers nothing. `words`: a turn to answer."""

REPETITIONS = 3
"""A word or two repeated this often, and nothing else, are what a recogniser makes of a hum or of music."""

_ASSENT = r"(?:m+[- ]?h+[- ]?m+|u+h*[- ]h*u+h+|[uae]+h+u+h+|a+h+[- ]?h*a+h*|m+[- ]m+|n+[- ]?h+n+)"
_HUM = rf"(?:{_ASSENT}|m+|h+m+|h+u+h+|[uae]+h+|u+m+|e+r+m*|o+h+|o+)"
_BACKCHANNEL = (
    rf"(?:{_HUM}|okay|ok|right|yes|yeah|yep|yup|yea|sure|all right|alright|fine|good|great|cool|nice|exactly|"
    r"i see|got it|i understand|understood|go on|go ahead|of course|perfect|true|indeed|really|wow)"
)
_AROUND = rf"(?:please|no|okay|ok|hey|now|just|thanks|thank you|sorry|banker|there|that is|will you|{_HUM})"
_STOP = (
    r"(?:stop|stop (?:it|that|talking|speaking|there|please)|be quiet|be silent|quiet|silence|shut up|shush|sh+|"
    r"enough|that is enough|that's enough|stop reading|hush)"
)
_WAIT = (
    r"(?:(?:wait|hold|hang)(?: on)?(?: (?:a|one|just a|just one) (?:moment|second|sec|minute|bit))?|hold it|hold that|"
    r"(?:a|one|just a|just one|give me a|give me one) (?:moment|second|sec|minute)|wait up|wait there|pause)"
)
_ASSENTS = re.compile(rf"{_ASSENT}(?: {_ASSENT})*")
_HUMS = re.compile(rf"{_HUM}(?: {_HUM})*")
_BACKCHANNELS = re.compile(rf"{_BACKCHANNEL}(?: {_BACKCHANNEL})*")
_STOPS = re.compile(rf"(?:{_AROUND} )*{_STOP}(?: (?:{_STOP}|{_AROUND}))*")
_WAITS = re.compile(rf"(?:{_AROUND} )*{_WAIT}(?: (?:{_WAIT}|{_AROUND}))*")
_REQUEST = re.compile(rf"\b(?:{_STOP}|wait|(?:hold|hang) on|(?:one|just a) (?:moment|second))\b")
_NO_SPEECH = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*")


def plain_words(text: str) -> str:
    """Return the words in lower case, without punctuation and labels for sounds ("[music]")."""
    text = unicodedata.normalize("NFKC", _NO_SPEECH.sub(" ", text)).lower().replace("\u2019", "'")
    return " ".join(re.sub(r"[^\w\s'-]|(?<!\w)['-]+|['-]+(?!\w)", " ", text).split())


def classify(text: str, *, over_agent: bool, has_asked: bool) -> SpeechKind:
    """Return the kind of a spoken turn.

    `over_agent`: the words came while the agent thought or spoke. `has_asked`: a question to the user is open.
    """
    words = plain_words(text)
    if not words:
        return "nothing"
    if _HUMS.fullmatch(words):
        return "unclear" if has_asked and not over_agent and _ASSENTS.fullmatch(words) else "backchannel"
    if _WAITS.fullmatch(words):
        return "wait"
    if _STOPS.fullmatch(words):
        says_no = answer(text) == "no" and (has_asked or not over_agent)
        return "words" if says_no else "stop"
    if _is_repetition(words):
        return "unclear" if has_asked and not over_agent else "backchannel"
    if over_agent and not has_asked and (_BACKCHANNELS.fullmatch(words) or answer(text) == "yes"):
        return "backchannel"
    return "words"


def find_stop_request(text: str) -> str:
    """Return the request to stop or to wait anywhere in these words, or an empty string."""
    found = _REQUEST.search(plain_words(text))
    return found[0] if found else ""


def _is_repetition(words: str) -> bool:
    """Return whether the words only repeat a word or two, except yes, no and dictated digits."""
    said = words.split()
    if answer(words) or any(map(str.isdigit, words)) or DIGIT_WORDS.intersection(said):
        return False
    return any(len(said) >= REPETITIONS * unit and said == (said[:unit] * len(said))[: len(said)] for unit in (1, 2))
