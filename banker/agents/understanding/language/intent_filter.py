"""Owns the question whether an utterance can be about what an intent is about: this bank, this customer, this wish.

The statistics weigh words; these checks ask for the one thing that an intent cannot do without. Nobody loses a card
without naming a card or a wallet and a loss, and nobody asks for his balance with the balance of power.
"""

import re
from enum import Enum

from banker.agents.understanding.language.out_of_domain import AN_ACCOUNT, without_strange_phrases

Patterns = dict[str, re.Pattern[str]]


class Fit(Enum):
    """How well a text fits an intent."""

    GOOD = "names what the intent needs"
    POOR = "names nothing that the intent needs"
    OTHER = "is another intent's, whatever the words"
    STRANGE = "is about something or somebody else"


_CARD = r"cards?|creditcards?|visa|mastercard|maestro|plastic|amex"
_LOSS = (
    r"lost|loose|lose|losing|loss|missing|gone|vanish\w*|disappear\w*|mis\w+|left|forgot\w*|drop\w*|fell|fallen|"
    r"find|found|see|seen|where|turn(?:ed)? up|"
    r"no longer|any ?more|not have|destroyed|broke|broken|chewed|washed|bin|threw|thrown|flew|flushed|away|"
    r"walkabout|shreds?|drowned|burnt|melted|"
    r"stol\w+|steal\w*|theft|thie\w+|robbed|mugged|nicked|pinched|swiped|snatch\w*|grab\w*|jacked|purloined|"
    r"pickpocket\w*|took|taken|take|got|has|have|"
    r"fraud\w*|scam\w*|phish\w*|clon\w+|hack\w+|leak\w*|compromis\w*|unauthori[sz]ed|skimm\w*|copied|strange|"
    r"suspicious|fake|not me|using|used|use|"
    r"swallow\w*|ate|eat\w*|kept|keeps? my|retain\w*|stuck|gobbled|lunch|captured|lifted|never|ran off|without|"
    r"abused|return|mine|not in|come out|buy|lay my hands|know nothing|entered|immobili[sz]e|out of action|bought|"
    r"ordered|paid|pay|shopping|make|emptying|purchases?|withdrawals?|"
    r"block\w*|freez\w+|frozen|lock\w*|deactivat\w*|disabl\w*|suspend\w*|stop\w*|cancel\w*|hotlist|shut|kill|hold|"
    r"bar|useless|unusable|invalidate|secure"
)
_NEEDS: Patterns = {
    "account_status": re.compile(
        r"\b(?:accounts?|balances?|money|cash|funds?|savings|over\w*|broke|skint|giro|checking|financ\w*|salary|"
        r"wages|pay|paid|payday|paycheck|"
        r"rent|transactions?|bookings?|movements?|deposits?|debited|credited|spend\w*|spent|afford|left|red|black|"
        r"minus|zero|credit|debit|rich|"
        r"worth|dough|kitty|liquidity|holdings|pot|nest egg|pennies|penny|euros?|dollars?|pounds?|quid|bucks|sum|"
        r"amount|figures?|statement|"
        r"refund|pension|cash flow|numbers?|in there|got|stand|much|covered|came in|bank|booked|poor|allowance|"
        r"come in|arrived?|landed|taken|liquid|transfer|"
        r"benefit|fund|skint)\b"
    ),
    "lost_card": re.compile(
        rf"^(?=.*\b(?:{_CARD}|wallets?|purse|\w*bag|pocketbook|robbed|mugged|pickpocket\w*|fraud\w*|atm|machine|"
        rf"purchase|it)\b)(?=.*\b(?:{_LOSS})\b)"
    ),
    "open_ticket": re.compile(
        r"\b(?:tickets?|cases?|complain\w*|grievance|report\w*|log\w*|lodge|request\w*|inquir\w*|enquir\w*|incident|"
        r"disput\w*|contest\w*|object\w*|claim\w*|"
        r"escalat\w*|record\w*|files?|filed|writing|written|paper|feedback|investigat\w*|look(?:ed|s|ing)?|write|"
        r"note\w*|noted|pass|forward|sort\w*|"
        r"deal\w*|care|document\w*|address|problems?|issues?|errors?|faults?|trouble|wrong\w*|broken|crash\w*|bugs?|"
        r"rude|unhappy|mistakes?|overcharged|"
        r"twice|chang\w+|updat\w+|order|new|send|need|close|apply|moved?|married|raise|set up|fix\w*|repair\w*|"
        r"check\w*|somebody|someone|answer|refund|"
        r"money back|give it back|not happy|message|department|team|colleagues|matter|protest|tell|system|get that|"
        r"want|works?|down|register|submit|open)\b"
    ),
    "goodbye": re.compile(
        r"\b(?:\w*bye\w*|see (?:you|ya|u)|later|night|day|evening|afternoon|week\w*|one|time|care|go|going|off|leave|"
        r"leaving|done|all|end|finish\w*|hang|over|farewell|cheerio\w*|ciao|adieu|adios|until|soon|long|run|"
        r"well|through|"
        r"talk|speak|call|everything|nothing|enough|out|cheers|ta|laters|toodle\w*|that|home|out|sleep|luck)\b"
    ),
    "human": re.compile(
        r"\b(?:humans?|persons?|people|agents?|represent\w*|reps?|staff|employees?|operators?|some\w*|any\w*|"
        r"colleagues?|managers?|supervisors?|"
        r"advis[eo]rs?|consultants?|officers?|officials?|clerks?|tellers?|boss|chief|director|specialist|customer "
        r"service|hotline|call\w*|ring|phone\w*|"
        r"telephone\w*|contact|touch|appointment|meeting|speak\w*|talk\w*|chat|connect\w*|through|transfer|real|man|"
        r"woman|lady|ladies|gentleman|girls?|"
        r"flesh|pulse|voice|brain|machines?|robots?|bots?|computer|program|face to face|mobile|cell|bell|someone|"
        r"adults?|grown ?ups?|help|desk|department|personnel)\b"
    ),
}
# What must be left of a text from which strange phrases were taken.
_STILL_OURS: Patterns = {
    "account_status": re.compile(
        r"\b(?:my|our|bank|checking|savings|current|joint|the) (?:\w+ )?(?:accounts?|balance|savings)\b|"
        r"\b(?:overdra\w+|salary|in the bank|in my account)\b"
    ),
    "lost_card": re.compile(
        rf"\b(?:my|the|a|bank|credit|debit|mine|our) (?:\w+ )?(?:{_CARD}|wallet|purse|handbag|bag)\b"
    ),
    "card_question": re.compile(
        rf"\b(?:{_CARD}|payments?|pay|paid|transfer\w*|standing orders?|direct debits?|cheques?|iban|bic|sepa|send "
        rf"money|refunds?|atms?|withdraw\w*|"
        r"contactless|fees?|limit|pin|money)\b"
    ),
    "open_ticket": re.compile(
        r"\b(?:my (?:\w+ )?(?:account|card|payment|transfer|statement|booking)s?|(?:the|your|this) (?:bank|branch|"
        r"app|website|staff|advis[eo]r|colleagues|lobby|counter|atm|"
        r"online banking)|fees?|charges?|charged|refund|open a ticket|file a complaint)\b"
    ),
    "human": re.compile(
        r"\b(?:humans?|real person|agents?|representative|staff|employee|operator|colleagues?|manager|supervisor|"
        r"advis[eo]rs?|somebody|someone|call me|call back|your|bank)\b"
    ),
    "opening_hours": re.compile(
        r"\b(?:you|your|branch\w*|bank|counter|offices?|atms?|cash (?:machine|point)|come|visit)\b"
    ),
}
_ANOTHER_INTENT: Patterns = {
    "lost_card": re.compile(
        r"\b(?:unblock|unlock|unfreeze|reactivate|activate|released?|turned (?:me )?down|declin\w*|denied|refus\w*|"
        r"reject\w*|not accepted)\b|"
        r"\b(?:un|dis)(?:block|lock|fr\w+)ed\b|\b(?<!not )(?:found|got) (?:it|(?:my|the) \w+) (?:again|back|after "
        r"all)\b|^(?:i|we) (?:just )?found\b"
    ),
    "opening_hours": re.compile(
        r"^(?:please |can you |could you |would you )+(?:open|close|shut) (?:the|a|my|this|that|your) (?!branch|"
        r"bank|offi)"
    ),
    "human": re.compile(
        r"^(?:humans|people|agents|robots|machines) (?:are|talk|have|make|do|will)\b|\b(?:am i (?:speaking|"
        r"talking)|(?:who|whom) am i|are you (?:a|an|human|real)|is (?:this|that|it) an?|with "
        r"whom do i|how do people|(?:man|woman|person|human|someone|somebody|anyone) (?:behind|inside|in there))\b|"
        r"\b(?:cancel|withdraw|revoke|forget|drop)\b.*\b(?:call ?back|appointment|meeting|call|request)\b"
    ),
    "open_ticket": re.compile(
        r"\b(?:withdraw|revoke|retract|take back|cancel|drop|delete|discard|close (?=my|the|that|"
        r"this))\b.*\b(?:complaint|tickets?|request|"
        r"case|instruction)\b|"
        r"\b(?:status of|what (?:is|are)|what does|what happened (?:to|with)|how many|did i|have i|have you|where "
        r"is|is there|which) (?:\w+ ){0,3}"
        r"(?:tickets?|complaints?|case|request)\b|\bi (?:\w+ )?(?:opened|filed|sent|submitted|raised) (?:a|an|my|"
        r"the) (?:\w+ )?(?:ticket|complaint|case|request)\b|"
        r"\b(?:is|was|has|when will|when is|how is) (?:my|the) (?:\w+ )?(?:ticket|complaint|case|request)\b|"
        r"\bticket number\b|^(?:please )?(?:log|sign) (?:me )?(?:in|out|on|off)$|\bupdates? (?:on|about|regarding)\b"
    ),
    "account_status": re.compile(
        r"^(?:please |can you |could you )?(?:transfer|send|move|wire|pay)\b|"
        r"\b(?:iban|bic|swift|pin|limits?|fees?|account number|sort code|contest|dispute|close my|raise my|payees?|"
        r"recipients?|beneficiar\w+|how (?:soon|long|fast|quickly|many days)|how much (?:can|may) i (?:withdraw|"
        r"take out|send|transfer|pay)|how much (?:does|is|are|costs?) an?|how much \w+ (?:does|goes|is in a)|"
        r"how (?:much|many) (?!money|cash|funds|credit|dough|euros?|dollars?|pounds?|quid|bucks|accounts?|savings|"
        r"more|else|i|we|you|he|she|they|it|my|do|did|have|has|is|are|was|will|can|could|would|should)\w+ (?:is|"
        r"are|have|has|do|did|can|will)|"
        r"how (?:rich|wealthy|big|old) (?:is|are|was) (?!i|we|my|our))\b"
    ),
}
_PERSONS = (
    r"(?:wife|husband|partner|spouse|girlfriend|boyfriend|fianc\w+|(?:step)?(?:mother|father|son|daughter|brother|sister)|"
    r"mom|mum|mummy|dad|daddy|parent|child|children|kid|grand\w+|granny|aunt\w*|uncle|cousin|nephew|niece|friend|"
    r"neighbou?r|boss|colleague|roommate|flatmate|landlord|tenant|teacher|client|customer|employee|employer|"
    r"in laws?|ex)(?:'?e?s)?"
)
_SOMEBODY_ELSE = re.compile(
    r"\b(?:neighbou?r'?s?|stranger'?s?|(?:someone|somebody|anyone|everyone|everybody|nobody) ?(?:else)?'?s|his|her|"
    r"their|your|whose|(?:an)?(?:other|different) \w+'?s?|"
    r"(?!(?:what|that|it|here|there|who|where|how|today|yesterday|bank|month|week|year|everything)'s)[a-z]+'s|"
    r"[a-z]+s') (?:\w+ )?(?:accounts?|balances?|savings|finances|salary)\b|"
    r"\b(?:accounts?|balances?|savings|money|salary)\b(?: \w+)? (?:of|belonging to|held by|owned by|does|do|did|has|"
    rf"have) (?:my (?:\w+ )?(?:{_PERSONS})|my (?!(?:\w+ ){{0,3}}(?:{AN_ACCOUNT})\b|own|bank|current|company|"
    r"business|card)\w+|mr|mrs|ms|miss|dr|(?:an)?other|someone|somebody|strangers?|all|every|he|she|they|"
    r"elon|jeff|bill|mark|donald|taylor|mister)\b|\bbelongs? to (?!me\b|us\b)|\b(?:which|what|how many) customers?\b|"
    r"\b(?:do|did|does|are|have) you (?:yourself |ever |really )?(?:have|own|make|earn|got|get|"
    r"paid)\b(?!.*\b(?:my|our|me|i|"
    r"we)\b)|\bof patience\b"
)
_OWN_ACCOUNT = re.compile(
    r"\b(?:my|our|this) (?:own |bank |checking |savings |current )?(?:accounts?|balance|savings)\b|"
    r"\b(?:the|that|both|each) (?:bank |checking |savings |current )?(?:account's|accounts'|savings')"
)
_THIRD_PERSON = re.compile(
    r"^(?:he|she)\b(?!.*\b(?:i|my|we|our|me)\b)|^(?:he|she|they) (?:spoke|talked|said|told|called)\b"
)
_SPEAKING_TO = re.compile(
    r"\b(?:speak|talk|chat) (?:to|with) (?!me|you|i\b|the bank|about|regarding)(?P<whom>.+)|\b(?:connect|put) me "
    r"(?:through )?(?:to|with) (?P<other>.+)"
)
_A_BANKER = re.compile(
    r"\b(?:humans?|persons?|people|agents?|represent\w*|reps?|staff|employees?|workers?|operators?|some\w*|any\w*|"
    r"colleagues?|customer|managers?|supervisors?|advis[eo]rs?|"
    r"consultants?|officers?|officials?|clerks?|tellers?|bankers?|boss|chief|director|specialists?|service|hotline|"
    r"mortgages?|reception\w*|department|desk|team|"
    r"lady|ladies|gentleman|man|woman|girls?|guy|mr|mrs|ms|miss|mister|dr|one|expert|personnel|responsible|whoever|"
    r"who|him|her|them|humou?r|support|grown ?ups?|adult|being|line|office|branch|bank|member|section)\b"
)


def fit(intent: str, text: str) -> Fit:
    """Say how well a normalised text fits an intent."""
    if intent in _ANOTHER_INTENT and _ANOTHER_INTENT[intent].search(text):
        return Fit.OTHER
    if _is_about_somebody_else(intent, text):
        return Fit.STRANGE
    own = without_strange_phrases(text)
    if own != " ".join(text.split()) and intent in _STILL_OURS:
        return Fit.GOOD if _STILL_OURS[intent].search(own) else Fit.STRANGE
    return Fit.GOOD if intent not in _NEEDS or _NEEDS[intent].search(own) else Fit.POOR


def _is_about_somebody_else(intent: str, text: str) -> bool:
    if intent in _NEEDS and _THIRD_PERSON.search(text):
        return True
    if intent == "account_status":
        return bool(_SOMEBODY_ELSE.search(text)) and not _OWN_ACCOUNT.search(text)
    if intent == "human" and (speaking := _SPEAKING_TO.search(text)):
        return not re.search(r"\bnot\b|\bnever\b", text) and not _A_BANKER.search(speaking["whom"] or speaking["other"])
    return False
