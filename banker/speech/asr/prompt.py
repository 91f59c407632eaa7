"""What a recogniser is told to expect: models of the whisper kind go on in the words of the prompt."""

from collections.abc import Iterable

_TALK = (
    "A customer of a bank talks with a banker about the balance of a checking account, a savings account, a debit "
    "card, a PIN, a transfer, a mortgage, and opening a ticket."
)


def listening_prompt(glossary: Iterable[str]) -> str:
    """A prompt that reads like the beginning of a talk with a bank that has things of these names."""
    names = [name.strip() for name in glossary]
    return f"{_TALK} Words they use: {', '.join(names)}." if names else _TALK
