"""The demo customers' cards, payees, branches and transactions. Days count back from the day of creation."""

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta

LOGINS = (("dana", "demo-customer"), ("omar", "other-customer"))
STAFF = (("maria", "Maria Rossi"), ("ken", "Ken Sato"))
PASSWORD = "demo"  # noqa: S105 - published on the sign-in page

DAYS = 92
"""How far back the transactions go: three months."""

_ADDRESSES = (
    ("demo-customer", "12 Maple Street", "Springfield", "62701"),
    ("other-customer", "48 Harbor Road", "Riverton", "62561"),
)
_PAYEES = (
    ("payee-1", "demo-customer", "Omar Other", "Demo Bank", "0901", "acc-901"),
    ("payee-2", "demo-customer", "City Power and Light", "First Union Bank", "3377", None),
    ("payee-3", "demo-customer", "Maple Street Apartments", "Homestead Bank", "8150", None),
    ("payee-4", "other-customer", "Dana Demo", "Demo Bank", "0789", "acc-789"),
    ("payee-5", "other-customer", "Riverton Tennis Club", "Homestead Bank", "2204", None),
)
_CARDS = (
    ("card-4417", "acc-789", "debit", "4417", "09/29"),
    ("card-8802", "acc-789", "credit", "8802", "03/28"),
    ("card-5120", "acc-901", "debit", "5120", "11/28"),
    ("card-6633", "acc-901", "credit", "6633", "06/29"),
)
_HOURS = "Monday to Friday, 9 am to 5 pm"
_BRANCHES = (
    ("branch-1", "Main Street", "100 Main Street", "Springfield", "62701", "217-555-0110", _HOURS, "24 hours a day"),
    (
        "branch-2",
        "Station Square",
        "7 Station Square",
        "Springfield",
        "62703",
        "217-555-0127",
        _HOURS,
        "24 hours a day",
    ),
    ("branch-3", "Riverside", "31 Quay Lane", "Riverton", "62561", "217-555-0139", _HOURS, "during opening hours"),
)
_MONTHLY = (
    (1, "acc-789", "Maple Street Apartments", "housing", -98000),
    (3, "acc-789", "City Power and Light", "utilities", -6412),
    (6, "acc-789", "Netflix", "subscriptions", -1549),
    (11, "acc-789", "Metro Mobile", "utilities", -3500),
    (15, "acc-789", "Northwind Studios payroll", "income", 268000),
    (20, "acc-789", "Spotify", "subscriptions", -1199),
    (28, "acc-790", "Interest", "income", 1366),
    (15, "acc-901", "Riverton School payroll", "income", 231000),
)
"""Day of the month, account, shop, category and cents."""
_PURCHASES = (
    (0, "Starbucks", "coffee", -585),
    (1, "Fresh Fields Market", "groceries", -6240),
    (2, "Shell", "fuel", -4115),
    (4, "Amazon", "shopping", -3499),
    (5, "Luigi's Pizzeria", "restaurants", -2780),
    (8, "Fresh Fields Market", "groceries", -5405),
    (9, "Metro Transit", "transport", -2500),
    (10, "Starbucks", "coffee", -625),
    (13, "Corner Pharmacy", "health", -1875),
    (16, "Walmart", "groceries", -8830),
    (18, "Uber", "transport", -1840),
    (19, "Amazon", "shopping", -1299),
    (22, "Fresh Fields Market", "groceries", -7115),
    (24, "Starbucks", "coffee", -495),
    (27, "Lotus Garden", "restaurants", -4260),
    (30, "Shell", "fuel", -3890),
    (33, "Target", "shopping", -5672),
    (36, "Fresh Fields Market", "groceries", -6685),
    (39, "Metro Transit", "transport", -2500),
    (41, "Amazon", "shopping", -8999),
    (45, "Starbucks", "coffee", -585),
    (48, "Walmart", "groceries", -7345),
    (52, "Luigi's Pizzeria", "restaurants", -3120),
    (55, "Uber", "transport", -2210),
    (59, "Fresh Fields Market", "groceries", -5930),
    (62, "Shell", "fuel", -4270),
    (66, "Corner Pharmacy", "health", -940),
    (71, "Amazon", "shopping", -2150),
    (77, "Walmart", "groceries", -9120),
    (84, "Lotus Garden", "restaurants", -3875),
)
"""Dana's purchases from acc-789: days ago, shop, category and cents."""
_OMARS_PURCHASES = (
    (1, "Riverton Bakery", "groceries", -1130),
    (3, "Shell", "fuel", -3645),
    (7, "Walmart", "groceries", -6420),
    (20, "Amazon", "shopping", -4599),
)


def insert_demo_data(db: sqlite3.Connection, today: date) -> None:
    """Insert the demo data into empty tables; `today` is the day that the days count back from."""
    db.executemany("INSERT INTO addresses VALUES (?, ?, ?, ?)", _ADDRESSES)
    db.executemany("INSERT INTO payees VALUES (?, ?, ?, ?, ?, ?)", _PAYEES)
    db.executemany(
        "INSERT INTO cards (id, account_id, kind, ending, expires, status) VALUES (?, ?, ?, ?, ?, 'active')", _CARDS
    )
    db.executemany("INSERT INTO branches VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _BRANCHES)
    db.executemany(
        "INSERT INTO transactions (day, account_id, shop, category, cents) VALUES (?, ?, ?, ?, ?)",
        sorted(_transactions(today)),
    )


def _transactions(today: date) -> Iterator[tuple[str, str, str, str, int]]:
    for days_ago in range(DAYS):
        day = today - timedelta(days_ago)
        for day_of_month, account, *entry in _MONTHLY:
            if day.day == day_of_month:
                yield (day.isoformat(), account, *entry)  # type: ignore[misc]
    for account, purchases in (("acc-789", _PURCHASES), ("acc-901", _OMARS_PURCHASES)):
        for days_ago, shop, category, cents in purchases:
            yield ((today - timedelta(days_ago)).isoformat(), account, shop, category, cents)
