"""The prompt of a recogniser. Models of the Whisper kind continue in the words and the style of their prompt."""

from collections.abc import Iterable

_CONVERSATION = (
    "A customer of a bank talks with a banker about the balance of a checking account, a savings account, a debit "
    "card, a PIN, a transfer, a mortgage, and opening a ticket."
)
DICTATION = "A customer says: My number is 5, 0, 8, 8, 3, 1, 1, 6."
"""Follows the prompt when words with a number are decoded again. Without it, the model writes dictated digits as one
number and loses or repeats a digit of "one one" or "seven seven seven". It is not part of every prompt because it also
makes digits out of words ("an advisor 3 for a chat")."""


def recognition_prompt(glossary: Iterable[str]) -> str:
    """Return a prompt that reads like the start of a conversation with a bank that uses the names in `glossary`."""
    names = [name.strip() for name in glossary]
    return f"{_CONVERSATION} Words they use: {', '.join(names)}." if names else _CONVERSATION
