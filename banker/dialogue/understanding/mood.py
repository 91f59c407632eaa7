"""Owns the question whether an utterance wishes for anything: one may also tell, suppose, ask about, or quote.

"A friend of mine lost her card" tells, "what if my card were stolen" supposes, "why did you open a ticket" asks about
a deed; none of them asks for it to be done.
"""

import re
from enum import Enum


class Mood(Enum):
    """What an utterance does with its subject."""

    WISH = "may ask for it"
    UNSURE = "states or supposes it; whether it is wished for has to be asked"
    TOLD = "tells of it, or asks about it, and wants nothing done"


_DONE = r"(?:opened|filed|raised|submitted|lodged|asked for|demanded|withdrew|withdrawn|retracted)"
_PAST = r"(?:yesterday|last|this morning|already|before|once|the other day|earlier)"
_THING = r"(?:ticket|complaint|case|request)"
_STRANGER = (
    r"(?:friends?|mates?|neighbou?rs?|colleagues?|boss|teacher|classmates?|roommates?|flatmates?|landlord|man|woman|"
    r"guy|somebody|someone|anyone|anybody|people|he|celebrity|actor)"
)
_ABOUT_THE_DEED = re.compile(
    r"\b(?:why|when|how) (?:did|have|would|are) you\b(?! not)|\bwho (?:told|asked|made|said|let)\b|\b(?:did|have) "
    r"you (?:already )?(?:open|block|call|fil)\w*|"
    r"\b(?:why|how) (?:would|should|do|does|did) (?:any|some|every)(?:one|body)\b|"
    r"\b(?:have|did|do) you ever\b|"
    r"^you (?:\w+ )?(?:opened|blocked|called|filed|connected)\b|\bi hope you (?:did|have|will|do) not\b|\bwhat "
    r"(?:would|will|do|happens|if)\b.*\byou\b|"
    r"^what (?:is|are) (?:an? )?(?:tickets?|complaints?|agents?|humans?)$"
)
_QUOTED = re.compile(
    r"\b(?:said|asked|cried|shouted|answered|replied) (?:the|my|his|her) \w+(?: in \w+ \w+)?\W*$|\bis what (?:he|"
    r"she|they) "
    r"said\b|\bis an? (?:\w+ )?(?:phrase|word|expression|sentence|song|idiom)\b|\bmeaning of\b|"
    r"\bwhat (?:does|do|is)\b.*\b(?:mean|called|spelt|spelled)\W*$|"
    r"\bin (?:the|a|my|this) (?:novel|story|movie|film|book|game|dream|series|play|poem)\b"
)
_STORY = re.compile(
    rf"\b(?:he|she|they) (?:has |have |had |just |already )*{_DONE}\b|"
    rf"\b(?:i|we) (?:just |already |have |had |once )*(?:{_DONE} (?:a|an|my|the|our)|spoke|talked|chatted)\b|"
    rf"\b(?:called|rang|phoned|contacted|visited) (?:me|us)(?: {_PAST})?\b(?! back)|"
    rf"\balready (?:have|had|got|has) (?:an?|my|the|your) (?:\w+ )?{_THING}\b|"
    rf"\b{_THING} was (?:handled|solved|closed|answered|resolved|settled|read|accepted|rejected)\b|"
    r"\b(?:years|ages|decades) ago\b|\bonce (?:lost|stole|had|opened)\b|\bwhen i was (?:young|a|little|in)\b|"
    r"\b(?:thanks|thank you|glad|good|lucky|pleased) (?:for|that|about)\b|\b(?:afraid|fear|scared) (?:of|that)\b|"
    r"\bhate to\b|\ball the time\b|\bi always\b|\bnever (?:los\w+|steal\w*)\b|\b(?:stay|keep) (?:out|"
    r"away) (?:of|from)\b"
)
_STILL_WISHES = re.compile(
    r"\b(?:please|want|need|would like|wish|can (?:you|i|we)|could (?:you|i|we)|will you|help|let me|get me|give me|"
    r"connect|put me|again|now|still|but)\b"
)
_THEIR_CARD = re.compile(
    rf"\b(?:{_STRANGER}|she)\b.*\b(?:his|her|their) (?:\w+ )?(?:cards?|wallet|purse|handbag)\b|"
    rf"\b{_STRANGER}'?s'? (?:\w+ )?(?:cards?|wallet|purse|handbag)\b"
)
_STRANGERS_CARD = re.compile(
    rf"\b{_STRANGER}\b(?! (?:has |have |is |was |just )*(?:stole|stolen|took|taken|nicked|pinched|using|used|got|"
    r"found|cloned|hacked|grabbed|snatched|swiped))"
)
_OUR_CARD = re.compile(
    r"\b(?:my|our|mine|this) (?:(?!\w+'s)\w+ )?(?:cards?|wallet|purse|\w*bag|visa|mastercard|plastic)\b"
)
_ALL_IS_WELL = re.compile(
    r"^(?!.*\b(?:us(?:es?|ing|ed)|fraud|cloned|stolen|paid|someone|somebody|un\w+|"
    r"activate)\b).*\b(?:still have (?:my|"
    r"the) card|right here|nothing happened|card is (?:fine|ok|okay|safe|here|back))\b"
)
_SUPPOSITION = re.compile(
    r"\b(?:what|how)\b.*\b(?:if|in case|when) (?:i|we|my|our|someone|somebody|a|the) .*\b(?:los[et]\w*|stolen?|"
    r"steals?|gone|disappears?|breaks?)\b|"
    r"\bif (?:i|we|my|our) (?:ever |should |were to |card |cards |had )*(?:los[et]\w*|steal|stolen)\b|"
    r"\bwhat if\b|\bsuppos(?:e|ing)\b|\b(?:has|have|did|does) (?:any|some)(?:one|body) ever\b|"
    r"\b(?:are|is) there (?:any |an? )?(?:humans?|people|persons?)(?: \w+){0,2} (?:at|in|on|behind)\b"
)
_STARTS = (
    r"(?:^|[,.;:!?-] |\b(?:and|so|but|or|then|hey|hi|hello|ok|okay|well|please|sorry|now|just|banker|sir|also|kindly|"
    r"right|morning|day|yes|no|time|simply|instead|maybe|perhaps|only|thanks|only|anyway|again|today|tomorrow) )"
)
_ASKS = re.compile(
    r"\?|\b(?:what|how|where|when|which|whether|please|want\w*|need\w*|would (?:like|love|prefer|rather|be)|like to|"
    r"prefer\w*|wish|require\w*|request\w*|ask\w*|wonder\w*|curious|looking for|interested|calling (?:about|for|"
    r"because)|"
    r"scared to|afraid to|call me|ring me|phone me|contact me|let us|insist|demand|hope to|trying to|"
    r"going to have to|"
    r"must|should|have to|had better|time (?:to|for)|want)\b|"
    rf"{_STARTS}(?:is|are|am|was|did|do|does|has|have|had|any|can|could|would|will|may|shall|should|might|tell|show|"
    r"give|get|let|read|look|check|see|find|pull|bring|display|say|inform|update|run|list|open|raise|create|file|log|"
    r"lodge|start|begin|make|write|register|submit|report|record|note|put|pass|forward|escalate|send|set|take|hand|"
    r"connect|transfer|call|ring|phone|speak|talk|speaking|talking|fetch|patch|switch|redirect|direct|arrange|book|"
    r"have|enough|no more|stop|reach|escalate|investigate|fix|change|correct|document|add|enter|queue|complain|"
    r"why)\b|"
    r"\b(?:can|could|will|would|may|might) (?:you|i|we|some\w+|any\w+|one|a|the)\b"
)
_STATES = re.compile(
    r"\b(?:i|we|you|he|she|they|it|nobody|everyone|people)\b|\b(?:is|are|was|were|am|has|have|had|will|works?|"
    r"gets?)\b"
)


def is_quoted(text: str) -> bool:
    """Say whether a normalised utterance is fiction, somebody else's words, or about words."""
    return bool(_QUOTED.search(text))


def mood(intent: str, text: str) -> Mood:
    """Say in which mood a normalised text speaks of what an intent is about."""
    if _ABOUT_THE_DEED.search(text):
        return Mood.TOLD
    if _STORY.search(text) and not _STILL_WISHES.search(text):
        return Mood.TOLD
    if intent == "lost_card" and (_ALL_IS_WELL.search(text) or _is_a_strangers_card(text)):
        return Mood.TOLD
    states = intent != "lost_card" and _STATES.search(text) and not _ASKS.search(text)
    return Mood.UNSURE if states or _SUPPOSITION.search(text) else Mood.WISH


def _is_a_strangers_card(text: str) -> bool:
    return bool(not _OUR_CARD.search(text) and _THEIR_CARD.search(text) and _STRANGERS_CARD.search(text))
