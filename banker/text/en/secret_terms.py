"""The English words around a secret: what names it, what links the name to the value, and what names something else.

These are closed classes of function words and nouns. A sentence that is misread is a matter for the parser
(`banker.text.secret_parser`), which combines them, and not for another entry here.
"""

from typing import Literal

SecretKind = Literal["card", "security_code", "pin", "password", "code"]

PLACEHOLDERS: dict[SecretKind, str] = {
    "card": "[card number removed]",
    "security_code": "[security code removed]",
    "pin": "[PIN removed]",
    "password": "[password removed]",
    "code": "[code removed]",
}
TERMS: dict[tuple[str, ...], SecretKind] = {
    ("pin",): "pin",
    ("pins",): "pin",
    ("p", "i", "n"): "pin",
    ("identification", "number"): "pin",
    ("secret", "number"): "pin",
    **{(word,): "security_code" for word in ("cvv", "cvv2", "cvc", "cvc2", "csc", "cvn", "cv2", "cid")},
    ("c", "v", "v"): "security_code",
    ("verification", "value"): "security_code",
    ("security", "code"): "security_code",
    ("security", "number"): "security_code",
    ("on", "the", "back"): "security_code",
    **{(word,): "password" for word in ("password", "passwort", "passphrase", "passcode", "pwd", "pw")},
    ("pass", "code"): "password",
    ("memorable", "word"): "password",
    ("secret", "word"): "password",
    ("security", "question"): "password",
    **{(word,): "code" for word in ("otp", "tan", "code", "codes", "2fa", "token", "sms")},
    ("o", "t", "p"): "code",
    ("in", "the", "text"): "code",
    ("text", "message"): "code",
    ("verification", "number"): "code",
}
"""What names a secret."""
DIGIT_COUNTS: dict[str, SecretKind] = {"3": "security_code", "4": "pin", "6": "code"}
"""The secrets that "the three digits" and the like name."""
OTHER_CODES = frozenset(
    """sort post postal zip branch country error promo promotional discount reference swift bic area dialling dialing
    dial tax bar qr routing bank booking product voucher currency status response colour color dress gate merchant
    category purpose flight""".split()
)
"""What makes "code" name something that is not a secret: "sort code"."""
OTHER_NAMES = frozenset(
    """account accounts iban reference ref ticket case order invoice phone telephone mobile amount balance sum total
    ending ends last digits limit customer transaction year date birthday street transfer send pay paid withdraw
    withdrew move spend spent deposit january february march april june july august september october november
    december since until imei serial tracking policy""".split()
)
"""What names another number, when it stands nearer to the number than the secret's name."""
CARD_NAMES = frozenset({"card", "cards", "visa", "mastercard", "amex", "pan"})
LINKS = frozenset({"is", "was", "are", "'s", "\u2019s", "equals", "says", "reads", "said", "be", "as", "to"})
"""What links a name with its value: "my PIN is 1234"."""
PRONOUNS = frozenset({"it", "that", "mine", "this"})
"""What stands for the secret that the turn before has named: "it used to be 4821"."""
FILLERS = frozenset({"um", "umm", "uh", "uhm", "er", "erm", "hmm", "and", "then", "dash", "hyphen", "space", "comma"})
"""What may be said between the digits of one number."""
UNITS = frozenset(
    """dollar dollars bucks euro euros pound pounds quid cent cents pence franc francs yen usd eur gbp chf percent
    times attempts digits digit minutes minute seconds second hours hour days day weeks week months month years year
    people points am pm o'clock grand k""".split()
)
"""What makes the number before it a quantity."""
STATES = frozenset(
    """not no wrong right correct incorrect invalid weak strong old new long short safe secure same different hard easy
    bad good fine ok okay out gone still too very so just always never also only being up down there here my your the
    a an what that this something in on for from by at of or and if be it i we they he she please because
    case""".split()
)
"""What follows "my password is" when the password itself does not."""
CLAUSE_ENDS = frozenset("and but so please can could would will what how then i it he she they because if or".split())
"""Words that end a password of several words."""
CHANGING = frozenset({"change", "changed", "set", "reset", "make", "made", "update", "updated"})
"""Verbs after which "to" links a password with its value."""
DETERMINERS = frozenset({"my", "the", "your", "our", "his", "her", "a", "new", "old", "secret", "card", "one", "time"})
"""What may stand between the link and the name behind a value: "1234 is my new PIN"."""
