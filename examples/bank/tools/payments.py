"""Tools that send money: payees and transfers; and what foreign currencies cost."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from marshmallow import ValidationError
from marshmallow.validate import Range, Validator

from banker import Caller, Choices, ToolError
from examples.bank.payments import MAX_TRANSFER
from examples.bank.records import Payee, Transfer
from examples.bank.tools.access import BankAccess, Names, plain, refusals, spoken_day, usd

CHECKING = "checking"
"""Stands for the customer's checking account where no account is named."""
CODE_LIMIT = Decimal(1000)
"""A transfer above it needs a code by text message."""
RATES = {
    "AUD": (["Australian dollars", "Australian dollar", "AUD"], Decimal("1.5230")),
    "CAD": (["Canadian dollars", "Canadian dollar", "CAD"], Decimal("1.3890")),
    "CHF": (["Swiss francs", "Swiss franc", "francs", "CHF"], Decimal("0.8035")),
    "EUR": (["euros", "euro", "EUR"], Decimal("0.8620")),
    "GBP": (["British pounds", "pounds", "pound", "sterling", "GBP"], Decimal("0.7560")),
    "JPY": (["Japanese yen", "yen", "JPY"], Decimal("154.20")),
    "MXN": (["Mexican pesos", "Mexican peso", "pesos", "peso", "MXN"], Decimal("18.3500")),
}
"""Names of a currency, and how much of it one US dollar buys in this demonstration."""


def add_payment_tools(banker: Any, access: BankAccess) -> None:
    """Register the tools with a `Banker` or a `Toolbox`."""
    bank = access.bank

    @banker.tool(says="{message}")
    def list_payees(caller: Caller) -> dict[str, Any]:
        """The people and companies that the caller can transfer money to.

        Returns `payees` (payee_id, name, bank, account_ending) and `message`.
        """
        payees = bank.payees(access.customer(caller))
        return {"payees": [_payee(payee) for payee in payees], "message": _payees_message(payees)}

    def transferred(caller: Caller) -> dict[str, Any] | None:
        transfer = bank.transfer_of_call(access.customer(caller), caller.call_id)
        return None if transfer is None else _transfer(transfer)

    @banker.tool(
        confirm=True,
        summary=transfer_summary,
        labels={"from_account": "From", "to_account": "To", "amount": "Amount in USD", "when": "Date"},
        page="/transfers",
        lookup=transferred,
        step_up=above_code_limit,
        ask={
            "from_account": "Which account should the money come from?",
            "to_account": "Which account or payee should it go to?",
            "amount": "How much should I transfer?",
            "when": "On which day should I transfer it?",
        },
        says="{message}",
    )
    def transfer_money(
        caller: Caller,
        to_account: Annotated[str, Choices(access.recipients_of)],
        amount: Annotated[Decimal, Range(min=Decimal("0.01"), max=MAX_TRANSFER)],
        from_account: Annotated[str, Choices(access.accounts_of)] = CHECKING,
        when: Annotated[date | None, NotOver(bank.today)] = None,
    ) -> dict[str, Any]:
        """Transfer money between the caller's own accounts or to a payee, now or on a later day.

        Returns transfer_id, from_account, from_name, to_account, to_name, amount, currency, date, status ("done" or
        "scheduled") and `message`.

        Args:
            to_account: The account or payee that gets the money.
            amount: The amount in US dollars, 10,000 at most.
            from_account: The account that the money comes from. Without one, the checking account.
            when: The day of the transfer. Without one, now.
        """
        customer = access.customer(caller)
        if from_account == CHECKING:
            from_account = _checking_account(access, customer)
        with refusals():
            return _transfer(bank.transfer(customer, from_account, to_account, amount, when, caller.call_id or None))

    @banker.tool(ask={"currency": "Which currency?"}, says="{message}")
    def exchange_rate(
        caller: Caller, currency: Annotated[str, Choices(currencies)], amount: Decimal | None = None
    ) -> dict[str, Any]:
        """What a foreign currency costs today.

        Returns currency, name, rate (how much of it one US dollar buys), base ("USD"), as_of and `message`.

        Args:
            currency: The currency's code, such as EUR.
            amount: An amount to exchange, from dollars and into dollars.
        """
        names, rate = RATES[currency]
        there, back = (amount or 0) * rate, ((amount or 0) / rate).quantize(Decimal("0.01"))
        both = f" {usd(amount)} is {there:,.2f} {names[0]}; {amount:,f} {names[0]} are {usd(back)}." if amount else ""
        return {
            "currency": currency,
            "name": names[0],
            "rate": str(rate),
            "base": "USD",
            "as_of": bank.today(),
            "message": f"Today one US dollar buys {rate:.2f} {names[0]}.{both}",
        }


class NotOver(Validator):
    """Refuses a day that is over, before the customer is asked to confirm it."""

    def __init__(self, today: Callable[[], date]) -> None:
        self._today = today

    def __call__(self, value: date | None) -> date | None:
        """Raise `ValidationError` with the reason."""
        if value is not None and value < self._today():
            raise ValidationError("That day is over.")
        return value


def currencies(caller: Caller) -> Names:
    """The currencies that the bank exchanges."""
    return {code: names for code, (names, _) in RATES.items()}


def transfer_summary(values: Mapping[str, Any]) -> str:
    """Return: transfer $50.00 from Everyday Checking to Rainy Day Savings on Friday, December 4."""
    source = values.get("from_account") or "your checking account"
    when: date | None = values.get("when")
    day = f" on {when:%A}, {spoken_day(when)}, {when.year}" if when else ""
    return f"transfer {usd(values['amount'])} from {source} to {values['to_account']}{day}"


def above_code_limit(values: Mapping[str, Any], caller: Caller) -> bool:
    """Whether the bank sends a code that the customer has to enter before the transfer is made."""
    return bool(values["amount"] > CODE_LIMIT)


def _checking_account(access: BankAccess, customer: str) -> str:
    own = [account.account_id for account in access.bank.accounts(customer) if account.type == "checking"]
    if not own:
        raise ToolError("I can't find the account that the money should come from.")
    return own[0]


def _transfer(made: Transfer) -> dict[str, Any]:
    amount = usd(made.amount)
    if made.status == "scheduled":
        message = f"Okay, {amount} will go from {made.from_name} to {made.to_name} on {spoken_day(made.day)}."
    else:
        message = f"Done. I've transferred {amount} from {made.from_name} to {made.to_name}."
    return {
        "transfer_id": made.transfer_id,
        "from_account": made.from_account,
        "from_name": made.from_name,
        "to_account": made.to,
        "to_name": made.to_name,
        "amount": plain(made.amount),
        "currency": made.currency,
        "date": made.day,
        "status": made.status,
        "message": f"{message} The transfer has the number {made.transfer_id}.",
    }


def _payee(payee: Payee) -> dict[str, Any]:
    return {
        "payee_id": payee.payee_id,
        "name": payee.name,
        "bank": payee.bank,
        "account_ending": payee.account_ending,
    }


def _payees_message(payees: list[Payee]) -> str:
    if not payees:
        return "You have no payees yet."
    names = [payee.name for payee in payees]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"You can send money to {listed}."
