"""What words mean for the floor: a nod, a plea for silence or for time, or something to answer."""

import re
import unicodedata
from typing import Literal

from banker.speech.asr.recognition import IMPROBABLE, SHORT_SPEECH, SPEECH, SURE, Recognition
from banker.text.en.assent import answer

Verdict = Literal["nothing", "nod", "unclear", "stop", "wait", "words"]
"""`nothing`: no word in it. `nod`: the banker goes on. `unclear`: a hum that might be the answer to a question. `stop`,
`wait`: the banker falls silent and answers nothing. `words`: a turn."""

_ASSENT = r"(?:m+[- ]?h+[- ]?m+|u+h*[- ]h*u+h+|[uae]+h+u+h+|a+h+[- ]?h*a+h*|m+[- ]m+|n+[- ]?h+n+)"
_HUM = rf"(?:{_ASSENT}|m+|h+m+|h+u+h+|[uae]+h+|u+m+|e+r+m*|o+h+|o+)"
_NOD = (
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
_NODS = re.compile(rf"{_NOD}(?: {_NOD})*")
_STOPS = re.compile(rf"(?:{_AROUND} )*{_STOP}(?: (?:{_STOP}|{_AROUND}))*")
_WAITS = re.compile(rf"(?:{_AROUND} )*{_WAIT}(?: (?:{_WAIT}|{_AROUND}))*")
_PLEA = re.compile(rf"\b(?:{_STOP}|wait|(?:hold|hang) on|(?:one|just a) (?:moment|second))\b")
_NO_SPEECH = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*")


def plain(text: str) -> str:
    """The words alone, in lower case; what a recogniser writes for sounds ("[music]") is no word."""
    text = unicodedata.normalize("NFKC", _NO_SPEECH.sub(" ", text)).lower().replace("\u2019", "'")
    return " ".join(re.sub(r"[^\w\s'-]|(?<!\w)['-]+|['-]+(?!\w)", " ", text).split())


def judge(text: str, *, over_banker: bool, asked: bool) -> Verdict:
    """What the words of a spoken turn are.

    `over_banker`: they came while the banker thought or spoke. `asked`: a question to the user is open.
    """
    words = plain(text)
    if not words:
        return "nothing"
    if _HUMS.fullmatch(words):
        return "unclear" if asked and not over_banker and _ASSENTS.fullmatch(words) else "nod"
    if _WAITS.fullmatch(words):
        return "wait"
    if _STOPS.fullmatch(words):
        says_no = answer(text) == "no" and (asked or not over_banker)
        return "words" if says_no else "stop"
    if over_banker and not asked and (_NODS.fullmatch(words) or answer(text) == "yes"):
        return "nod"
    return "words"


def plea(text: str) -> str:
    """The plea for silence or time that stands anywhere in these words, or an empty text."""
    found = _PLEA.search(plain(text))
    return found[0] if found else ""


def believed(heard: Recognition, *, asked: bool) -> str:
    """The words of what came over the banker's voice, or an empty text where they are in doubt.

    There is less doubt in a plea, and in an answer to what is being asked.
    """
    text = heard.text
    short = bool(plea(text) or (asked and answer(text)))
    return text if heard.sure(IMPROBABLE if short else SURE, SHORT_SPEECH if short else SPEECH) else ""
