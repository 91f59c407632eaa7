"""Every sentence that the scripted agent says: a tenant's `[texts]`. The defaults suit any bank."""

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import Any

from marshmallow import ValidationError

from banker.config.dataclass_schema import key

MAX_CHARACTERS = 1000
"""Length of one text: more than a minute of speech."""


def placeholders(*names: str) -> Callable[[Any], None]:
    """Return a validator for a text or a list of texts that may use the placeholders `names`."""

    def check(value: str | list[str]) -> None:
        texts = [value] if isinstance(value, str) else value
        if not texts:
            raise ValidationError("must contain at least one text")
        for text in texts:
            _check_text(text, names)

    return check


def _check_text(text: str, names: tuple[str, ...]) -> None:
    if not 0 < len(text.strip()) <= MAX_CHARACTERS:
        raise ValidationError(f"must be a text of 1 to {MAX_CHARACTERS} characters")
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise ValidationError("has an unmatched brace; write {{ or }} for a literal brace") from None
    for _, name, spec, conversion in parts:
        if name is not None and (name not in names or spec or conversion):
            written = "{" + name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
            known = ", ".join("{" + known + "}" for known in names)
            raise ValidationError(
                f"has an unknown placeholder {written}; " + (f"use {known}" if known else "this text has none")
            )


def text(default: str, *names: str) -> Any:
    """Declare a text and the placeholders that it may use."""
    return key(default, check=placeholders(*names))


def variants(*defaults: str, names: tuple[str, ...] = ()) -> Any:
    """Declare alternative texts, which are used in turn."""
    return key(defaults, check=placeholders(*names))


