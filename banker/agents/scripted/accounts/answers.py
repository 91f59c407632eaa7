"""How accounts stand: which one is meant, and what is said of it."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from typing import Any

from banker.agents.scripted.accounts.account_data import Account, read_accounts
from banker.agents.scripted.accounts.references import Reference, names, reference
from banker.agents.scripted.formats import listed, money, written_day
from banker.agents.scripted.intents import ACCOUNT_TOOL
from banker.agents.scripted.turn import ScriptedTurn, reason_of
from banker.tools.base import ToolResult

_AT_ONCE = 3
"""Accounts that one reply lists. If there are more, the user is asked which one is meant."""


class Accounts:
    """Answers about accounts; `today` tells what is worth a date."""

    def __init__(self, today: Callable[[], date]) -> None:
        self._today = today

    def pointed_at(self, turn: ScriptedTurn) -> Reference | None:
        """The account that this turn's words point at."""
        return reference(turn.said, turn.notes.accounts, turn.context.caller.portal_context.get("account_id", ""))

    async def tell(self, turn: ScriptedTurn, wanted: Reference | None) -> AsyncIterator[str]:
        """Tell how the account that is `wanted` stands, or the one on the user's screen."""
        turn.notes.topic = "account"
        spec = turn.spec(ACCOUNT_TOOL)
        if spec is None:
            yield turn.text("account_denied")
            return
        number = self._number(turn, wanted)
        if number is None and "account_id" in spec.parameters.get("required", ()):
            turn.ask("which_account")
            yield turn.text("which_account_number")
            return
        # Without a number a tool may take the account on the screen; an empty one asks for all.
        everything = {"account_id": ""} if wanted and turn.context.caller.portal_context.get("account_id") else {}
        outcome = await turn.use(ACCOUNT_TOOL, everything if number is None else {"account_id": number})
        if outcome.status != "ok":
            for sentence in _excuse(turn, outcome):
                yield sentence
            return
        found = read_accounts(outcome.value)
        _remember(turn, found, whole=number is None)
        for sentence in self._answer(turn, found, wanted if number is None else None):
            yield sentence
        turn.keep()

    def describe(self, turn: ScriptedTurn, value: Any) -> list[str]:
        """Sentences about all accounts in a tool's result."""
        found = read_accounts(value)
        _remember(turn, found, whole=False)
        return self._answer(turn, found, Reference("all"))

    def _number(self, turn: ScriptedTurn, wanted: Reference | None) -> str | None:
        """The number to look up, or nothing where all accounts have to be seen."""
        known = turn.notes.accounts
        if wanted is None:
            return turn.context.caller.portal_context.get("account_id") or None
        if wanted.kind == "number":
            return wanted.value
        if wanted.kind == "name":
            named = [number for number, name in known if names(wanted.value, name)]
            return named[0] if len(named) == 1 and named[0] else None
        if wanted.kind == "other" and len(known) == 2 and turn.notes.account:
            return next((number for number, _ in known if number and number != turn.notes.account), None)
        return None

    def _answer(self, turn: ScriptedTurn, found: Sequence[Account], wanted: Reference | None) -> list[str]:
        """Sentences about the accounts that a look-up without a number, or with one, brought."""
        if not found:
            return [turn.text("no_accounts")]
        chosen = list(found)
        if wanted is not None and wanted.kind == "name":
            chosen = [account for account in found if names(wanted.value, account.words)]
            if not chosen:
                return [turn.text("no_such_account", accounts=listed([f"your {_called(a, found)}" for a in found]))]
        elif wanted is not None and wanted.kind == "other":
            told = turn.notes.account or turn.context.caller.portal_context.get("account_id", "")
            chosen = [account for account in found if account.number != told]
            if not chosen or (len(found) == 1 and not told):
                return [turn.text("no_other_account")]
        if len(chosen) > _AT_ONCE and (wanted is None or wanted.kind != "all"):
            turn.ask("which_account")
            return [turn.text("which_account", accounts=listed([_called(a, found) for a in chosen], "or"))]
        turn.notes.account = chosen[-1].number
        return [sentence for account in chosen for sentence in self._sentences(turn, account, found)]

    def _sentences(self, turn: ScriptedTurn, account: Account, among: Sequence[Account]) -> list[str]:
        called = _called(account, among)
        if account.balance is None:
            sentences = [turn.text("no_balance", account=called)]
        else:
            kind = "overdrawn" if account.balance < 0 else "balance"
            sentences = [turn.text(kind, account=called, balance=money(account.balance, account.currency))]
            if account.available is not None and account.available != account.balance:
                more = account.available > account.balance
                usable = money(account.available, account.currency)
                sentences.append(turn.text("available_more" if more else "available", available=usable))
        if account.as_of is not None and account.as_of != self._today():
            sentences.append(turn.text("balance_date", date=written_day(account.as_of)))
        if account.status:
            sentences.append(turn.text("status", status=account.status.lower().replace("_", " ")))
        return sentences


def _remember(turn: ScriptedTurn, found: Sequence[Account], whole: bool) -> None:
    """Keep numbers and names: all anew when everything was looked up, else what is new."""
    kept = {} if whole else dict(turn.notes.accounts)
    kept |= {account.number: account.words for account in found if account.number}
    turn.notes.accounts = [[number, name] for number, name in kept.items()]
    turn.keep()


def _called(account: Account, among: Sequence[Account]) -> str:
    """What an account is called: its name, with its number where another has the same name."""
    name = account.name
    if not name:
        return f"account {account.number}".strip()
    if len(name.split()) > 3:
        name = f"account “{name}”"
    elif "account" not in name.lower() and "card" not in name.lower():
        name = f"{name} account"
    name = name[0].lower() + name[1:] if len(account.name.split()) == 1 and name[1:2].islower() else name
    alike = [other for other in among if other.name == account.name]
    return f"{name} {account.number}".strip() if len(alike) > 1 else name


def _excuse(turn: ScriptedTurn, outcome: ToolResult) -> list[str]:
    texts = {"denied": "account_denied", "declined": "tool_declined", "timeout": "account_timeout"}
    if outcome.status in ("asked", "dropped"):
        return []
    if outcome.status == "invalid":
        turn.ask("which_account")
        return [turn.text("account_invalid")]
    if outcome.status == "failed" and (reason := reason_of(outcome)):
        return [reason]
    return [turn.text(texts.get(outcome.status, "account_failed"))]
