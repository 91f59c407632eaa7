"""Inverse normalisation: "one thousand two hundred dollars" -> "1200 dollars", "four three two one" -> "4321"."""

import re

from banker.text.en.numbers import ONES, SCALES, TENS

_WORD = "|".join(sorted([*ONES, *TENS, *SCALES, "oh"], key=len, reverse=True))
_RUN = re.compile(rf"\b(?:(an?)\s+(?=(?:{'|'.join(SCALES)})\b))?((?:{_WORD})(?:[\s-]+(?:and\s+)?(?:{_WORD}))*)\b", re.I)
_UNIT = r"(?:dollars?|euros?|pounds?|bucks?|quid|francs?|percent|per cent)"
_COUNTED = re.compile(r"\s*-?(?:dollar|euro|pound|cent|buck|quid|franc|yen|percent|per cent|usd|eur|gbp)", re.I)
_ORDINALS = {
    word: value
    for value, word in enumerate(
        """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
        fifteenth sixteenth seventeenth eighteenth nineteenth twentieth""".split(),
        1,
    )
} | {"thirtieth": 30}
# Loose quantities: "half a million", "a couple of hundred", "two grand". "A grand opening" and "thanks a million" stay.
_FRACTION_OF_SCALE = re.compile(
    r"\b(?:(half)|(?:a\s+)?quarter)(?:\s+of)?(?:\s+an?)?\s+(thousand|million|billion)\b", re.I
)
_COUPLE = re.compile(r"\bcouple\s+(?:of\s+)?(?=hundred|thousand|million|billion|grand)", re.I)
_FEW = re.compile(r"\b(?:a\s+few|several)\s+(?=hundred|thousand|million|billion|grand)", re.I)
_MANY = re.compile(rf"\b(dozen|hundred|thousand|million)s\s+of\s+(?={_UNIT}\b)", re.I)
_ROUND = re.compile(rf"\b(an?)\s+(?!(?:{_WORD})\b)[a-z]+\s+(?=(?:thousand|million|billion)\b)", re.I)
_DOZEN = re.compile(rf"\b(an?|{_WORD})\s+dozen\s+(?={_UNIT}\b)", re.I)
_OF_ONE = re.compile(rf"\b(?:(half)|a quarter of)\s+an?\s+(?={_UNIT}\b)", re.I)
_GRAND = re.compile(
    rf"\b(an?|{_WORD}|[0-9]+)\s+grand\b(?=\s*(?:$|[^\w\s]|(?:in|on|to|for|from|and|or|left|there|short|more)\b))", re.I
)
_NO_NOUN = re.compile(r"\s*(?:$|[^\w\s]|(?:in|on|to|for|from|and|or|left|there|short|more|less|of)\b)", re.I)
_ONE_UNIT = re.compile(rf"\ban?\s+(?={_UNIT}{_NO_NOUN.pattern})", re.I)
_ABOUT = re.compile(r"(?<=[0-9])[\s-]+(?:odd|something)\b", re.I)
_POINT = re.compile(r"\b([0-9]+) point ([0-9]+(?: [0-9]+)*)\b", re.I)
_AND_A_PART = re.compile(
    r"\b([0-9]+)\s+and\s+(?:a\s+(half|quarter)|3\s+quarters)\b"
    rf"(?=\s+(?:{_UNIT}|hundred|thousand|million|billion)\b|{_NO_NOUN.pattern})",
    re.I,
)
_REPEATED = re.compile(rf"\b(double|triple)\s+({'|'.join(word for word in ONES if ONES[word] < 10)}|oh)\b", re.I)
_IDIOM = re.compile(r"\b(?:thanks|thank you|one in)\s+$", re.I)
_DAY = re.compile(rf"\b(?:(twenty|thirty)[\s-]+)?({'|'.join(_ORDINALS)})\b", re.I)


