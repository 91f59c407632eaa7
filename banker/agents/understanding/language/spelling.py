"""Owns the spelling of an utterance: text-speak, contractions, typing errors, words that a recogniser mishears."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from banker.agents.understanding.wordpieces import is_word

_TEXT_SPEAK = dict(
    pair.strip().split("=")
    for pair in """
    u=you, ur=your, r=are, y=why, ya=you, yr=your, ure=you are, im=i am, ive=i have, ill=i will, pls=please,
    plz=please, plez=please, pliz=please, thx=thanks, thnx=thanks, tnx=thanks, thks=thanks, thanx=thanks, tx=thanks,
    ty=thank you, tysm=thank you so much, tyvm=thank you very much, cu=see you, cya=see you, ttyl=talk to you later,
    gtg=i have to go, g2g=i have to go, nvm=never mind, nvmd=never mind, np=no problem, wat=what, wot=what,
    wats=what is, wots=what is, whats=what is, whos=who is, wheres=where is, hows=how is, whens=when is,
    whys=why is, thats=that is, its=it is, theres=there is, wen=when, wer=where, hw=how, y'all=you all, lets=let us,
    youre=you are, theyre=they are, dont=do not, doesnt=does not, didnt=did not, wont=will not, cant=can not,
    cannot=can not, couldnt=could not, wouldnt=would not, shouldnt=should not, isnt=is not, arent=are not,
    wasnt=was not, werent=were not, havent=have not, hasnt=has not, hadnt=had not, aint=is not, yall=you all,
    aight=all right, helo=hello, wanna=want to, wana=want to, gonna=going to, gotta=have to, gimme=give me,
    lemme=let me, dunno=do not know, idk=i do not know, rn=right now, asap=as soon as possible, acc=account,
    acct=account, accnt=account, bal=balance, msg=message, cos=because, cuz=because, coz=because, bcos=because,
    bc=because, tho=though, thru=through, b4=before, gr8=great, l8r=later, w8=wait, 2day=today, 2morrow=tomorrow,
    2nite=tonight, tmrw=tomorrow, tmr=tomorrow, some1=someone, any1=anyone, every1=everyone, smth=something,
    sth=something, ppl=people, n=and, da=the, dat=that, dis=this, cud=could, shud=should, wud=would, frm=from,
    bck=back, lst=lost, crd=card, blnce=balance, trnsfr=transfer, teh=the, abt=about, sry=sorry, soz=sorry,
    hav=have, tlk=talk, hv=have, cn=can, nd=need, wnt=want, wth=with, wht=what, whn=when, bt=but,
    mch=much, lft=left, stmt=statement, acnt=account, prob=problem, probs=problems, enuf=enough, nite=night,
    hlp=help, fone=phone, goin=going, doin=doing, nothin=nothing, cc=credit card, mum=mother, mom=mother
    """.split(",")
)
_CONTRACTIONS = [
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bain't\b"), "is not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"\blet's\b"), "let us"),
    (re.compile(r"\b(what|who|where|when|how|why|that|there|it|here|he|she)'s\b"), r"\1 is"),
]
# What a speech recogniser hears for a bank's words, only where the words around it leave no doubt.
_MISHEARD = [
    (re.compile(r"\b(credit|debit|bank|plastic) (?:car|cart|court|cord)\b"), r"\1 card"),
    (
        re.compile(
            r"\b((?:block|freeze|lock|cancel|stop|unblock|activate|replace) (?:my|the|this|that)) (?:car|cart|court|"
            r"cord)\b"
        ),
        r"\1 card",
    ),
    (re.compile(r"\b(lost my) (?:car|cart|court|cord)(?= (?:and|i|so|can|could|please|block|it)\b|$)"), r"\1 card"),
    (
        re.compile(
            r"\bmy (?:car|cart|court|cord) (is|was|got|has been) (declined|blocked|rejected|refused|swallowed|cloned|"
            r"frozen)"
        ),
        r"my card \1 \2",
    ),
    (re.compile(r"\bwas my (?:car|cart|court|cord) (declined|rejected|refused|blocked)"), r"was my card \1"),
    (
        re.compile(
            r"\bmy (?:car|cart|court) ((?:does|did|will|is) not work(?:ing)?(?: \w+){0,2} (?:machine|till|checkout|atm|"
            r"shop|terminal))"
        ),
        r"my card \1",
    ),
    (
        re.compile(
            r"\b(forgot|forgotten|change|reset|choose|know|new|wrong|enter|entered|remember|lost) (my|the|a|your) "
            r"(?:pen|bin|pinn|pan)\b(?! (?:cap|case|is out))"
        ),
        r"\1 \2 pin",
    ),
    (re.compile(r"\bnew (?:pen|bin) (?=for (?:my|the) card)"), "new pin "),
    (re.compile(r"\b(?:pen|bin) (number|code)\b"), r"pin \1"),
    (
        re.compile(r"\bmy (?:pen|bin) (?=(?:was|is|has been|got|does) (?:entered|typed|wrong|blocked|locked|not)\b)"),
        "my pin ",
    ),
    (re.compile(r"\b(my|new|forgot) (?:pen|bin)(?= (?:for|of|to) (?:my|the) card)"), r"\1 pin"),
    (re.compile(r"\b(?:thicket|tick it|tickit|ticked|tickets it)\b(?=$| (?:please|for|about|because|that))"), "ticket"),
    (re.compile(r"\bopening ours\b|\bopen in (?:hours|ours)\b"), "opening hours"),
    (re.compile(r"\bmy a count\b"), "my account"),
    (re.compile(r"\b(?:bank|account|my) (?:ballots|ballads|valance|balances)\b(?! of)"), "my balance"),
    (
        re.compile(r"\b(speak|talk|connect me|put me through) (to|with) an? (?:asian|gent|agents|age it)\b"),
        r"\1 \2 an agent",
    ),
    (re.compile(r"\b(your|nearest|the) brunch\b"), r"\1 branch"),
    (re.compile(r"\bthe bunk\b"), "the bank"),
    (re.compile(r"\b(never|neva) mined\b"), "never mind"),
]
# Bank words, and how people say them, that the encoder's vocabulary does not hold whole.
_BANK_WORDS = (
    "overdraft overdrawn chequebook cheque contactless iban giro bic sepa maestro mastercard visa callback advisor "
    "adviser "
    "payday paycheck cashpoint passbook unblock deactivate hotline misplaced nicked pickpocket phished unauthorised "
    "cloned "
    "representative supervisor balance account savings saver withdrawal withdraw deposit statement transfer complaint "
    "complain "
    "ticket declined blocked stolen swallowed wallet purse opening hours branch located nearest operator human someone "
    "appointment manager department remittance standing refund fee fees charges limit limits credit debit please "
    "abort unblocked unlocked debited credited remittances expires hotlist hola cheerio adios ciao merci gracias "
    "wifi iphone "
    "tomorrow weekend saturday sunday goodbye repeat cancel thanks hello morning customer service employee connect"
).split()
_OFTEN = 4
_TWO = re.compile(
    r"\b(want|need|like|have|got|how|talk|speak|tlk|is|it|going|try|wanna|due|way|where|send|money|transfer|"
    r"off)\s2\b|\b2(?= (?:a|my|the|the|some|any|u|you)\b)"
)
_I_WOULD = re.compile(r"\bid (?=(?:like|rather|love|prefer|need|want|be|appreciate|say|have)\b)")
_FOUR = re.compile(r"\b4(?= (?:me|my|u|you|the|a|abroad)\b)")


def normalise(text: str, known: frozenset[str] = frozenset()) -> str:
    """Return `text` in small letters and plain spelling; marks that end or part a sentence stay.

    A word that is not English becomes the word of `known` or of the bank's own words that is a letter or two away.
    """
    plain = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'").replace("`", "'")
    plain = re.sub(r"\ba/c\b", "account", plain)
    for contraction, meaning in _CONTRACTIONS:
        plain = contraction.sub(meaning, plain)
    plain = re.sub(r"[^\w\s'.,;:!?-]", " ", plain)
    plain = _TWO.sub(lambda match: f"{match.group(1) or ''} to ", plain)
    plain = _I_WOULD.sub("i would ", _FOUR.sub("for", plain))
    plain = re.sub(r"[^\W_]+(?:'[^\W_]+)*", lambda match: _spell(match.group(), known), plain)
    plain = " ".join(plain.split())
    for misheard, meant in _MISHEARD:
        plain = misheard.sub(meant, plain)
    return plain


def words(text: str) -> list[str]:
    """Return the words of a normalised text, without marks."""
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text)


def _spell(word: str, known: frozenset[str]) -> str:
    if word in _TEXT_SPEAK:
        return _TEXT_SPEAK[word]
    squeezed = re.sub(r"(.)\1{2,}", r"\1", word)
    if squeezed != word:
        doubled = re.sub(r"(.)\1{2,}", r"\1\1", word)
        word = doubled if is_word(doubled) else squeezed
    if len(word) < 3 or not word.isalpha() or word in known or is_word(word) or _is_formed_from_word(word):
        return word
    return _with_vowels(known).get(word) or (_nearest(word, known) if len(word) > 3 else None) or word


def _is_formed_from_word(word: str) -> bool:
    """Say whether a word is a common one with a beginning or an ending: "unblocked" is not a misspelt "blocked"."""
    for beginning in ("un", "re", "dis", "non", "over", "mis", "pre"):
        if word.startswith(beginning) and len(word) - len(beginning) > 3 and is_word(word.removeprefix(beginning)):
            return True
    endings = (
        ("s", ""),
        ("es", ""),
        ("ed", ""),
        ("ed", "e"),
        ("ing", ""),
        ("ing", "e"),
        ("er", ""),
        ("ly", ""),
        ("ness", ""),
        ("able", ""),
        ("less", ""),
    )
    return any(
        word.endswith(ending)
        and len(stem := word.removesuffix(ending)) > 3
        and (is_word(stem + rest) or (stem[-1] == stem[-2] and is_word(stem[:-1])))
        for ending, rest in endings
    )


@lru_cache(maxsize=4096)
def _nearest(word: str, known: frozenset[str]) -> str | None:
    """Return the known word that `word` most likely stands for, or nothing."""
    most = 1 if len(word) < 7 else 2
    best: tuple[int, bool, str] | None = None
    for candidate in _candidates(known):
        if abs(len(candidate) - len(word)) > most or len(candidate) < 4:
            continue
        errors = _errors(word, candidate, most)
        if errors <= most and (candidate[0] == word[0] or errors == 1):
            found = (errors + (candidate[0] != word[0]), candidate not in _BANK_WORDS, candidate)
            best = min(best, found) if best else found
    return best[2] if best else None


@lru_cache(maxsize=8)
def _with_vowels(known: frozenset[str]) -> dict[str, str]:
    """Return the words that one may write without their vowels ("tckt"), by what is then left of them."""
    full: dict[str, str] = {}
    for word in sorted(known, key=lambda word: (word not in _BANK_WORDS, len(word), word)):
        short = word[0] + re.sub("[aeiou]", "", word[1:])
        if len(short) > 2 and short != word:
            full.setdefault(short, word)
    return full


@lru_cache(maxsize=8)
def _candidates(known: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(known | set(_BANK_WORDS)))


def _errors(typed: str, meant: str, most: int) -> int:
    """Count letters left out, added, changed or swapped (Damerau-Levenshtein, adjacent), up to `most` + 1."""
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, letter in enumerate(typed, 1):
        above, row, older = row, [i], before
        for j, other in enumerate(meant, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == meant[j - 2] and typed[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        before = above
        if min(row) > most:
            return most + 1
    return row[-1]


def dictionary(utterances: Iterable[str]) -> frozenset[str]:
    """Return the words of the example utterances that are real words: what a misspelt word may stand for."""
    counts = Counter(
        word for utterance in utterances for word in words(utterance.lower()) if len(word) > 3 and is_word(word)
    )
    return frozenset({word for word, count in counts.items() if count >= _OFTEN} | set(_BANK_WORDS))