@dataclass(frozen=True)
class Texts:
    """The sentences of the scripted agent, by key. A list holds alternatives, which are used in turn."""

    # Said by every conversation, with any agent
    one_moment: str = text("One moment, please.")
    sorry: str = text("I'm sorry, something went wrong. Please say that again.")
    confirm: str = text("Shall I {summary}?", "summary")
    unsure_figure: str = text("I'd rather not give you a figure that I haven't checked.")
    untaught: str = text("I'm sorry, I can't answer questions at the moment. Please call your bank.")
    # Speech that was not recognised, and silence
    did_not_catch: str = text("I didn't catch that. Could you say it again, please?")
    please_type: str = text("I'm sorry, I still can't hear you clearly. You can type instead.")
    hearing_busy: str = text("I can't listen right now. Please type, or try again in a few minutes.")
    still_there: str = text("Are you still there?")
    go_ahead: str = text("Good. Please go ahead.")
    idle_goodbye: str = text("I haven't heard from you for a while, so I'll end our conversation here. Goodbye.")
    # Small talk
    greeting: tuple[str, ...] = variants("Hello! What can I do for you?", "Hello again! How can I help?")
    smalltalk: tuple[str, ...] = variants(
        "I'm your bank's virtual banker, and I'm doing well, thank you. I can {abilities}.",
        "I'm a computer program, and banking is what I do best. What can I do for you?",
        names=("abilities",),
    )
    thanks: tuple[str, ...] = variants("You're welcome.", "My pleasure.", "Glad to help.")
    goodbye: tuple[str, ...] = variants("Goodbye, and have a good day.", "Goodbye. Take care.")
    cancelled: str = text("Okay, we'll leave it at that. What else can I do for you?")
    nothing_to_cancel: str = text("Okay. I'm here if you need anything.")
    nothing_to_repeat: str = text("I haven't said anything yet. What can I do for you?")
    yes_to_nothing: str = text("Good. What can I do for you?")
    no_to_nothing: str = text("Okay. I'm here if you need anything.")
    denied: str = text("Okay, I won't do that. What can I do for you instead?")
    anything_else: tuple[str, ...] = variants("Is there anything else?", "Is there anything else I can do for you?")
    # Requests that were not understood
    not_understood: tuple[str, ...] = variants(
        "I'm sorry, I didn't understand that. I can {abilities}.",
        "I'm sorry, I can't help with that. I can {abilities}.",
        names=("abilities",),
    )
    offer_ticket: str = text(
        "I'm sorry, I still don't understand. Shall I open a ticket so that a colleague can help you?"
    )
    give_up: str = text("I'm sorry, I still don't understand. Please call your bank or visit a branch for this.")
    do_you_mean: str = text("Is this about {wish}?", "wish")
    wish_account_status: str = text("your account balance")
    wish_lost_card: str = text("a lost or stolen card")
    wish_open_ticket: str = text("opening a ticket")
    wish_card_question: str = text("a card or a payment")
    wish_opening_hours: str = text("our opening hours")
    wish_human: str = text("a call from a colleague")
    can_account_status: str = text("check your account balance")
    can_ticket: str = text("open a ticket for you")
    can_lost_card: str = text("help you with a lost card")
    can_card_question: str = text("answer questions about cards and payments")
    can_opening_hours: str = text("tell you our opening hours")
    # Answers from the bank's pages
    offer_pages: str = text("Is this about {first}, or about {second}?", "first", "second")
    offer_page: str = text("Is this about {first}?", "first")
    page_not_meant: str = text("I see. Could you put your question in other words, please?")
    # Information about the bank
    opening_hours: str = text("I don't have our opening hours here. Please check our website.")
    card_question: str = text("I don't have an answer to that. Your bank's card and payment service can help you.")
    # Accounts
    balance: str = text("Your {account} has a balance of {balance}.", "account", "balance")
    overdrawn: str = text("Your {account} is overdrawn, with a balance of {balance}.", "account", "balance")
    available: str = text("You can use {available} of it.", "available")
    available_more: str = text("You can use {available}.", "available")
    balance_date: str = text("That was the balance on {date}.", "date")
    status: str = text("The account is {status}.", "status")
    no_balance: str = text("I found your {account}, but I can't see its balance.", "account")
    which_account: str = text("Which one would you like to know about: {accounts}?", "accounts")
    which_account_number: str = text("Which account would you like to know about? Please tell me the account number.")
    no_other_account: str = text("That's the only account of yours that I can see.")
    no_such_account: str = text("I can't find that account. I can see {accounts}.", "accounts")
    no_accounts: str = text("I can't find any account in your name.")
    account_denied: str = text(
        "I'm sorry, I can't look up accounts here. Please check your online banking or ask your bank."
    )
    account_invalid: str = text("I can't find that account. Please tell me the number again.")
    account_failed: str = text(
        "I'm sorry, I couldn't look up that account just now. Please try again in a few minutes."
    )
    account_timeout: str = text(
        "I'm sorry, the account system didn't answer in time. Please try again in a few minutes."
    )
    # Tickets
    lost_card: str = text("I'm sorry to hear that. I can open a ticket now so that a colleague can block the card.")
    lost_card_subject: str = text("Block a lost or stolen card")
    offer_lost_card: str = text("Shall I open it?")
    lost_card_without_ticket: str = text(
        "I'm sorry to hear that. I can't block a card from here. Please call your bank's emergency number right away."
    )
    call_back: str = text("I can have a colleague call you back.")
    call_back_subject: str = text("Please call the customer back")
    offer_call_back: str = text("Shall I open a ticket for that?")
    human_without_ticket: str = text("I can't put you through from here. Please call your bank or visit a branch.")
    ask_subject: str = text("Of course. What is the ticket about?")
    ask_details: str = text("Is there anything my colleague should know about it? If not, just say no.")
    details_please: str = text("Please go ahead.")
    ask_subject_again: str = text("Back to your ticket: what is it about?")
    ask_details_again: str = text("Back to your ticket: is there anything you'd like to add?")
    subject_unclear: str = text(
        "I didn't understand what the ticket is about. Please tell me in a few words, or say cancel."
    )
    ticket_waiting: str = text("By the way, I haven't opened your ticket yet. Shall I open it?")
    ticket_open: str = text("Your ticket {ticket} is open. A colleague will take care of it.", "ticket")
    ticket_open_unnumbered: str = text("Your ticket is open. A colleague will take care of it.")
    lost_card_open: str = text("Your ticket {ticket} is open. It asks a colleague to block your card.", "ticket")
    call_back_open: str = text("Your ticket {ticket} is open. It asks a colleague to call you back.", "ticket")
    ticket_declined: str = text("Okay, I haven't opened a ticket.")
    ticket_cancelled: str = text("Okay, I won't open the ticket.")
    ticket_dropped: str = text("I haven't opened the ticket.")
    ticket_denied: str = text("I'm sorry, I can't open tickets here. Please call your bank or visit a branch.")
    ticket_invalid: str = text("I couldn't open a ticket with that. Please tell me again what it is about.")
    ticket_failed: str = text("I'm sorry, something went wrong, and I couldn't open the ticket.")
    ticket_timeout: str = text(
        "I'm sorry, I didn't get an answer in time, so I don't know whether the ticket was opened. "
        "Please check with your bank before you ask for it again."
    )
    # Forms: the arguments of a tool are asked for one by one
    form_resumed: str = text("You also wanted to {title}.", "title")
    form_cancelled: str = text("Okay, I won't {title}.", "title")
    form_unclear: str = text("I'm sorry, I didn't get that.")
    form_left: str = text("Okay, let's leave that. Just ask me again when you want to {title}.", "title")
    mean_skill: str = text("Do you mean: {title}?", "title")
    # The results of all other tools that ask for confirmation
    tool_ok: str = text("That's done.")
    tool_declined: str = text("Okay, I haven't done it.")
    tool_failed: str = text("I'm sorry, something went wrong with that.")
    tool_timeout: str = text("I'm sorry, I didn't get an answer in time, so I don't know whether it was done.")
    tool_denied: str = text("I'm sorry, I can't do that here.")
