"""What codes look like, and the words before them that make a number a code or the end of one."""

import re

IBAN = r"""[A-Z]{2}[0-9]{2} \s?[A-Z0-9]{4} (?: \s?(?=[A-Z]*[0-9])[A-Z0-9]{4} ){1,6}
    (?: \s?(?=[A-Z]*[0-9])[A-Z0-9]{1,3} )? (?![A-Za-z0-9])"""
"""ISO 13616: country, check digits, then groups of four, of which only the first may consist of letters."""

MASKED = r"""(?<![*•●·#…xX])
    (?: [*•●·#…]{2,}+[\s-]? | \b[xX]{2,}+[\s-]? | \b[xX](?=[0-9]{4}\b) | (?<![\w.…])(?:\.{3}|…) )++
    (?P<last>[0-9]{2,6}) (?![\w.,]*[0-9])"""
"""A number of which only the end is shown: "****1234", "xxxx-1234", "...1234"."""

_NAMES = """account|acct|card|ticket|case|reference|ref|order|confirmation|routing|member|customer|invoice|zip|PIN|CVC|
    CVV|code|passcode|password|extension|ext|branch|BIC|IBAN|ID|check|cheque|policy|loan|transaction|call|dial|phone|box|
    postcode|postal|sort|SSN|EIN"""
_NUMBERED = (
    rf"(?: (?:{_NAMES})\b\.? \s(?:number|no|code|id)\b\.? (?:\s(?:is|of))? | (?:PIN|OTP|passcode|ID)\b (?:\sis)? )"
)
_NAMED = rf"(?: (?:{_NAMES}|number|no)\b\.? | (?:number|code)\sis )"
_BEFORE_ANY = re.compile(rf"\b {_NUMBERED} [\s:\#]*$", re.VERBOSE | re.IGNORECASE)
_BEFORE_LONG = re.compile(rf"\b {_NAMED} [\s:\#]*$ | \#$", re.VERBOSE | re.IGNORECASE)
_ENDING = re.compile(
    r"""\b (?: (?: end(?:s|ing|ed)? \s(?:in|with|on) | (?:card|account|acct\.?|number)\sending )
        (?:\sthe\s(?:digits|numbers?|figures))?
             | last\s(?:four|three|two|few|[0-9]+) (?:\s(?:digits?|numbers|figures))? (?:\s(?:are|is|of))? ) :?\s $""",
    re.VERBOSE | re.IGNORECASE,
)


def is_named(text: str, digits: int) -> bool:
    """Return whether `text` ends with the name of a code of `digits` digits.

    "ticket number" names a code of any length, and "ticket" one of two digits or more.
    """
    return bool(_BEFORE_ANY.search(text) or (digits > 1 and _BEFORE_LONG.search(text)))


def is_ending(text: str) -> bool:
    """Return whether `text` ends with "ending in ", "last four digits: " or the like."""
    return bool(_ENDING.search(text))


def is_code(text: str, digits: int) -> bool:
    """Return whether a number of `digits` digits after `text` is a code or the end of one."""
    return is_named(text, digits) or is_ending(text)
