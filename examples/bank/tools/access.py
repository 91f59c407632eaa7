"""What the tools share: who the caller is, what the caller may choose from, and the forms of amounts and dates."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from banker import Caller, ToolError
from examples.bank.accounts import NOT_SPENDING
from examples.bank.database import Bank
from examples.bank.records import Refused

Names = dict[str, list[str]]
"""What a customer may choose: value, and the names for it. The first name is the one that is shown."""

ALL_ACCOUNTS = "all"
"""Stands for all accounts of the customer."""
_ALL_NAMES = ["all accounts", "all my accounts", "every account", "both accounts", "all of them", "everything", "both"]
MAX_CHARGES = 40
"""Charges that a customer may choose from."""
MONTHS = 4
"""The current month and those of the last quarter."""
RELATIVE_MONTHS = {0: ["this month"], 1: ["last month"], 2: ["the month before last", "the month before"]}
"""What customers call a month, by how many months ago it was."""
_BILLS = {
    "housing": ["rent", "landlord", "apartment"],
    "utilities": ["electricity", "electric", "power", "utility", "utilities"],
}
"""What customers call a payee, by what they pay there."""
_SOLD = {
    "coffee": ["coffee", "cafe"],
    "fuel": ["gas", "petrol", "fuel"],
    "groceries": ["supermarket", "grocery", "groceries"],
    "health": ["pharmacy", "drugstore"],
    "housing": ["rent"],
    "restaurants": ["restaurant"],
    "utilities": ["electricity", "utilities"],
}
"""What customers call a shop, by what it sells."""
_CATEGORIES = {
    "coffee": ["coffee", "coffee shops"],
    "fuel": ["fuel", "gas", "petrol"],
    "groceries": ["groceries", "food shopping", "supermarkets"],
    "health": ["health", "pharmacies"],
    "housing": ["housing", "rent"],
    "restaurants": ["restaurants", "eating out", "dining"],
    "shopping": ["shopping", "online shopping"],
    "subscriptions": ["subscriptions", "streaming"],
    "transport": ["transport", "transportation", "travel"],
    "utilities": ["utilities", "utility bills"],
}


@dataclass(frozen=True)
class BankAccess:
    """The bank on behalf of callers. With a `tenant_id`, callers of other tenants are nobody's customers."""

    bank: Bank
    tenant_id: str | None = None

    def customer(self, caller: Caller) -> str:
        """Return the caller's customer id, or "" for a caller of another tenant."""
        is_foreign = self.tenant_id is not None and caller.tenant_id != self.tenant_id
        return "" if is_foreign else caller.user_id

    def accounts_of(self, caller: Caller) -> Names:
        """The caller's accounts by name and type."""
        accounts = self.bank.accounts(self.customer(caller))
        also = {"checking": ["current account"]}
        return {
            one.account_id: [one.name, f"{one.type} account", one.type, *also.get(one.type, []), one.account_id]
            for one in accounts
        }

    def accounts_or_all_of(self, caller: Caller) -> Names:
        """The caller's accounts, and all of them where there are several."""
        accounts = self.accounts_of(caller)
        return accounts | {ALL_ACCOUNTS: _ALL_NAMES} if len(accounts) > 1 else accounts

    def recipients_of(self, caller: Caller) -> Names:
        """The caller's accounts and payees."""
        customer = self.customer(caller)
        kinds = {one.shop: one.category for one in self.bank.transactions(customer)}
        return self.accounts_of(caller) | {
            payee.payee_id: [payee.name, _short(payee.name), *_BILLS.get(kinds.get(payee.name, ""), [])]
            for payee in self.bank.payees(customer)
        }

    def cards_of(self, caller: Caller) -> Names:
        """The caller's cards that can be used or frozen."""
        cards = [card for card in self.bank.cards(self.customer(caller)) if card.status in ("active", "frozen")]
        return {
            card.card_id: [
                card.name,
                f"{card.kind} card",
                card.kind,
                f"card ending in {card.ending}",
                card.ending,
                "visa",
            ]
            for card in cards
        }

    def charges_of(self, caller: Caller) -> Names:
        """The caller's payments that can be disputed, newest first."""
        found = [
            one
            for one in self.bank.transactions(self.customer(caller))
            if one.amount < 0 and one.category not in NOT_SPENDING and one.dispute_id is None
        ]
        return {
            one.transaction_id: [
                f"{one.shop}, {usd(-one.amount)} on {spoken_day(one.day)}",
                one.shop,
                usd(-one.amount),
                f"{usd(-one.amount)} at {one.shop}",
                *_SOLD.get(one.category, []),
            ]
            for one in found[:MAX_CHARGES]
        }

    def shops_of(self, caller: Caller) -> Names:
        """The shops that the caller paid, and the kinds of spending."""
        found = self.bank.transactions(self.customer(caller))
        shops = {one.shop: [one.shop] for one in found if one.category not in NOT_SPENDING}
        return shops | {name: names for name, names in _CATEGORIES.items() if name in {one.category for one in found}}

    def shops_and_income_of(self, caller: Caller) -> Names:
        """The same, and the caller's income."""
        return self.shops_of(caller) | {"income": ["income", "salary", "payroll", "wages", "paycheck"]}

    def months_of(self, caller: Caller) -> Names:
        """The current month and those before it."""
        names: Names = {}
        first = self.bank.today().replace(day=1)
        for number in range(MONTHS):
            names[f"{first:%Y-%m}"] = [f"{first:%B %Y}", f"{first:%B}", *RELATIVE_MONTHS.get(number, [])]
            first = (first - timedelta(1)).replace(day=1)
        return names

    def branches_of(self, caller: Caller) -> Names:
        """All branches, by name, street and city."""
        branches = self.bank.branches()
        return {one.branch_id: [f"the {one.name} branch", one.name, one.street, one.city] for one in branches}

    def cities_of(self, caller: Caller) -> Names:
        """The cities with a branch, also by the branch's name."""
        names: Names = {}
        for one in self.bank.branches():
            names.setdefault(one.city, [one.city]).append(one.name)
        return names


def _short(name: str) -> str:
    """Return the first name of a person, and the first two words of a longer name: City Power."""
    words = name.split()
    return " ".join(words[: max(1, min(2, len(words) - 1))])


@contextmanager
def refusals() -> Iterator[None]:
    """Say why the bank refuses something."""
    try:
        yield
    except Refused as refused:
        raise ToolError(str(refused)) from None


def plain(amount: Decimal) -> str:
    """Format an amount for a program: 1234.50."""
    return f"{amount:.2f}"


def usd(amount: Decimal) -> str:
    """Format an amount for a person: $1,234.50. Digits beyond the cents are kept."""
    cents = amount.quantize(Decimal("0.01"))
    return f"${cents if cents == amount else amount:,f}"


def spoken_day(day: date) -> str:
    """Format a day of this or the next year for a person: November 30."""
    return f"{day:%B} {day.day}"
