"""Recognises an utterance that is a plain yes or a plain no and nothing else."""

import re
import unicodedata
from typing import Literal

_MAX_CHARACTERS = 80

_AROUND = (
    r"(?:um+|uh+|er+|erm|hm+|oh|ah|well|so|and|then|just|now|really|actually|please|pls|thanks|thank you|thx|very much|"
    r"dear|that is|i said|banker|sir|madam|if you (?:would|do not mind|can)(?: be so (?:kind|good)| please)?|"
    r"if possible|anyway|after all)"
)
_IT = r"(?:it|that|this|so|one|the ticket|a ticket|this ticket|that ticket)"
_DOING = r"(?:do|open|create|file|make|raise|submit|send|confirm|go)"
_FINE = r"(?:good|great|right|fine|correct|okay|ok|perfect|nice|lovely)"
_YES = (
    rf"(?:(?:(?:that|it|this|all) )?(?:looks|sounds) {_FINE}(?: to me)?|(?:that |it |this )?works(?: for me)?|"
    r"good to go|(?:i am )?(?:happy|fine|okay|ok) with (?:that|it)|i am sure|(?:i )?approved?|you got it|make it so|"
    r"k|yes|yeah|yea|yep|yup|yah|ya|aye|sure(?: thing)?|okay|ok|okey|alright|all right|correct|exactly|absolutely|"
    r"definitely|certainly|of course|by all means|indeed|agreed|affirmative|confirmed|(?:i )?confirm(?: it| that)?|"
    r"i agree|go ahead|go on|go for it|carry on|proceed|do it|do that|do so|do go ahead|please do|you may|"
    r"that is (?:(?:quite|absolutely|perfectly|all|exactly) )?(?:right|correct|fine|okay|ok|perfect)|"
    r"that would be (?:great|good|nice|lovely|fine)|i do|i would|i would like that|it is|"
    r"let us do (?:it|that)|fine by me|fine with me)"
)
_AFTER_YES = rf"(?:great|good|all good|perfect|fine|right|go|why not|{_DOING} {_IT})"
_NO = (
    r"(?:no|nope|nah|naw|nay|no way|never|negative|not (?:now|really|today|yet|at all|necessary)|do not|"
    rf"(?:do not|never) (?:you )?(?:do|open|create|file|make|raise|submit|send|bother)(?: {_IT})?|"
    r"(?:absolutely|certainly|definitely|of course|rather|better|please|i said) not|i (?:would|do) not(?: want "
    r"(?:it|that|this|to|one))?|i would rather not|do not want (?:it|that|to)|no need|leave it|forget it|forget that|"
    r"never mind|nevermind|cancel(?: it| that)?|stop(?: it| that)?|i (?:have )?changed my mind|wrong|incorrect|"
    r"that is (?:wrong|incorrect|not (?:right|correct|it|what i want|what i meant))|nothing(?: else| more)?)"
)
_AFTER_NO = (
    r"(?:(?:that is|it is|i am) (?:fine|okay|ok|all right|alright|good|all)|that is (?:all|it|everything)|"
    r"it is not|i am not|i did not)"
)
_GLUE = rf"(?:\s+{_AROUND})*\s*"
_YES_ALONE = re.compile(
    rf"(?:(?:{_AROUND}|great|good|perfect|fine)\s+)*{_YES}(?:{_GLUE}\s(?:{_YES}|{_AFTER_YES}))*(?:\s+{_AROUND})*"
    r"|please|yes|yes+|ye?s|yh|y|kk?|(?:please )+|all good|okey dokey|fine(?: please)?"
)
_NO_ALONE = re.compile(rf"n|(?:{_AROUND}\s+)*{_NO}(?:{_GLUE}\s(?:{_NO}|{_AFTER_NO}))*(?:\s+{_AROUND})*")
_THANKS = re.compile(
    rf"(?:(?:{_AROUND}|ok|okay|alright|all right|{_FINE})[\s,.!]+)*(?:thanks|thank you|thx|cheers)(?: (?:a lot|so much|"
    r"very much|anyway))?",
    re.IGNORECASE,
)
_REDOES = re.compile(r"\b(?:do (?:it|that|so)|go ahead|anyway|after all)\b", re.IGNORECASE)
_SHORT_FORMS = (
    (re.compile(r"\b(do|would|is|did|wo|ca|does|am)n'?t\b"), r"\1 not"),
    (re.compile(r"\b(that|it|let)'?s\b"), r"\1 is"),
    (re.compile(r"\byou'd\b"), "you would"),
    (re.compile(r"\blet is\b"), "let us"),
    (re.compile(r"\bi'?d\b"), "i would"),
    (re.compile(r"\bi'?m\b"), "i am"),
    (re.compile(r"\bi'?ve\b"), "i have"),
    (re.compile(r"\by+e+(s|p|ah?)\1*\b"), r"ye\1"),
    (re.compile(r"\bno+\b"), "no"),
)


