"""What the banker says of itself: a tenant's `[texts]` and `[[faq]]`; the defaults claim nothing of a bank."""

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import Any

from marshmallow import ValidationError
from marshmallow.validate import Length

from banker.config.dataclass_schema import key

MAX_LENGTH = 1000
"""Characters of a text: more than a minute of speech."""


def placeholders(*names: str) -> Callable[[Any], None]:
    """A check of a text, or of a list of texts, that takes the placeholders `names` and no other."""

    def check(value: str | list[str]) -> None:
        texts = [value] if isinstance(value, str) else value
        if not texts:
            raise ValidationError("must hold one text or more")
        for text in texts:
            _check_text(text, names)

    return check


def _check_text(text: str, names: tuple[str, ...]) -> None:
    if not 0 < len(text.strip()) <= MAX_LENGTH:
        raise ValidationError(f"must be a text of 1 to {MAX_LENGTH} characters")
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise ValidationError("has a brace without its partner; write {{ or }} for one that is shown") from None
    for _, name, spec, conversion in parts:
        if name is not None and (name not in names or spec or conversion):
            written = "{" + name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
            known = ", ".join("{" + known + "}" for known in names)
            raise ValidationError(
                f"has an unknown placeholder {written}; " + (f"use {known}" if known else "none fits")
            )


def says(default: str, *names: str) -> Any:
    """A text with its placeholders."""
    return key(default, check=placeholders(*names))


def says_one_of(*defaults: str, names: tuple[str, ...] = ()) -> Any:
    """Texts that take turns."""
    return key(defaults, check=placeholders(*names))


@dataclass(frozen=True)
class Faq:
    """A question that many ask: the answer to a card question that holds one of `words`.

    A word or phrase is met as a whole; with a `*` at its end it is met by every word that begins so.
    """

    words: tuple[str, ...] = key(
        check=Length(min=1, error='must hold one word or more, as ["fee*", "what does it cost"]')
    )
    answer: str = key(check=placeholders())


@dataclass(frozen=True)
class Texts:
    """Every sentence of the scripted agent. A list holds variants that take turns."""

    # What every conversation says, whatever its agent
    one_moment: str = says("One moment, please.")
    sorry: str = says("I'm sorry, something went wrong. Please say that again.")
    confirm: str = says("Shall I {summary}?", "summary")
    unsure_figure: str = says("I'd rather not give you a figure that I have not looked up.")
    untaught: str = says("I'm sorry, I can't answer questions at the moment. Please call your bank.")
    # What was not heard, and when nobody speaks
    did_not_catch: str = says("I did not catch that. Could you say it again, please?")
    please_type: str = says("I'm sorry, I still can't make it out. You can type it instead.")
    hearing_busy: str = says("I can't listen at the moment. Please type, or try again in a while.")
    still_there: str = says("Are you still there?")
    go_ahead: str = says("Good. Please go ahead.")
    idle_goodbye: str = says("I have not heard from you for a while, so I end our talk here. Goodbye.")
    # Around the business
    greeting: tuple[str, ...] = says_one_of("Hello! What can I do for you?", "Hello again! How can I help?")
    smalltalk: tuple[str, ...] = says_one_of(
        "I am your bank's virtual banker, and doing well, thank you. I can {abilities}.",
        "I am a computer, and I like a chat, but I am best at banking. What can I do for you?",
        names=("abilities",),
    )
    thanks: tuple[str, ...] = says_one_of("You're welcome.", "My pleasure.", "Glad to help.")
    goodbye: tuple[str, ...] = says_one_of("Goodbye, and have a good day.", "Goodbye. Take care.")
    cancelled: str = says("All right, we leave it at that. What else can I do for you?")
    nothing_to_cancel: str = says("All right. I am here if you need anything.")
    nothing_to_repeat: str = says("I have not said anything yet. What can I do for you?")
    yes_to_nothing: str = says("Good. What can I do for you?")
    no_to_nothing: str = says("All right. I am here if you need anything.")
    denied: str = says("All right, I won't do that. What can I do for you instead?")
    anything_else: tuple[str, ...] = says_one_of("Is there anything else?", "Can I do anything else for you?")
    # What was not understood
    not_understood: tuple[str, ...] = says_one_of(
        "I'm sorry, I did not understand that. I can {abilities}.",
        "I'm sorry, that is beyond me. I can {abilities}.",
        names=("abilities",),
    )
    offer_ticket: str = says(
        "I'm sorry, I still don't understand. Shall I open a ticket, so that a colleague helps you?"
    )
    give_up: str = says("I'm sorry, I still don't understand. Please call your bank or visit a branch for this.")
    do_you_mean: str = says("Do you mean {wish}?", "wish")
    wish_account_status: str = says("your account balance")
    wish_lost_card: str = says("that your card is lost, stolen or should be blocked")
    wish_open_ticket: str = says("to open a ticket")
    wish_card_question: str = says("a question about a card or a payment")
    wish_opening_hours: str = says("our opening hours")
    wish_human: str = says("that a colleague should call you")
    can_account_status: str = says("tell you how your account stands")
    can_ticket: str = says("open a ticket for you")
    can_lost_card: str = says("help you with a lost card")
    can_card_question: str = says("answer questions about cards and payments")
    can_opening_hours: str = says("tell you our opening hours")
    # What the bank knows
    opening_hours: str = says("I don't know our opening hours today. Please look on our website.")
    card_question: str = says("I have no ready answer to that. Your bank's card and payment service can tell you.")
    # Accounts
    balance: str = says("Your {account} has a balance of {balance}.", "account", "balance")
    overdrawn: str = says("Your {account} is overdrawn; its balance is {balance}.", "account", "balance")
    available: str = says("You can use {available} of it.", "available")
    available_more: str = says("You can use {available}.", "available")
    balance_date: str = says("That was on {date}.", "date")
    status: str = says("The account is {status}.", "status")
    no_balance: str = says("I found your {account}, but not its balance.", "account")
    which_account: str = says("Which one would you like to know about: {accounts}?", "accounts")
    which_account_number: str = says("Which account would you like to know about? Please tell me its number.")
    no_other_account: str = says("I see only that one account of yours.")
    no_such_account: str = says("I don't see such an account of yours. I see {accounts}.", "accounts")
    no_accounts: str = says("I don't see any account of yours.")
    account_denied: str = says(
        "I'm sorry, I can't look up accounts here. Please see your online banking or ask your bank."
    )
    account_invalid: str = says("I can't find that account. Please tell me its number again.")
    account_failed: str = says("I'm sorry, I could not look up that account just now. Please try again in a while.")
    account_timeout: str = says("I'm sorry, the account system gave no answer in time. Please try again in a while.")
    # Tickets
    lost_card: str = says("I'm sorry to hear that. I can open a ticket now, so that a colleague blocks the card.")
    lost_card_subject: str = says("Block a lost or stolen card")
    offer_lost_card: str = says("Shall I open it?")
    lost_card_without_ticket: str = says(
        "I'm sorry to hear that. I can't block a card from here. Please call your bank's emergency number at once."
    )
    call_back: str = says("I can have a colleague call you back.")
    call_back_subject: str = says("Please call the customer back")
    offer_call_back: str = says("Shall I open a ticket for that?")
    human_without_ticket: str = says("I can't put you through from here. Please call your bank or visit a branch.")
    ask_subject: str = says("Gladly. What is the ticket about?")
    ask_details: str = says("Is there anything that a colleague should know about it? Otherwise just say no.")
    details_please: str = says("Please go ahead.")
    ask_subject_again: str = says("Back to your ticket: what is it about?")
    ask_details_again: str = says("Back to your ticket: is there anything to add?")
    subject_unclear: str = says(
        "I did not understand what the ticket is about. Please say it in a few words, or cancel."
    )
    ticket_waiting: str = says("By the way, your ticket is not open yet. Shall I open it?")
    ticket_open: str = says("Your ticket {ticket} is open. A colleague will look after it.", "ticket")
    ticket_open_unnumbered: str = says("Your ticket is open. A colleague will look after it.")
    lost_card_open: str = says("Your ticket {ticket} is open. It asks to block your card.", "ticket")
    call_back_open: str = says("Your ticket {ticket} is open. It asks a colleague to call you back.", "ticket")
    ticket_declined: str = says("All right, I have not opened a ticket.")
    ticket_cancelled: str = says("All right, I drop the ticket. Nothing was opened.")
    ticket_dropped: str = says("I have not opened the ticket.")
    ticket_denied: str = says("I'm sorry, I can't open tickets here. Please call your bank or visit a branch.")
    ticket_invalid: str = says("I could not open a ticket with that. Please tell me again what it is about.")
    ticket_failed: str = says("I'm sorry, something went wrong, and I could not open the ticket.")
    ticket_timeout: str = says(
        "I'm sorry, I had no answer in time. I don't know whether the ticket was opened. "
        "Please check with your bank before you ask for it again."
    )
    # Any other tool, at the end of a confirmation
    tool_ok: str = says("That is done.")
    tool_declined: str = says("All right, I have not done it.")
    tool_failed: str = says("I'm sorry, something went wrong with that.")
    tool_timeout: str = says("I'm sorry, I had no answer in time. I don't know whether it was done.")
    tool_denied: str = says("I'm sorry, I can't do that here.")


