"""What the bank's database returns: frozen values, amounts as `Decimal`, times in UTC."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


class Refused(Exception):
    """The bank refuses a request. The text tells the customer why.

    What belongs to another customer is refused with the same words as what does not exist.
    """


@dataclass(frozen=True)
class Customer:
    """A customer who can sign in."""

    customer_id: str
    name: str


@dataclass(frozen=True)
class Address:
    """Where the bank sends letters and cards."""

    street: str
    city: str
    postcode: str


@dataclass(frozen=True)
class Account:
    """An account as its owner sees it."""

    account_id: str
    name: str
    type: str
    balance: Decimal
    currency: str
    status: str


@dataclass(frozen=True)
class Transaction:
    """An entry of an account. `amount` is below zero when money left the account.

    `category` is `income`, `transfer` or a kind of spending; `dispute_id` is set when the customer disputes the entry.
    """

    transaction_id: str
    account_id: str
    account: str
    day: date
    shop: str
    category: str
    amount: Decimal
    currency: str
    dispute_id: str | None = None


@dataclass(frozen=True)
class Payee:
    """A person or company that the customer may transfer money to. `account_ending` has four digits."""

    payee_id: str
    name: str
    bank: str
    account_ending: str


@dataclass(frozen=True)
class Transfer:
    """Money on its way to an account or a payee. `status` is `done`, `scheduled`, or `failed` on its day."""

    transfer_id: str
    from_account: str
    from_name: str
    to: str
    to_name: str
    amount: Decimal
    currency: str
    day: date
    status: str


@dataclass(frozen=True)
class Card:
    """A payment card. `status` is `active`, `frozen`, `ordered` or `cancelled`; `arrives` belongs to `ordered`."""

    card_id: str
    account_id: str
    account: str
    kind: str
    ending: str
    expires: str
    status: str
    replaces: str | None = None
    arrives: date | None = None

    @property
    def name(self) -> str:
        """How the bank names the card: debit card ending in 4417."""
        return f"{self.kind} card ending in {self.ending}"


@dataclass(frozen=True)
class Branch:
    """A branch of the bank."""

    branch_id: str
    name: str
    street: str
    city: str
    postcode: str
    phone: str
    hours: str
    cash_machine: str


@dataclass(frozen=True)
class Appointment:
    """An appointment at a branch. `starts` is the branch's local time."""

    appointment_id: str
    topic: str
    branch: Branch
    starts: datetime


@dataclass(frozen=True)
class Ticket:
    """A ticket of a customer."""

    ticket_id: str
    subject: str
    status: str
    created_at: datetime
    details: str = ""
