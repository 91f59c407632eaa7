"""Strips Markdown, HTML, emoji and control characters from the output of a language model."""

import html
import re
import unicodedata

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_HIDDEN = re.compile("[\ue021-\ue07e]")
_BREAK = re.compile("[\n\r\v\f\x85\u2028\u2029]+")

_LINE = (
    (r"\s*(?:```|~~~)[^`~]*", ""),  # a code fence; its content is kept
    (r"\s*(?:[-*_=]\s*)+", ""),  # a rule, or the line under a heading
    (r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-+:?\s*)?", ""),  # the line under a table header
    (r"\s*\[[^\]]+\]:\s*\S+(?:\s+\"[^\"]*\")?\s*", ""),  # the definition of a reference link
    (r"\s*\|(.*?)\|?\s*", r"\1"),  # a table row
)
_LEAD = re.compile(
    r"""\s* (?: (?:>(?![$€£]?[0-9])\s?)+ | \#{1,6}(?=\s) | \#{2,6}(?=[^\W\d]) | [-*+•‣◦▪●–](?=\s) | [•‣◦▪●](?=[^\W\d]) )
        (?:\s*\[[ xX]\](?=\s))? \s*""",
    re.VERBOSE,
)

_INLINE = tuple(
    (re.compile(pattern, re.DOTALL), replacement)
    for pattern, replacement in (
        (r"<!--.*?(?:-->|$)", ""),
        (r"<((?:https?://|mailto:)[^<>\s]+|[^<>\s@]+@[^<>\s@]+)>", r"\1"),
        (r"<br\s*/?>|</(?:p|div|li|tr|h[1-6])>", " "),
        (r"</?[A-Za-z][^<>]*>", ""),
        (r"\[\^[^\]\s]+\]|(?<=\w)\[[0-9]{1,2}\](?![(\[])", ""),  # a footnote mark
        (r"!?\[([^\[\]]*)\]\(\s*<?[^()\s]*(?:\([^()\s]*\)[^()\s]*)*>?(?:\s+[\"'][^\"']*[\"'])?\s*\)", r"\1"),
        (r"!?\[([^\[\]]+)\]\[[^\[\]]*\]", r"\1"),
        (r"(?<!\*)\*{3}(?![\s*])(.+?)(?<![\s*])\*{3}(?!\*)", r"\1"),
        (r"(?<!\*)\*{2}(?![\s*])(.+?)(?<![\s*])\*{2}(?!\*)", r"\1"),
        (r"(?<!\*)\*(?![\s*])([^*]+?)(?<![\s*])\*(?!\*)", r"\1"),
        (r"(?<!\w)_{1,3}(?![\s_])(.+?)(?<![\s_])_{1,3}(?!\w)", r"\1"),
        (r"~~(?!\s)(.+?)(?<!\s)~~", r"\1"),
        # An unpaired mark, left when bold text spans several sentences. "****1234" is a masked number.
        (r"(?<![*\w])(?:\*{1,3}(?=[^\W\d])|\*(?=[0-9]))", ""),
        (r"(?<=[\w.!?,;:)\"'”’%])\*{1,3}(?![*\w])", ""),
        (r"(?<!\w)__(?=\w)|(?<=[\w.!?])__(?!\w)|~~|`+", ""),
        (r"(?<![\w:]):[a-z][a-z0-9_]+:(?![\w:])", ""),  # :smile:
        (r"(?<=\s)#{1,6}\s*$", ""),  # the closing mark of a heading
    )
)

_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u20e3\u200d\u3030\u303d"
    "\U000e0000-\U000e007f]"
)
_TIDY = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"\(\s*\)|\[\s*\]"), ""),
    (re.compile(r"(?<=\w) +(?=[,.;:!?](?: |$))"), ""),
    (re.compile(r" {2,}"), " "),
)


def strip_markup(text: str) -> str:
    """Return `text` on one line without markup. Links keep their text, lists and headings lose their marks."""
    text = _ESCAPED.sub(lambda match: chr(0xE000 + ord(match[1])), _printable(text))
    text = " ".join(_line(line) for line in _BREAK.split(text))
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    text = _HIDDEN.sub(lambda match: chr(ord(match[0]) - 0xE000), text)
    text = _EMOJI.sub("", _printable(html.unescape(text)))
    for pattern, replacement in _TIDY:
        text = pattern.sub(replacement, text)
    return text.strip()


def _line(line: str) -> str:
    """Strip the marks of block elements from one line."""
    for pattern, replacement in _LINE:
        if match := re.fullmatch(pattern, line):
            line = match.expand(replacement)
            if replacement:  # a table row
                line = ", ".join(cell.strip() for cell in line.split("|") if cell.strip())
    while (match := _LEAD.match(line)) and match.end():
        line = line[match.end() :]
    return line


def _printable(text: str) -> str:
    """Compose characters (NFC), convert all spaces and digits to ASCII, and drop invisible characters."""
    return "".join(_printable_character(char) for char in unicodedata.normalize("NFC", text))


def _printable_character(char: str) -> str:
    if " " <= char <= "~" or _BREAK.match(char):
        return char
    category = unicodedata.category(char)
    if char == "\t" or category == "Zs":
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(char))
    return char if category not in ("Cc", "Cf", "Cs", "Co", "Cn") else ""
