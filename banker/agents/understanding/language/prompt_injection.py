"""Owns the notice of orders to the machine: words that want to change what the banker is, or reach past it to a tool.

A customer asks a banker for something; only an attacker tells a program what to be, what to forget and which function
to call.
"""

import re

_RULES = (
    r"(?:instructions?|rules?|prompts?|guidelines?|restrictions?|limitations?|programming|training|directives?|"
    r"polic(?:y|ies)|safeguards?|filters?)"
)
_MAKERS = r"(?:developer|creator|programmer|admin|administrator|operator of this|engineer|owner of this|maker)"
_ACTS = r"(?:open|block|tell|read|file|create|call|show|give|connect|transfer|lock|freeze|send)"
_ORDERS = [
    # away with the rules
    rf"(?:ignore|disregard|forget|override|overwrite|bypass|drop|disable|discard|erase|delete|neglect|reset)"
    rf"(?: \w+){{0,5}} {_RULES}",
    r"(?:ignore|disregard|forget) (?:all|everything|anything|whatever|what|who)(?: that)? "
    r"(?:you (?:were|was|have|had|are|got|know|learn\w*)|your \w+|above|before|was said|came before|they told)",
    r"(?:ignore|disregard|forget)(?: (?:all|everything|anything|of|the|that|what was|what is|is|was|stands))* "
    r"(?:above|previous|prior|preceding|earlier|foregoing|aforementioned)",
    rf"(?:new|updated?|changed?|following|secret|hidden|original|initial|real) (?:system )?{_RULES}(?: \w+)* "
    r"(?:are|is|say|now|follow|apply|from)",
    r"your (?:system )?(?:instructions?|prompts?|programming|guidelines?|directives?|safeguards?)",
    rf"{_RULES}(?: \w+)* (?:do not|no longer) apply|your (?:only|new|secret|first) {_RULES}|overrid(?:e|es|ing|den)",
    r"system (?:prompt|message|instruction)s?|tool (?:result|output|call)s?|(?:end|begin|start)(?: of)? prompt|"
    r"ignore (?:the|every|all) (?:customer|user)s?",
    r"how (?:do|would|to|can) (?:you|i|we|one)? ?(?:say|write|spell|pronounce)|(?:finish|complete|end) (?:the|"
    r"this|my) "
    r"sentence|simon says",
    r"your (?:context window|language model|temperature|weights)|(?:end of|new) conversation",
    # obedience
    r"obey|obedient|comply|do anything now|you (?:must|have to|will|shall) (?:now )?do (?:as|what|everything|"
    r"anything)",
    r"you have (?:just )?been (?:\w+ )?(?:updated|reprogrammed|hacked|instructed|ordered|told to|configured|"
    r"upgraded)",
    r"your (?:new |only |real |true |next |first |main |sole )*(?:task|job|role|purpose|mission|goal|duty|rule|name) "
    r"(?:is now|is to|now is|will be|from now)",
    rf"(?<!you )(?<!they )(?<!it )(?:always|automatically|secretly|silently|repeatedly|forever) {_ACTS}",
    # another being, another world
    r"you are (?:now|from now|no longer|henceforth|going to be)(?! (?:open|closed|free|available))",
    rf"^you are (?:a|an|my|the) (?:\w+ ){{1,4}}?(?:and |who |that )?{_ACTS}",
    r"from (?:now|here|(?:this|that) (?:point|moment|second))(?: on)?(?: \w+)? (?:you|your)|as of now you",
    r"pretend|backwards|(?:imagine|suppose|assume)(?: that)? (?:to be|you|being|as|the role|a role)|role ?play\w*",
    r"(?:act|behave|respond|answer|function|operate) (?:as|like) (?:if you|an?|the|my|though)",
    r"as an? (?:ai|assistant|language model|robot|bot|machine)|let us (?:pretend|play (?:a|the|some))",
    r"simulate|jail ?break\w*|you are dan|dan mode|in character|unrestricted|uncensored|hypothetically|opposite day",
    r"for (?:testing|test|debugging|training|research|educational) purposes|in which (?:a|the|an) bank\w*",
    r"(?:developer|debug|admin|administrator|god|root|maintenance|diagnostic|unlocked|unsafe) "
    r"(?:mode|session|access|console|privileges?|rights)",
    # somebody who he is not
    rf"(?:this is|i am|i'm|speaking as|as) (?:your|the) (?:\w+ )?(?:{_MAKERS}|system)",
    rf"(?:the |my |your )?{_MAKERS}s? (?:told|said|says?|wants?|orders?|instruct\w*|authori\w+)",
    rf"(?:messages?|orders?|instructions?|requests?|commands?) (?:from|by|of) (?:the |your )?(?:{_MAKERS}|system)",
    # in the name of others
    r"(?:the|this|a) (?:user|customer|caller|client) (?:has |have |just |already )*(?:said|says|wants|asked|"
    r"requested|"
    r"confirmed|agreed|approved)|next (?:customer|user|caller)|policy (?:update|change)d?|on (?:his|her|"
    r"their) behalf",
    r"(?:have|has|is|was) already (?:been )?(?:confirmed|approved|authori[sz]ed)|used to (?:read|tell|give) me",
    r"(?:open|create|block|do)(?: \w+){0,3} without (?:\w+ )?asking|say the words?",
    r"every (?:\w+ )?(?:greeting|message|question|answer|sentence|word) (?:must|should|will|has to)",
    # past the banker to its tools
    r"[a-z]+_[a-z_]+(?![\w.]*@)",
    r"(?:call|run|execute|invoke|trigger|launch)(?: \w+)? (?:the |a |your |this |that |following )?(?:\w+ )?"
    r"(?:tools?|functions?|commands?|apis?|scripts?|code|sql|methods?|endpoints?|subroutines?)",
    r"sudo|eval|exec|curl|drop table|select \*|rm -rf|json|xml|yaml|base64|payload|regex",
    r"(?:bypass|skip|omit|suppress|disable|turn off|switch off)(?: \w+){0,2} "
    r"(?:confirmations?|confirming|verification|authenti\w+|consent|approval|permission|checks)",
    r"without(?: \w+){0,2} (?:confirmations?|confirming)|(?:do not|never) (?:ask|wait)(?: \w+){0,3} confirm\w*",
    r"(?:confirm|answer yes|say yes|approve)(?: \w+)? (?:yourself|on my behalf|automatically|with yes)",
    r"(?:yourself|itself) and confirm|say yes to your",
    # words put into its mouth
    r"(?:repeat|say|speak|read|echo|recite|write|type)(?: \w+){0,2} (?:after me|verbatim|word for word|"
    r"the following)",
    r"(?:respond|answer|reply|output|print|say) (?:only|nothing but|with only|always|exactly) (?:with|in|the|yes|ok)",
    r"translate|(?:encode|decode|complete|continue|summari[sz]e)(?: \w+){0,3} (?:sentence|text|following)",
    # at other people's data
    r"(?:other|every|everybody'?s?|everyone'?s?|any|all)(?: the)?(?: other)? (?:customers?|clients?|"
    r"users?)(?:'s|s')? "
    r"(?:\w+ )?(?:accounts?|balances?|data|names|records|details|money)",
    r"(?:all|every|each) (?:the )?(?:customers?|clients?)|(?:admin|administrator|root|master) password|"
    r"password of the",
    r"(?:list|dump|show|give|export|print)(?: me)?(?: \w+)? (?:all|every) (?:the )?(?:users?|passwords?)",
]
_ORDER = re.compile("|".join(rf"\b(?:{order})\b" for order in _ORDERS))
# A line that pretends to come from somebody else than the user: "system:", "<tool>", "[INST]", a JSON object.
_SPEAKER = re.compile(
    r"(?:^|[\n.!?\"'\]>}])\s*[\[<{(#*]*\s*/?(?:system|assistant|developer|admin|administrator|tool|function|root|"
    r"instruction|prompt|inst|"
    r"im_start)\s*[\]>})]*\s*[:>|\]}]|[<\[{]\s*/?\s*(?:system|tool|function|inst|assistant)\b|\{\s*\"|```|<\|",
    re.IGNORECASE,
)


def is_order_to_the_machine(raw: str, normalised: str) -> bool:
    """Say whether an utterance, raw or normalised, orders the machine about instead of asking the banker."""
    return bool(
        _SPEAKER.search(raw) or _ORDER.search(raw.lower()) or _ORDER.search(re.sub(r"[.,;:!?]", "", normalised))
    )
