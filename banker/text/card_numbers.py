"""Recognises card numbers (ISO/IEC 7812-1) by their length, their issuer and their check digit."""

CARD_DIGITS = range(13, 20)

_ISSUERS = (
    # first and last prefix, lengths
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14,)),  # Diners Club
    ("36", "36", (14,)),
    ("38", "39", (14, 16)),
    ("3528", "3589", (16,)),  # JCB
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "659", (16, 19)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("50", "50", tuple(CARD_DIGITS)),  # Maestro
    ("56", "58", tuple(CARD_DIGITS)),
    ("63", "63", tuple(CARD_DIGITS)),
    ("67", "67", tuple(CARD_DIGITS)),
)


def has_check_digit(digits: str) -> bool:
    """Return whether the last of `digits` is their check digit by the Luhn algorithm."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_issued(digits: str) -> bool:
    """Return whether one of the large card schemes issues numbers with this beginning and length."""
    return any(first <= digits[: len(first)] <= last and len(digits) in lengths for first, last, lengths in _ISSUERS)


def begins_like_card(digits: str) -> bool:
    """Return whether one of the large card schemes issues numbers with this beginning."""
    return any(first <= digits[: len(first)] <= last for first, last, _ in _ISSUERS)
