"""`[safety]` in a tenant's file: what the banker says where a customer's safety is at stake, and whom to call."""

from dataclasses import dataclass

from banker.config.texts import text


@dataclass(frozen=True)
class SafetySettings:
    """The bank's own words. They are said before either agent answers."""

    secret: str = text(
        "I've removed that from our conversation. Please never share card numbers, PINs, passwords or codes, "
        "not even with me."
    )
