"""Negation: splits an utterance into the part that the user rejects and the rest.

"I don't want a ticket, just tell me my balance" wishes for a balance; "please don't open a ticket" wishes for
nothing. A negation that tells of trouble ("my card doesn't work", "I don't know where it is") or suggests ("why don't
you ...") denies nothing.
"""

import re
from dataclasses import dataclass

from banker.agents.understanding.clauses import clauses

_LEAD_IN = (
    r"(?:please |and |but |so |well |oh |no |nope |nah |hey |ok |okay |sorry |just |hi |hello |yes |really |look |"
    r"listen |now |actually |"
    r"again |wait |stop |kindly |then |for now |by the way |whatever you do |i said |i told you |hear me |banker |"
    r"sir |madam )*"
)
_TROUBLE = (
    r"know|have|find|see|remember|recall|understand|think|hear|trust|recogni[sz]e|own|work|mind|receive|believe|"
    r"feel|wait|worry|accept|"
    r"come|arrive|let me|dispense|go through|give me (?:back|my)|get (?:in|on|any|my|it|the|paid)|like (?:how|that|"
    r"the way|this)|make (?:that|this|those|these|it|any)"
)
_WISH = (
    r"(?:want|need|wish|require|care|ask|like|request|intend|mean|desire|feel like|plan|order|fancy|say|call|"
    r"come|expect)"
)
_WISHING = (
    r"(?:asking|asked|interested|calling|called|looking|here|after|wanting|wanted|requesting|requested|talking|"
    r"trying|concerned|going to|about|complaining|bothered|said|say)"
)
# "I don't want anyone to use my card" wishes for a block, and "I don't want this any more" names nothing.
_OTHERS = r"(?:anyone|anybody|someone|somebody|people|him|her|them|thieves|strangers|others|it|this|that|any ?more)\b"
_SERVICE = (
    r"(?:tickets?|case|complaints?|agents?|humans?|people|calls?|callbacks?|balance|reports?|requests?|"
    r"appointments?|block|blocking|persons?|representatives?|operators?|colleagues?)"
)
_REASON = r"(?:need|reason|wish|desire|interest|point|intention|use)"
_DOING = (
    r"(?:a|an|the|my|any|about|to|opening|blocking|calling|filing|talking|speaking|creating|raising|making|"
    r"connecting|reporting|checking|telling|asking|putting)"
)
_LOST = r"(?:lost|lose|stolen|missing|gone|swallowed|steal)"
_DENIALS = [
    # "do not open a ticket"
    rf"^{_LEAD_IN}(?:do not|never|not|do n)(?: (?:you|ever|dare|even|please|just|go|try to|start|bother|simply|now|"
    rf"under any circumstances))* (?!you\b|(?:{_TROUBLE})\b)(?=\w)",
    # "I do not want", "I am not calling about", "it is not about"
    rf"\b(?:i|we) (?:\w+ )?(?:do|did|would|will|have|had|can|could|am|are)(?: \w+)? (?:not|never)(?: \w+)? "
    rf"{_WISH}(?:ed|d|ing)?\b(?! {_OTHERS})",
    rf"\b(?:i|we) (?:am |are |was )?(?:not|never|n) (?:\w+ )?{_WISHING}\b",
    r"\b(?:i|we) (?:no longer|hardly|neither) (?:want|need|wish|require|care)\b",
    r"\b(?:will|do|would|does|is|am|was|has|have|did)? ?not (?:be )?(?:need|want|require)(?:ed|ing|s)?\b",
    r"\b(?:it|this|that)(?: is| was|s)? (?:really )?not (?:about|for|because|regarding|a matter of|concerning|the|a|"
    r"an|my)\b",
    rf"\b(?:i|we) never {_WISH}\b",
    r"\b(?:i|we) (?:will|would|shall) (?:never|not)(?: ever| again)? (?:open|file|raise|create|make|complain|"
    r"block|ask)",
    rf"\b(?:let us|we should|we need|we will|could you|can you|would you|will you|please)(?: please)? not "
    rf"(?!(?:{_TROUBLE})\b)\w+",
    # "you need not", "you should not"
    r"\byou (?:\w+ )?(?:must|should|need|may|shall|can|do|are|will|better|had better|had best)(?: \w+)? not "
    r"(?!\w*(?:understand|help|hear|know|listen|be serious|work))",
    # "no need to", "no ticket", "without opening", "instead of"
    rf"^(?:\w+ )?(?:there is |i said |i told you |i see |i have |we have |got |with |absolutely )?(?:no|"
    rf"zero) (?:{_REASON}|{_SERVICE})\b"
    r"(?! (?:has|have|had|will|ever|was|is|answered|came|called|can)\b)",
    rf"\b(?:have|has|got|make|making|with) no (?:complaints?|{_REASON})\b",
    rf"\b(?:not|without|anything but|except|apart from|besides|other than|far from) {_DOING}\b",
    r"\b(?:instead of|rather than) (?!the card\b)\w+",
    # "I refuse to", "spare me", "stop asking"
    r"\b(?:refuse to|hate to|forbid you|would rather not|prefer not|prefer (?:that )?you did not|rather you did not|"
    r"advise against|no way|would not (?:dream|think) of|"
    r"under no circumstances|in no case|by no means|nobody (?:asked|wants|said|told|needs)|who (?:said|asked|wants)|"
    r"keep from|avoid|(?:make sure|careful|try|be sure)(?: you)?(?: do)? not|leave off)\b",
    r"\bstop (?:offering|asking|telling|trying|suggesting|opening|talking about|connecting|pushing)\b",
    r"\bthe last thing (?:i|we) (?:\w+ )?(?:need|want)\b",
    r"\b(?:spare me|refrain from|hold off|(?:can|could) do without|fine without|done without|skip the|need not|do "
    r"not even think)\b",
    r"\bforget (?:about )?(?:the|my|a|an|that) \w+",
    r"\b(?:leave|let|keep) (?:my|the|that|it)(?: \w+){0,2} (?:alone|be|in peace|as (?:it|they) (?:is|are)|open|"
    r"unblocked|unlocked|active|usable)\b",
    # "my card is not lost", "nobody stole it"
    rf"\b(?:have|has|did|is|was|were|are|had)(?: \w+)? (?:not|never)(?: \w+)? (?:been )?{_LOST}\b",
    r"\b(?:nobody|no one|nothing) (?:has |was |is |had )?(?:stole|stolen|lost|taken|took|missing|gone)\b",
]
# These deny the whole clause, wherever they stand in it.
_WHOLE = re.compile(
    r"^(?:it|this) is not that (?:i|we)\b|"
    r"\bnot (?:be )?(?:necessary|needed|required|wanted|called for|what (?:i|we))\b|\b(?:must|should|shall|may) "
    r"(?:not|never) be \w+ed\b|"
    r"\bunnecessary\b|\bnot any (?:need|reason|point|use)\b|\bwho cares\b|\bnot care less\b|\b(?:no|not) (?:longer "
    r")?(?:of )?(?:interest|use)\b"
)
_DENIAL = [re.compile(denial) for denial in _DENIALS]
_SUGGESTION = re.compile(
    r"\b(?:why|how come|does|did|do|is|are|can|will|has|have|was)(?: \w+)? not "
    r"(?:my|the|a|an|it|this|that|he|she|they|there|any|anyone|anybody)\b|"
    r"\b(?:why|can|could|will|would|do|should|may|might) (?:do |did |can |could |will |would )?(?:you |i |we )?not "
    r"(?:you|i|we|just|simply|please|somebody|someone)\b|\bwhy (?:do|can|could|would|did) not\b|"
    r"\bif (?:you|they|it|he|she|this|nobody)\b[^,]* not\b"
)
_DARE = re.compile(r"\b(?:do not (?:you )?(?:dare|even|ever)|never (?:you )?(?:dare|ever))\b")
_NO_MACHINE = re.compile(
    r"\bnot\b.*\b(?:robots?|bots?|machines?|computers?|programs?|ai|recording|automat\w*|chatbots?|voice ?mail|"
    r"algorithm|software|tape)\b"
)
_THING = re.compile(r"\b(?:card|account|pin|transfer|payment|ticket|complaint)\b")
# What stands before "is not stolen" or "do not want": by itself it wishes for nothing.
_EMPTY = re.compile(
    r"(?:\b(?:no|oh|well|but|and|i|we|you|it|this|that|my|the|a|an|your|our|credit|debit|bank|card|account|wallet|"
    r"purse|please|really|still|of course|absolutely|just|have|has|is|was)\b|\s)*"
)
_ALONE = frozenset(
    {
        "balance",
        "agent",
        "human",
        "operator",
        "savings",
        "hours",
        "stop",
        "cancel",
        "hello",
        "thanks",
        "goodbye",
        "repeat",
    }
)


