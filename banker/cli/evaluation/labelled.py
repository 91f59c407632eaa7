"""Lists of labelled utterances: lines of label<TAB>utterance below a header."""

from dataclasses import dataclass

HEADER = "label\tutterance"


@dataclass(frozen=True)
class Labelled:
    """An utterance with its label.

    A label is the name of a skill, the topic of a knowledge page, a safety topic or `none`. Several correct ones are
    joined by `|`.
    """

    label: str
    utterance: str


def read_labelled(data: bytes, name: str) -> list[Labelled]:
    """Parse a file's content. Raises `ValueError` with the file `name`, the line and the fix."""
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{name}: line {line}: is not UTF-8; save the file as UTF-8") from None
    lines = [line.removesuffix("\r") for line in lines]
    if lines[0] != HEADER:
        raise ValueError(f"{name}: line 1: the header must be label<TAB>utterance")
    rows = [_row(line, f"{name}: line {number}") for number, line in enumerate(lines[1:], 2) if line.strip()]
    if not rows:
        raise ValueError(f"{name}: has no utterances; add lines of label<TAB>utterance")
    return rows


def _row(line: str, where: str) -> Labelled:
    label, tab, utterance = line.partition("\t")
    if not tab:
        raise ValueError(f"{where}: has no tab between label and utterance")
    if not label.strip() or not utterance.strip():
        raise ValueError(f"{where}: the {'utterance' if label.strip() else 'label'} is missing")
    return Labelled(label.strip(), utterance.strip())
