"""Tools that look at accounts: balance, transactions, spending, and the dispute of a charge."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from marshmallow.validate import Length

from banker import Caller, Choices, ToolError
from examples.bank.records import Account, Transaction
from examples.bank.tools.access import ALL_ACCOUNTS, BankAccess, plain, refusals, spoken_day, usd

NEWEST, LARGEST = "newest", "largest"
ORDERS = {NEWEST: ["newest first"], LARGEST: ["largest", "biggest", "highest", "most expensive"]}
MAX_LISTED = 20
"""Transactions in one answer: more cannot be followed by ear."""
TOP_SHOPS = 5
"""Shops in an answer about spending."""


def add_account_tools(banker: Any, access: BankAccess) -> None:
    """Register the tools with a `Banker` or a `Toolbox`."""
    bank = access.bank

    @banker.tool(ask={"account_id": "Which account is it?"})
    def get_account_status(
        caller: Caller, account_id: Annotated[str | None, Choices(access.accounts_or_all_of)] = None
    ) -> dict[str, Any]:
        """Balance and status of one of the caller's accounts, or of all, as of now.

        Without an account id it is the account that the portal shows; if it shows none, all accounts are listed.
        Returns account_id, name, type, balance, currency, status and as_of, or a list `accounts` of these and as_of.

        Args:
            account_id: The account's id from an earlier result, such as acc-789, or "all". Leave it out if unknown.
        """
        customer = access.customer(caller)
        as_of = bank.now()
        wanted = account_id if account_id is not None else caller.portal_context.get("account_id")
        if not wanted or wanted == ALL_ACCOUNTS:
            return {"accounts": [_status(account) for account in bank.accounts(customer)], "as_of": as_of}
        account = bank.account(customer, wanted)
        if account is None:
            raise ToolError("I can't find that account.")
        return _status(account) | {"as_of": as_of}

    @banker.tool(says="{message}")
    def list_transactions(
        caller: Caller,
        account_id: Annotated[str | None, Choices(access.accounts_of)] = None,
        since: date | None = None,
        until: date | None = None,
        shop: Annotated[str | None, Choices(access.shops_and_income_of)] = None,
        limit: int = 5,
        order: Annotated[str, Choices(lambda caller: ORDERS)] = NEWEST,
    ) -> dict[str, Any]:
        """The caller's transactions of the last three months, newest or largest first.

        Returns `transactions`, `found` (how many there are in all) and `message`. A transaction has transaction_id,
        date, shop, category, amount, currency, direction ("out" or "in"), account_id, account, and dispute_id or null.

        Args:
            account_id: The account. Without one, all accounts.
            since: The first day.
            until: The last day.
            shop: A shop, a kind of spending such as groceries, or income.
            limit: How many transactions to list, 20 at most.
            order: "newest" or "largest" first; the largest are payments, unless `shop` is income.
        """
        found = bank.transactions(access.customer(caller), account_id, since, until, shop)
        if order == LARGEST:
            found = sorted(found, key=lambda one: abs(one.amount) if shop == "income" else -one.amount, reverse=True)
        listed = found[: min(max(limit, 1), MAX_LISTED)]
        return {
            "transactions": [_shown(one) for one in listed],
            "found": len(found),
            "message": _list_message(listed, len(found), "largest" if order == LARGEST else "latest"),
        }

    @banker.tool(says="{message}")
    def get_spending(
        caller: Caller,
        shop: Annotated[str | None, Choices(access.shops_of)] = None,
        month: Annotated[str | None, Choices(access.months_of)] = None,
        since: date | None = None,
        until: date | None = None,
    ) -> dict[str, Any]:
        """How much the caller spent in a month or between two days, in all or at one shop. Transfers are not counted.

        Returns total, currency, shop (or null), month, month_name, payments (their number), `shops` (the five with the
        most spending: shop, total) and `message`.

        Args:
            shop: A shop or a kind of spending, such as groceries. Without one, everything.
            month: The month, such as 2026-11. Without one, the current month.
            since: The first day, instead of a month.
            until: The last day.
        """
        first = date.fromisoformat(f"{month}-01") if month else since or bank.today().replace(day=1)
        last = first.replace(day=monthrange(first.year, first.month)[1])
        is_month = bool(month) or since is None
        if not is_month:
            last = min(until or bank.today(), bank.today())
        days = spoken_day(first) if first == last else f"{spoken_day(first)} to {spoken_day(last)}"
        period = f"in {first:%B %Y}" if is_month else f"on {days}" if first == last else f"from {days}"
        spent = bank.spending(access.customer(caller), first, last, shop)
        total = -sum((one.amount for one in spent), Decimal("0.00"))
        by_shop: dict[str, Decimal] = {}
        for one in spent:
            by_shop[one.shop] = by_shop.get(one.shop, Decimal()) - one.amount
        top = sorted(by_shop.items(), key=lambda item: item[1], reverse=True)[:TOP_SHOPS]
        where = "" if shop is None else f" on {shop}" if shop.islower() else f" at {shop}"
        times = "" if not spent else f", in {len(spent)} payment{'s' if len(spent) > 1 else ''}"
        return {
            "total": plain(total),
            "currency": "USD",
            "shop": shop,
            "month": f"{first:%Y-%m}",
            "month_name": f"{first:%B %Y}",
            "payments": len(spent),
            "shops": [{"shop": name, "total": plain(amount)} for name, amount in top],
            "message": f"You spent {usd(total)}{where} {period}{times}.",
        }

    @banker.tool(
        confirm=True,
        summary="dispute the charge “{transaction}” for the reason “{reason}”",
        title="Dispute charge",
        labels={"transaction": "Charge"},
        page="/transactions",
        ask={"transaction": "Which charge is it?", "reason": "What is wrong with the charge?"},
        says="{message}",
    )
    def dispute_charge(
        caller: Caller,
        transaction: Annotated[str, Choices(access.charges_of)],
        reason: Annotated[str, Length(1, 500)],
    ) -> dict[str, Any]:
        """Dispute a payment that the caller did not make or that is wrong. The bank's staff look into it.

        Returns dispute_id, transaction_id, shop, amount, currency, date, status and `message`.

        Args:
            transaction: The transaction's id from an earlier result, such as tx-7040.
            reason: What is wrong with the charge, in the customer's words.
        """
        with refusals():
            one = bank.dispute(access.customer(caller), transaction, reason.strip(), caller.call_id or None)
        return {
            "dispute_id": one.dispute_id,
            "transaction_id": one.transaction_id,
            "shop": one.shop,
            "amount": plain(-one.amount),
            "currency": one.currency,
            "date": one.day,
            "status": "open",
            "message": f"I've opened a dispute about {usd(-one.amount)} at {one.shop}. Its number is {one.dispute_id}.",
        }


def _status(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "name": account.name,
        "type": account.type,
        "balance": account.balance,
        "currency": account.currency,
        "status": account.status,
    }


def _shown(one: Transaction) -> dict[str, Any]:
    return {
        "transaction_id": one.transaction_id,
        "date": one.day,
        "shop": one.shop,
        "category": one.category,
        "amount": plain(abs(one.amount)),
        "currency": one.currency,
        "direction": "out" if one.amount < 0 else "in",
        "account_id": one.account_id,
        "account": one.account,
        "dispute_id": one.dispute_id,
    }


def _list_message(listed: Sequence[Transaction], found: int, first: str) -> str:
    if not listed:
        return "I found no such transactions in the last three months."
    head = "Here is one transaction" if len(listed) == 1 else f"Here are {len(listed)} transactions"
    if found > len(listed):
        head = (
            f"Here are the {first} {len(listed)} of {found} transactions" if len(listed) > 1 else f"Here is the {first}"
        )
    return f"{head}. " + " ".join(_sentence(one) for one in listed)


def _sentence(one: Transaction) -> str:
    if one.category == "transfer":
        where = f"to {one.shop}" if one.amount < 0 else f"from {one.shop}"
    else:
        where = f"at {one.shop}" if one.amount < 0 else f"from {one.shop}"
    return f"{spoken_day(one.day)}: {usd(abs(one.amount))} {where}."