DEFAULT_FAQ = (
    Faq(
        ("declin*", "refus*", "reject*", "not accepted", "does not work", "doesn't work", "not working", "won't work"),
        "A card can be declined for many reasons: too little money, a limit, or a block. "
        "Please try again or use another card, and ask your bank if it happens again.",
    ),
    Faq(
        ("pin", "pins", "pin code", "security code"),
        "Never tell anyone your PIN, not even me. If you have forgotten it, your bank can give you a new one.",
    ),
    Faq(
        ("limit*", "maximum", "how much can i withdraw", "how much can i spend"),
        "Your card and your payments have limits. Your online banking shows them, or your bank can tell you.",
    ),
    Faq(
        ("fee", "fees", "charge", "charges", "charged", "cost", "costs", "price*", "interest rate"),
        "I can't quote fees from here. You find them in your bank's list of prices.",
    ),
    Faq(
        ("how long", "how fast", "how quickly", "arrive*", "how many days", "when will*", "pending"),
        "How long a payment takes depends on where it goes. Your online banking shows where it stands.",
    ),
    Faq(
        ("abroad", "foreign", "travel*", "holiday", "vacation", "overseas", "another country", "other countries"),
        "Before you travel, please check with your bank that your card works where you go, and what it costs.",
    ),
    Faq(
        ("expir*", "renew*", "new card", "replacement", "replace*"),
        "Your bank can tell you when a new card comes, and can order one for you.",
    ),
    Faq(
        ("activat*", "unblock*", "unlock*", "unfreeze"),
        "Your bank can activate or unblock a card for you once it has made sure that it is you.",
    ),
    Faq(
        ("contactless", "apple pay", "google pay", "phone", "wallet"),
        "Your bank can tell you whether your card can pay contactless or with your phone.",
    ),
    Faq(
        ("standing order*", "direct debit*", "iban", "transfer*", "payment*", "send money", "recall"),
        "You can make and manage payments in your online banking, and your bank can help you with them.",
    ),
)
"""Asked after the tenant's own."""
