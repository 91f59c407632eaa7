"""Addresses: of streets and postcodes, of e-mail and of web pages."""

import re

from banker.text.en.calendar import ORDINAL_ENDING
from banker.text.en.normalisation.codes import spelled, spelled_groups
from banker.text.en.normalisation.vocabulary import SPELLED
from banker.text.en.numbers import digits, in_pairs
from banker.text.en.pattern_reader import Rule, before, rule

_STREETS = {
    "St": "Street", "Dr": "Drive", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane", "Ct": "Court",
    "Pl": "Place", "Sq": "Square", "Pkwy": "Parkway", "Hwy": "Highway", "Ter": "Terrace", "Cir": "Circle",
}  # fmt: skip
_TITLES = {"St": "Saint", "Dr": "Doctor"}
_DIRECTIONS = {"N": "North", "S": "South", "E": "East", "W": "West"}
_STATES = dict(
    state.strip().split(" ", 1)
    for state in """AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|
    DC D-C|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|
    ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|
    NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|
    ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|
    TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|
    PR Puerto Rico""".split("|")
)
_SIGNS = {"@": "at", ".": "dot", "-": "dash", "_": "underscore", "+": "plus", "/": "slash"}
_NAME_BEFORE = re.compile(rf"(?:[A-Z][a-z]+(?:['’]s)?|[0-9]{ORDINAL_ENDING})\s$")
_NUMBER_BEFORE = re.compile(r"(?<![0-9])[0-9]+[A-Z]?\s(?:\S+\s){1,3}$")
_NAME_AFTER = re.compile(r"\s[A-Z][a-z]")


def _street_or_title(match: re.Match[str]) -> str | None:
    """Distinguish "Main St." from "St. Mary", and "Elm Dr." from "Ask Dr. Lee"."""
    is_before_name = bool(_NAME_AFTER.match(match.string, match.end()))
    if _NAME_BEFORE.search(before(match)) and (_NUMBER_BEFORE.search(before(match)) or not is_before_name):
        return _STREETS[match[1]]
    return _TITLES.get(match[1]) if match[0].endswith(".") or is_before_name else None


def _web(match: re.Match[str]) -> str:
    """Read an address without its query and fragment, which nobody types by ear."""
    text = re.sub(r"^(?:https?://|mailto:)?(?:www\.)?|[?#].*$|/+$", "", match[0])
    return "".join(_web_part(part) for part in re.findall(r"[0-9]+|[^\W\d_]+|[-@._+/]", text)).strip()


def _web_part(part: str) -> str:
    if part in _SIGNS:
        return f" {_SIGNS[part]} "
    if part.isascii() and part.isdigit():
        return f" {digits(part)} "
    is_spelled = (len(part) < 3 and part != "co") or part in ("pdf", "www", "html") or part.upper() in SPELLED
    return spelled(part) if is_spelled else part


_TOP_LEVEL = "com|org|net|io|gov|edu|bank|example|test|co|uk|de|eu|info|us|app|dev|ch|fr|ai"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"

RULES: tuple[Rule[str], ...] = (
    rule(r"(?:mailto:)? [\w.+-]+ @ [A-Za-z0-9-]+ (?:\.[A-Za-z0-9-]+)+", _web),
    rule(r"(?:https?://|www\.) [^\s<>\"]* [\w/]", _web),
    rule(rf"{_HOST} (?:{_TOP_LEVEL})\b (?: /[^\s<>\"]*[\w/] )? /?", _web),
    rule(rf"({'|'.join(_STREETS)})(?:\.|\b)(?!\w)", _street_or_title),
    rule(
        rf"""[1-9][0-9]{{2,3}} (?= (?:\s(?:[NSEW]\b\.?|[A-Z][a-z]+|[0-9]+{ORDINAL_ENDING})){{1,3}}
            \s(?:{"|".join([*_STREETS, *_STREETS.values()])})\b )""",
        lambda match: in_pairs(int(match[0])),
    ),
    rule(r"(?<=[0-9]\s)([NSEW])\b\.?(?=\s(?:[A-Z][a-z]|[0-9]))", lambda match: _DIRECTIONS[match[1]]),
    rule(rf"({'|'.join(_STATES)})(?=\s[0-9]{{5}}\b)", lambda match: _STATES[match[1]]),
    rule(  # ZIP and ZIP+4 of the US, then the postcodes of the UK and of Canada
        r"""(?: (?<=\b[A-Z]{2}\s)[0-9]{5}(?:-[0-9]{4})? | [0-9]{5}-[0-9]{4}
              | [A-Z]{1,2}[0-9][0-9A-Z]?\s[0-9][A-Z]{2} | [A-Z][0-9][A-Z]\s[0-9][A-Z][0-9] ) (?![\w-])""",
        lambda match: spelled_groups(match[0]),
    ),
)