_SIGNS = (("👍👌✅☑✔🆗", " yes "), ("👎❌✖🚫", " no "))
_EMPTY = re.compile(r"\b(?:it|that|this|them|so|please|now|then|the|my|your|an?|do|make)\b")
_LEAD = re.compile(
    rf"(?:{_AROUND}\s+)*(?:(?P<yes>{_YES}(?:\s+{_YES})*)|(?P<no>(?:{_NO}\s+)*(?:do not|never)(?: you)?))"
    rf"(?:\s+{_AROUND})*\s+(?P<rest>.+)"
)


def thanks(text: str) -> bool:
    """Say whether words end something with thanks rather than agree to it: "ok thanks", but not "yes, thank you"."""
    return _THANKS.fullmatch(text.strip(" .!")) is not None


def redoes(text: str) -> bool:
    """Say whether a yes wants something done after all that was given up: "ok do it anyway", but not "ok"."""
    return answer(text) == "yes" and _REDOES.search(text) is not None


def answer(text: str, question: str = "") -> Literal["yes", "no"] | None:
    """Return "yes" or "no" for a plain answer, typed or spoken, and None for anything else.

    `question` is what was asked: a yes or no may repeat words of it in their order ("yes, freeze it", "yes, transfer
    50 dollars", "don't freeze it").

    A yes that continues ("yes, but …", "yes, what's my balance"), a hedge ("I guess"), a backchannel ("mm-hm") and a
    contradiction ("yes no") are not answers, because a tool call must not depend on them.
    """
    if len(text) > _MAX_CHARACTERS or "?" in text:
        return None
    plain = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'").replace("`", "'")
    for short, long in _SHORT_FORMS:
        plain = short.sub(long, plain)
    for signs, word in _SIGNS:
        plain = re.sub(rf"[{signs}][\U0001F3FB-\U0001F3FF]?", word, plain)
    if re.search(r"[^\w\s.,;:!'\"()-]", plain):
        plain = re.sub(r"[\U0001F300-\U0001FAFF\u2600-\u27BF\uFE0F]", " ", plain)
    lead = _LEAD.fullmatch(" ".join(_words(plain)))
    plain = " ".join(re.sub(r"[^\w\s']", " ", plain).split())
    if _YES_ALONE.fullmatch(plain) or sorted(plain) == sorted("yes"):  # "yse"
        return "yes"
    if _NO_ALONE.fullmatch(plain):
        return "no"
    if lead is None or not _repeats(lead["rest"], question):
        return None
    return "yes" if lead["yes"] else "no"


def _words(text: str) -> list[str]:
    """Return words and whole numbers: "$1,000.00" becomes "1000 dollars"."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\$\s?(\d+(?:\.\d+)?)", r"\1 dollars", text)
    return re.findall(r"\d+(?:\.\d+)?|[^\W\d]+(?:'[^\W\d]+)*", re.sub(r"(?<=\d)\.00(?!\d)", "", text))


def _repeats(words: str, question: str) -> bool:
    """Return whether `words` are successive words of the question, apart from "it", "the" and the like."""
    repeated, asked = (" ".join(_words(_EMPTY.sub(" ", text))) for text in (words, question.lower()))
    return bool(repeated) and f" {repeated} " in f" {asked} "
