"""Tools for payment cards: list, freeze, unfreeze and replace them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from banker import Caller, Choices
from examples.bank.records import Card
from examples.bank.tools.access import BankAccess, refusals, spoken_day

_STATES = {"frozen": "is frozen", "active": "is active", "cancelled": "is cancelled", "ordered": "is on its way"}
_REASONS = {
    "lost": ["lost", "missing", "gone"],
    "stolen": ["stolen", "stole", "robbed", "taken", "theft"],
    "damaged": ["damaged", "broken", "cracked", "bent", "snapped", "worn out", "scratched", "chewed"],
}
"""What may have happened to a card, and how customers say it."""


def add_card_tools(banker: Any, access: BankAccess) -> None:
    """Register the tools with a `Banker` or a `Toolbox`."""
    bank = access.bank

    @banker.tool(says="{message}")
    def list_cards(caller: Caller) -> dict[str, Any]:
        """The caller's cards and whether they are frozen.

        Returns `cards` (card_id, name, kind, ending, account, expires, status, arrives or null) and `message`. The
        status is "active", "frozen", "ordered" or "cancelled".
        """
        cards = bank.cards(access.customer(caller))
        return {"cards": [_shown(card) for card in cards], "message": _list_message(cards)}

    @banker.tool(
        confirm=True,
        summary="freeze your {card}",
        page="/cards",
        ask={"card": "Which card should I freeze?"},
        says="Done. Your {name} is frozen. Nobody can pay with it until you unfreeze it.",
    )
    def freeze_card(caller: Caller, card: Annotated[str, Choices(access.cards_of)]) -> dict[str, Any]:
        """Freeze a card, so that nobody can pay with it. It can be unfrozen at any time.

        Returns card_id, name, kind, ending, account, expires, status and arrives, which is null.

        Args:
            card: The card's id from an earlier result, such as card-4417.
        """
        with refusals():
            return _shown(bank.set_frozen(access.customer(caller), card, True, caller.call_id or None))

    @banker.tool(
        confirm=True,
        summary="unfreeze your {card}",
        page="/cards",
        ask={"card": "Which card should I unfreeze?"},
        says="Done. Your {name} works again.",
    )
    def unfreeze_card(caller: Caller, card: Annotated[str, Choices(access.cards_of)]) -> dict[str, Any]:
        """Unfreeze a card, so that it can be used again.

        Returns card_id, name, kind, ending, account, expires, status and arrives, which is null.

        Args:
            card: The card's id from an earlier result, such as card-4417.
        """
        with refusals():
            return _shown(bank.set_frozen(access.customer(caller), card, False, caller.call_id or None))

    @banker.tool(
        confirm=True,
        summary=replacement_summary,
        title="Order new card",
        page="/cards",
        ask={"card": "Which card should I replace?", "reason": "Is the card lost, stolen or damaged?"},
        says="{message}",
    )
    def replace_card(
        caller: Caller,
        card: Annotated[str, Choices(access.cards_of)],
        reason: Annotated[str, Choices(lambda caller: _REASONS)],
    ) -> dict[str, Any]:
        """Order a new card. A card that is lost or stolen is cancelled at once and can't be used again.

        Returns the new card: card_id, name, kind, ending, account, expires, status, arrives, and `message`.

        Args:
            card: The id of the card to replace, such as card-4417.
            reason: What happened to the card: lost, stolen or damaged.
        """
        customer = access.customer(caller)
        with refusals():
            new = bank.replace_card(customer, card, reason, caller.call_id or None)
        address = bank.address(customer)
        to = f" to {address.street}, {address.city}" if address else ""
        arrives = f" by {spoken_day(new.arrives)}" if new.arrives else ""
        cancelled = "" if reason == "damaged" else "I've cancelled your old card. "
        message = f"{cancelled}Your new {new.name} comes{to}{arrives}."
        return _shown(new) | {"message": message}


def replacement_summary(values: Mapping[str, Any]) -> str:
    """Return what happens to the old card, and that a new one is ordered."""
    if values["reason"] == "damaged":
        return f"order a new card for your {values['card']}, which is damaged"
    return f"cancel your {values['card']}, which is {values['reason']}, and order a new one"


def _shown(card: Card) -> dict[str, Any]:
    return {
        "card_id": card.card_id,
        "name": card.name,
        "kind": card.kind,
        "ending": card.ending,
        "account": card.account,
        "expires": card.expires,
        "status": card.status,
        "arrives": card.arrives,
    }


def _list_message(cards: Sequence[Card]) -> str:
    if not cards:
        return "You have no cards with us."
    return " ".join(f"Your {card.name} {_STATES[card.status]} and expires in {card.expires}." for card in cards)
