"""Endpointing delays: a turn ends later if its words are unfinished or if the user dictates a number."""

import re

from banker.conversation.turns.interruption import plain_words

UNFINISHED_DELAY_S = 1.65
"""After words that cannot end a sentence ("I want to"). People pause up to 1.4 s to think of the rest; the remainder is
the time to detect it."""
CLEAR_SHARE = 0.75
"""Of the tenant's silence, after words that are clear and whose answer changes nothing: if there was more to come, an
answer that is too early costs a sentence, and the user goes on."""
DICTATION_DELAY_S = 1.75
"""After digits. People pause up to 1.5 s between two groups of them; the rest is the time to detect the second one."""

_NUMBER = (
    r"(?:\d[\d-]*|[a-z]{1,4}-?\d+|zero|oh|o|nil|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    r"ninety|hundred|thousand|double|triple|dash|hyphen)"
)
_ENDS_IN_NUMBER = re.compile(rf"(?:^|.* ){_NUMBER}(?: one)?")
_ONLY_ONE = re.compile(r"(?:(?:.* )?(?:is|number|account|with|it's) )?one")
_ASKS_FOR_NUMBER = re.compile(r"\b(?:numbers?|digits?|iban|code)\b", re.IGNORECASE)

_CONJUNCTIONS = "and or but because so if when than although while as since whether unless then also plus"
_PREPOSITIONS = "to of for with from in on at by about into between without under over through during"
_DETERMINERS = "a an the my your our their his her its some any every each another which whose"
_FILLERS = "um umm uh uhm er erm hmm like well actually basically"
_VERBS = "is are was were am i i'm i'd i'll i've it's that's there's he's she's we're they're"
_OPEN_WORDS = "|".join(f"{_CONJUNCTIONS} {_PREPOSITIONS} {_DETERMINERS} {_FILLERS} {_VERBS}".split())
_MODAL = r"(?:can|could|would|will|do|did|may|should) (?:you|i|we)"
_OPEN_PHRASES = (
    r"i (?:want|need|wanted|have|would like|wish|think|guess|mean|was|am)|i'd like|you know|"
    rf"{_MODAL}(?: please)?|tell me|(?:let|show|give) me|i'm (?:calling|looking|trying|asking)"
)
_LONE_VERBS = rf"(?:(?:want|wanted|need|like|have|going|trying|here) to|{_MODAL}(?: please)?) [a-z]+"
"""A verb without its object: "I would like to transfer", "could you check"."""
_UNFINISHED = re.compile(rf"(?:.* )?(?:{_OPEN_WORDS}|{_OPEN_PHRASES}|{_LONE_VERBS})")
_PRONOUN = r"(?:it|this|that|he|she|they|them|you|we|i)"
_FINISHED = re.compile(
    r"(?:.* )?(?:(?:log|logged|sign|signed|come|cash|pay|paid|go|carry|turn|turned|hold|move|switch) (?:in|on)|"
    r"what for|(?:yes|no|of course|sure|here) (?:i am|it is|i was)|i (?:think|guess) so|like that|as well|so|"
    rf"(?:what|who|where|how) {_PRONOUN} (?:is|are|was|were)|"
    r"(?:what|who|where|how|when|why) (?:the|my|your|our|his|her|their|this|that)(?: [a-z]+)+ (?:is|are|was|were)|"
    rf"(?:who|what|where|which|whose)\b.* {_PRONOUN}(?: [a-z]+)? (?:{'|'.join(_PREPOSITIONS.split())})|"
    r"(?:can|could|will|would) you (?:help|wait|stop|hear me|repeat|explain))"
)
"""Complete sentences that end in such words, because the object comes before the preposition or the verb."""
_BREAKS_OFF = re.compile(r"(?:,|\.\.+|…|-|–|—|:|;)\s*$")


def asks_for_number(sentence: str) -> bool:
    """Return whether a sentence of the agent asks for digits."""
    return bool(_ASKS_FOR_NUMBER.search(sentence))


def is_dictating(text: str, *, number_expected: bool) -> bool:
    """Return whether the words end in digits that may continue. `number_expected`: the agent asked for a number."""
    words = plain_words(text)
    return bool(_ENDS_IN_NUMBER.fullmatch(words)) or (number_expected and bool(_ONLY_ONE.fullmatch(words)))


def is_unfinished(text: str) -> bool:
    """Return whether the words are an incomplete sentence. A recogniser's "?" only reflects how they sounded."""
    words = plain_words(text)
    if not words:
        return False
    if _BREAKS_OFF.search(text):
        return True
    return bool(_UNFINISHED.fullmatch(words)) and not _FINISHED.fullmatch(words)


def endpointing_delay(text: str, silence_s: float, *, number_expected: bool, is_clear: bool = False) -> float:
    """Return the seconds of silence that end a turn with these words; `silence_s` is the tenant's default.

    `is_clear`: what they ask for is certain, and an answer would change nothing.
    """
    if is_dictating(text, number_expected=number_expected):
        return DICTATION_DELAY_S
    if is_unfinished(text):
        return max(silence_s, UNFINISHED_DELAY_S)
    return CLEAR_SHARE * silence_s if is_clear else silence_s