@dataclass(frozen=True, slots=True)
class Wish:
    """An utterance split into the wanted part and the denied part; either may be empty."""

    wanted: str
    denied: str


def part(text: str) -> Wish:
    """Part a normalised utterance; what stands before a denial in its clause is wanted, as are clauses without one."""
    wanted, denied = [], []
    for clause in clauses(text):
        start = _denial_in(clause)
        if start is None:
            wanted.append(clause)
        else:
            wanted.append(clause[:start].strip())
            denied.append(clause[start:])
    kept = ", ".join(piece for piece in wanted if not _EMPTY.fullmatch(piece) and (" " in piece or piece in _ALONE))
    return Wish(_named(kept, " ".join(denied)), ", ".join(denied))


def _denial_in(clause: str) -> int | None:
    """Return where in a clause the denial starts, or nothing."""
    if dared := _DARE.search(clause):
        return dared.start()
    if _WHOLE.search(clause):
        return 0
    if _SUGGESTION.search(clause) or _NO_MACHINE.search(clause):
        return None
    return min((match.start() for denial in _DENIAL if (match := denial.search(clause))), default=None)


def _named(wanted: str, denied: str) -> str:
    """Put the thing in the place of "it": in "my card isn't lost, it doesn't work" it is the card that does not."""
    thing = _THING.search(denied)
    return re.sub(r"\bit\b", f"my {thing.group()}", wanted, count=1) if thing else wanted
