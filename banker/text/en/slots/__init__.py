"""Slot values: reads amounts, dates, times, numbers, codes and choices from what a customer says.

Each extractor returns the values it finds with the part of the text that says them, so that what remains can be read
by another one.
"""

from banker.text.en.slots.amounts import Money, find_amounts, plain_amount
from banker.text.en.slots.choices import Option, find_options
from banker.text.en.slots.codes import find_codes
from banker.text.en.slots.dates import DateSpan, find_dates, find_impossible_dates
from banker.text.en.slots.periods import shift
from banker.text.en.slots.spoken_numbers import Slot, find_integers
from banker.text.en.slots.times import find_datetimes, find_times

__all__ = [
    "DateSpan",
    "Money",
    "Option",
    "Slot",
    "find_amounts",
    "find_codes",
    "find_dates",
    "find_datetimes",
    "find_impossible_dates",
    "find_integers",
    "find_options",
    "find_times",
    "plain_amount",
    "shift",
]