def digits_for_words(text: str) -> str:
    """Replace number words by digits. Figures of speech such as "a thousand thanks" stay."""
    text = _FRACTION_OF_SCALE.sub(lambda match: str(SCALES[match[2].lower()] // (2 if match[1] else 4)), text)
    text = _FEW.sub("three ", _COUPLE.sub("two ", text))  # loose, but a figure: it has to be proved too
    text = _GRAND.sub(r"\1 thousand dollars", _ROUND.sub(r"\1 ", text))
    text = _DOZEN.sub("12 ", _MANY.sub(r"a \1 ", text))
    text = _OF_ONE.sub(lambda match: "0.5 " if match[1] else "0.25 ", text)
    text = _REPEATED.sub(_repeated, _ONE_UNIT.sub("one ", text))
    text = _DAY.sub(_ordinal, text)
    text = _ABOUT.sub("", _RUN.sub(_run, text))
    return _AND_A_PART.sub(_and_a_part, _POINT.sub(_point, text))


def _repeated(match: re.Match[str]) -> str:
    times = 2 if match[1].lower() == "double" else 3
    return str(ONES.get(match[2].lower(), 0)) * times


def _point(match: re.Match[str]) -> str:
    return f"{match[1]}.{match[2].replace(' ', '')}"


def _and_a_part(match: re.Match[str]) -> str:
    """Return "3 and a half" as 3.5, and "1000000 and a half", which was a million and a half, as 1500000."""
    whole = int(match[1])
    unit = 10 ** (len(match[1]) - len(match[1].rstrip("0"))) if whole >= 1000 else 1
    part = {"half": 0.5, "quarter": 0.25}.get((match[2] or "").lower(), 0.75)
    return f"{whole + unit * part:.2f}".rstrip("0").rstrip(".")


def _ordinal(match: re.Match[str]) -> str:
    if match[2].lower() == "second" and not match[1]:
        return match[0]  # "one second" is a time span rather than a day
    tens = TENS[match[1].lower()] if match[1] else 0
    return f"{tens + _ORDINALS[match[2].lower()]}th"


def _run(match: re.Match[str]) -> str:
    words = [word for word in re.split(r"[\s-]+", match[2].lower()) if word]
    rest = match.string[match.end() :]
    if words == ["oh"]:
        return match[0]
    if words[0] in SCALES and (len(words) == 1 or not match[1]):
        behind_figure = re.search(r"[0-9]\s*-?$", match.string[: match.start()])
        is_bare = match[1] and _NO_NOUN.match(rest) and not _IDIOM.search(match.string[: match.start()])
        if behind_figure or not (is_bare or _COUNTED.match(rest)):
            return match[0]  # "1.2 million" belongs to its figure; "a thousand thanks" is a figure of speech
    words = ["zero" if word == "oh" else word for word in words]
    if len(words) > 2 and all(word in ONES and ONES[word] < 10 for word in words):
        return "".join(str(ONES[word]) for word in words)
    numbers = _numbers(words)
    if len(numbers) > 1 and all(9 < number < 100 for number in numbers):
        return "".join(map(str, numbers))  # "twenty twenty-six", "forty-three twenty-one"
    return " ".join(map(str, numbers))


def _numbers(words: list[str]) -> list[int]:
    """Combine number words into as few numbers as possible: ["forty", "two", "seven"] -> [42, 7]."""
    numbers: list[int] = []
    total, group, fresh = 0, 0, True
    for word in words:
        if word == "and":
            continue
        value = ONES.get(word, TENS.get(word, SCALES.get(word, 0)))
        if word == "hundred":
            fits, group_after, total_after = group < 100, (group or 1) * 100, total
        elif word in SCALES:
            fits, group_after, total_after = not total or value < total, 0, total + (group or 1) * value
        else:
            room = group % 100 == 0 or (value < 10 and group % 10 == 0 and group % 100 >= 20)
            fits, group_after, total_after = room and value > 0, group + value, total
        if not fresh and not fits:
            numbers.append(total + group)
            group_after, total_after = (0, value) if word in SCALES and word != "hundred" else (value, 0)
        total, group, fresh = total_after, group_after, False
    return [*numbers, total + group]
