"""200 ways in which customers say amounts, dates, times, numbers, codes and choices."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from banker.text.en.slots import (
    Option,
    find_amounts,
    find_codes,
    find_dates,
    find_datetimes,
    find_integers,
    find_options,
    find_times,
)

TODAY = date(2026, 11, 25)  # a Wednesday
NOW = datetime(2026, 11, 25, 9, 30)

AMOUNTS = """
fifty dollars = 50 USD
$1,200.50 = 1200.50 USD
a grand = 1000
two grand = 2000
twenty bucks = 20 USD
USD 40 = 40 USD
40 usd = 40 USD
4004$ = 4004 USD
£12.30 = 12.30 GBP
60,50€ = 60.50 EUR
ten quid = 10 GBP
10 pounds fifty = 10.50 GBP
twelve dollars and five cents = 12.05 USD
twelve fifty dollars = 12.50 USD
one twenty = 120
three fifty dollars = 350 USD
25 cents = 0.25
3.4k = 3400
3.4 thousand euros = 3400 EUR
two and a half thousand dollars = 2500 USD
half a million = 500000
a hundred and five dollars = 105 USD
nineteen hundred dollars = 1900 USD
a couple of hundred bucks = 200 USD
one thousand two hundred and thirty four dollars = 1234 USD
12,345.67 dollars = 12345.67 USD
ninety-nine dollars = 99 USD
1.05 pounds = 1.05 GBP
200 swiss francs = 200 CHF
chf 200 = 200 CHF
minus 5 dollars = -5 USD
send $20 to mom = 20 USD
move five hundred from checking to savings = 500
it was 15 not 50 = 15, 50
Twenty Dollars = 20 USD
$ 75 = 75 USD
a 5% fee of 3 dollars = 3 USD
the 3rd of May =
at 3:30 =
acc-789 =
"""

FUTURE = """
today = 2026-11-25
tonight = 2026-11-25
tomorrow = 2026-11-26
tomorow = 2026-11-26
the day after tomorrow = 2026-11-27
the day after christmas = 2026-12-26
new year's eve = 2026-12-31
thanksgiving = 2026-11-26
the friday after thanksgiving = 2026-11-27
a week before easter = 2027-03-21
easter monday = 2027-03-29
labor day = 2027-09-06
christmas next year = 2027-12-25
for two weeks = 2026-11-25..2026-12-09
friday = 2026-11-27
on Friday please = 2026-11-27
this friday = 2026-11-27
next friday = 2026-11-27
wednesday = 2026-12-02
wendesday = 2026-12-02
tuesday next week = 2026-12-01
next week on tuesday = 2026-12-01
friday week = 2026-12-04
in two weeks = 2026-12-09
in a week = 2026-12-02
in a fortnight = 2026-12-09
in 3 days = 2026-11-28
three days from now = 2026-11-28
in a month = 2026-12-25
the first of december = 2026-12-01
december first = 2026-12-01
December 1st, 2027 = 2027-12-01
1 dec 2027 = 2027-12-01
the 5th = 2026-12-05
on the twenty eighth = 2026-11-28
the 31st = 2026-12-31
friday the 27th = 2026-11-27
the third of november = 2027-11-03
11/30 = 2026-11-30
11/30/2026 = 2026-11-30
11/30/26 = 2026-11-30
30/11/2026 = 2026-11-30
2026-12-24 = 2026-12-24
may the fourth = 2027-05-04
february 29th = 2028-02-29
the end of the month = 2026-11-30
end of next month = 2026-12-31
beginning of next year = 2027-01-01
next week = 2026-11-30..2026-12-06
this weekend = 2026-11-28..2026-11-29
next month = 2026-12-01..2026-12-31
in march = 2027-03-01..2027-03-31
next few days = 2026-11-25..2026-11-28
the week of the 7th = 2026-12-07..2026-12-13
monday or thursday = 2026-11-30, 2026-11-26
a week from tuesday = 2026-12-08
two weeks after the 5th = 2026-12-19
3 days before friday = 2026-11-24
a fortnight today = 2026-12-09
tomorrow week = 2026-12-03
monday in a week = 2026-12-07
friday next = 2026-11-27
in half a year = 2027-05-25
in a year and a half = 2028-05-25
in 3 business days = 2026-11-30
the next working day = 2026-11-26
two business days after friday = 2026-12-01
at the end of may = 2027-05-31
by end of year = 2026-12-31
mid-december = 2026-12-15
the last day of february = 2027-02-28
the last friday of the month = 2026-11-27
first monday of the month = 2026-12-07
the first of the month = 2026-12-01
the 28th of the month = 2026-11-28
the first day of the month = 2026-12-01
the 3rd of this month = 2026-11-03
the second tuesday in january = 2027-01-12
the 4th of each month = 2026-12-04
first wednesday of every month = 2026-12-02
every friday = 2026-11-27
the week after next = 2026-12-07..2026-12-13
the weekend after next = 2026-12-12..2026-12-13
before summer = 2027-06-01..2027-08-31
this winter = 2026-12-01..2027-02-28
Q1 = 2027-01-01..2027-03-31
the third quarter of 2026 = 2026-07-01..2026-09-30
3-7 december = 2026-12-03, 2026-12-07
between 3 and 7 december = 2026-12-03, 2026-12-07
march 3rd-5th = 2027-03-03, 2027-03-05
the 1st through the 5th of january = 2027-01-01, 2027-01-05
from march 3 until march 9 = 2027-03-03, 2027-03-09
from wednesday to friday = 2026-12-02, 2026-12-04
from monday to friday = 2026-11-30, 2026-12-04
from october to march = 2027-10-01..2027-10-31, 2028-03-01..2028-03-31
since monday = 2026-11-23
03.12.2026 = 2026-12-03
sort code 12-34-56 =
first, send 50 dollars =
on second thought =
the 31st of april =
may I pay a bill =
I have 2 cards =
my card ends in 4711 =
"""

PAST = """
yesterday = 2026-11-24
last christmas = 2025-12-25
thanksgiving = 2025-11-27
last night = 2026-11-24
the day before yesterday = 2026-11-23
friday = 2026-11-20
last monday = 2026-11-23
6 days ago = 2026-11-19
a week ago = 2026-11-18
two months ago = 2026-09-25
some days ago = 2026-11-22
the 15th = 2026-11-15
the 28th = 2026-10-28
march 3 = 2026-03-03
december 24 = 2025-12-24
last week = 2026-11-16..2026-11-22
last month = 2026-10-01..2026-10-31
this month = 2026-11-01..2026-11-30
last year = 2025-01-01..2025-12-31
the last 30 days = 2026-10-26..2026-11-25
past two weeks = 2026-11-11..2026-11-25
in october = 2026-10-01..2026-10-31
October = 2026-10-01..2026-10-31
since december = 2025-12-01..2025-12-31
october last year = 2025-10-01..2025-10-31
this quarter = 2026-10-01..2026-12-31
between the 1st and the 10th = 2026-11-01, 2026-11-10
the month before last = 2026-09-01..2026-09-30
half a year ago = 2026-05-25
a month and a half ago = 2026-10-10
a year ago today = 2025-11-25
this time last year = 2025-11-25
this year so far = 2026-01-01..2026-11-25
last summer = 2026-06-01..2026-08-31
q3 2025 = 2025-07-01..2025-09-30
the third quarter = 2026-07-01..2026-09-30
the first monday of the month = 2026-11-02
from monday to friday = 2026-11-16, 2026-11-20
from friday to monday = 2026-11-20, 2026-11-23
from the 20th of december to the 5th of january = 2025-12-20, 2026-01-05
what's in today's statement = 2026-11-25
"""

TIMES = """
3 pm = 15:00
3pm = 15:00
3 p.m. = 15:00
at three = 15:00
at 11 = 11:00
10:30 = 10:30
ten thirty = 10:30
half past nine = 09:30
quarter to six = 17:45
a quarter past 2 = 14:15
twenty to two = 13:40
25 to 7 p.m. = 18:35
nine oclock = 09:00
nine in the morning = 09:00
8 in the evening = 20:00
9:20 at night = 21:20
noon = 12:00
midnight = 00:00
12 am = 00:00
16:45 = 16:45
in two hours = 11:30
in half an hour = 10:00
15 minutes ago = 09:15
an hour ago = 08:30
between 9 and 5 = 09:00, 17:00
25:70 =
"""


def cases(table: str) -> list[tuple[str, str]]:
    rows = [line.rpartition(" =") for line in table.strip().splitlines()]
    return [(said, expected.strip()) for said, _, expected in rows]


@pytest.mark.parametrize(("said", "expected"), cases(AMOUNTS))
def test_amounts_are_read_with_their_currency(said: str, expected: str) -> None:
    found = [(slot.value.amount, slot.value.currency) for slot in find_amounts(said, bare=True)]
    wanted = [part.split() for part in expected.split(", ") if part]
    assert found == [(Decimal(part[0]), part[1] if part[1:] else None) for part in wanted]


@pytest.mark.parametrize(
    ("said", "expected", "direction"),
    [(*case, "future") for case in cases(FUTURE)] + [(*case, "past") for case in cases(PAST)],
)
def test_dates_and_periods_are_read_relative_to_today(said: str, expected: str, direction: str) -> None:
    found = [slot.value for slot in find_dates(said, TODAY, direction)]  # type: ignore[arg-type]
    days = [f"{span.first}..{span.last}" if span.first != span.last else str(span.first) for span in found]
    assert ", ".join(days) == expected


@pytest.mark.parametrize(("said", "expected"), cases(TIMES))
def test_times_of_day_are_read(said: str, expected: str) -> None:
    assert ", ".join(f"{slot.value:%H:%M}" for slot in find_times(said, NOW, bare=True)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("three", [3]),
        ("I want 25 of them", [25]),
        ("twenty-five", [25]),
        ("1,200", [1200]),
        ("the third", [3]),
        ("a number", []),
        ("3.5", []),
        ("acc789", []),
    ],
)
def test_whole_numbers_are_read(said: str, expected: list[int]) -> None:
    assert [slot.value for slot in find_integers(said)] == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("four seven one one", ["4711"]),
        ("four seven double one", ["4711"]),
        ("4 7 1 1", ["4711"]),
        ("oh five one", ["051"]),
        ("it is triple nine five", ["9995"]),
        ("forty seven eleven", ["4711"]),
        ("acc-789", ["acc-789"]),
        ("ticket T-1042 please", ["T-1042"]),
        ("B as in Bravo, C as in Charlie, 2", ["BC2"]),
        ("s m i t h", ["SMITH"]),
        ("I want a card", []),
        ("on the 3rd", []),
    ],
)
def test_codes_and_spelled_letters_are_read(said: str, expected: list[str]) -> None:
    assert [slot.value for slot in find_codes(said)] == expected


ACCOUNTS = [
    Option("acc-789", ("Everyday Checking", "checking")),
    Option("acc-790", ("Rainy Day Savings", "savings")),
    Option("acc-791", ("Holiday Savings", "savings", "Visa ending 4711")),
]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("checking", [["acc-789"]]),
        ("my everyday checking account", [["acc-789"]]),
        ("everyday chekcing", [["acc-789"]]),
        ("rainy day", [["acc-790"]]),
        ("the visa please", [["acc-791"]]),
        ("the rainy day savings", [["acc-790"]]),
        ("from checking to holiday savings", [["acc-789"], ["acc-791"]]),
        ("savings", [["acc-790", "acc-791"]]),
        ("savngs", [["acc-790", "acc-791"]]),
        ("acc-790", [["acc-790"]]),
        ("ACC-790", [["acc-790"]]),
        ("the one ending 4711", [["acc-791"]]),
        ("four seven one one", [["acc-791"]]),
        ("the second one", [["acc-790"]]),
        ("second", [["acc-790"]]),
        ("number three", [["acc-791"]]),
        ("the last one", [["acc-791"]]),
        ("the fifth one", []),
        ("something else", []),
    ],
)
def test_choices_are_read_by_name_number_and_position(said: str, expected: list[list[str]]) -> None:
    assert [list(slot.value) for slot in find_options(said, ACCOUNTS)] == expected


def test_the_other_one_is_what_is_not_chosen_now() -> None:
    [slot] = find_options("no, the other account", ACCOUNTS[:2], current="acc-789")
    assert slot.value == ("acc-790",)


def test_a_date_and_a_time_make_a_point_in_time() -> None:
    [(day, time)] = find_datetimes("next tuesday at half past two", NOW)
    assert day is not None and time is not None
    assert (str(day.value), f"{time.value:%H:%M}") == ("2026-12-01", "14:30")


def test_each_value_points_at_the_words_that_say_it() -> None:
    said = "Please send twenty-five dollars to Mom on the first of December, thanks"
    [amount] = find_amounts(said)
    [day] = find_dates(said, TODAY)
    assert said[amount.start : amount.end] == "twenty-five dollars"
    assert said[day.start : day.end] == "the first of December"
