"""A tenant's `[texts]`: every sentence that the scripted agent says. The defaults suit any bank."""

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import Any

from marshmallow import ValidationError

from banker.config.dataclass_schema import key

MAX_CHARACTERS = 1000
"""The longest text: more than a minute of speech."""


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
    # About the conversation itself
    cancelled: str = text("Okay, we'll leave it at that. What else can I do for you?")
    nothing_to_cancel: str = text("Okay. I'm here if you need anything.")
    done_already: str = text("That's done already, and I can't undo it here.")
    nothing_to_repeat: str = text("I haven't said anything yet. What can I do for you?")
    voice_at_limit: str = text("I'm sorry, my voice doesn't go further than that.")
    yes_to_nothing: str = text("Good. What can I do for you?")
    no_to_nothing: str = text("Okay. I'm here if you need anything.")
    nothing_asked: str = text("I see. Just tell me if there is something that I can do for you.")
    # Requests that were not understood
    not_understood: tuple[str, ...] = variants(
        "I'm sorry, I don't have an answer to that. What I can do here: {abilities}.",
        "I'm sorry, I can't help with that here. I can {abilities}.",
        names=("abilities",),
    )
    offer_ticket: str = text(
        "I'm sorry, I still don't understand. Shall I open a ticket so that a colleague can help you?"
    )
    give_up: str = text("I'm sorry, I still don't understand. Please call your bank or visit a branch for this.")
    ticket_instead: str = text("Shall I open a ticket, so that a colleague gets back to you?")
    # A colleague of the bank takes over
    handover_next: str = text("I'm getting a colleague. You are next in line.")
    handover_waiting: str = text("I'm getting a colleague. You are number {place} in line.", "place")
    handover_minute: str = text("It usually takes about a minute.")
    handover_minutes: str = text("It usually takes about {minutes} minutes.", "minutes")
    handover_call_back: str = text("Until then I'm here for you. Would you rather be called back?")
    handover_closed: str = text("I'm sorry, my colleagues are not here at this time.")
    handover_nobody: str = text("I'm sorry, no colleague is free right now.")
    handover_phone: str = text("A colleague can help you on {phone}.", "phone")
    handover_link: str = text("You reach a colleague through the link below.")
    handover_offer: str = text("I'm sorry, I still don't understand. Shall I get a colleague?")
    handover_cancelled: str = text("Okay, you are no longer in line for a colleague.")
    handover_joins: str = text(
        "{name} from your bank is joining us now, a person and not an AI. From now on {name} hears and reads along.",
        "name",
    )
    handover_held: str = text("{name} has put you on hold, and will be back in a moment.", "name")
    handover_resumed: str = text("{name} is back.", "name")
    handover_lost: str = text("I'm sorry, {name} was cut off. I'm getting a colleague again.", "name")
    handover_returned: str = text("{name} has left us. I'm your AI banker again.", "name")
    handover_ended: str = text("{name} has ended our conversation. Goodbye, and take care.", "name")
    # Answers from the bank's pages
    offer_pages: str = text("Is this about {first}, or about {second}?", "first", "second")
    offer_page: str = text("Is this about {first}?", "first")
    other_page: str = text("Or is it about {second}?", "second")
    page_and_tool: str = text("I can also {title} for you here. Shall I?", "title")
    no_more_here: tuple[str, ...] = variants(
        "I'm sorry, I can't tell you more about that here.", "I'm sorry, I don't know that either."
    )
    page_not_meant: str = text("I see. Could you put your question in other words, please?")
    # Forms: the arguments of a tool are asked for one by one
    form_noted: str = text("Okay, {said}.", "said")
    form_noted_text: str = text("Thank you, I've noted that.")
    form_only_now: str = text("I can only do that right away, not at a later time.")
    form_after: str = text("Okay, {said} after that.", "said")
    form_resumed: str = text("You also wanted to {title}.", "title")
    form_other: str = text("Now the other one.")
    form_waiting: str = text("I can still {title}: just say yes or no.", "title")
    form_cancelled: str = text("Okay, I won't {title}.", "title")
    form_unclear: str = text("I'm sorry, I didn't get that.")
    form_unknown: str = text("I can't find “{said}”.", "said")
    form_no_day: str = text("There is no {said}.", "said")
    form_only: str = text("I can't find “{said}”; there is only {only}.", "said", "only")
    form_done: str = text("That's done already, so this would be a new one.")
    form_over: str = text("It can't be more than {limit}.", "limit")
    form_under: str = text("It can't be less than {limit}.", "limit")
    form_failed: str = text("I'm sorry, something went wrong, and I couldn't {title}.", "title")
    form_no_answer: str = text("I'm sorry, I didn't get an answer in time. Please ask me again in a moment.")
    form_left: str = text("Okay, let's leave that. Just ask me again when you want to {title}.", "title")
    mean_skill: str = text("Would you like me to {title}?", "title")
    mean_skills: str = text("Would you like me to {first}, or to {second}?", "first", "second")
    # The results of tools that no skill words
    tool_ok: str = text("That's done.")
    tool_declined: str = text("Okay, I haven't done it.")
    tool_failed: str = text("I'm sorry, something went wrong with that.")
    tool_timeout: str = text("I'm sorry, I didn't get an answer in time, so I don't know whether it was done.")
    outcome_pending: str = text("We were cut off, and I don't know yet whether that was done. I'm checking.")
    not_carried_out: str = text("I've checked: that was not done. Please ask me again if you still want it.")
    not_recorded: str = text("I'm sorry, I couldn't do that just now. Nothing has been done yet.")
    # A confirmed call that the bank authenticates the user for
    step_up: str = text("Please confirm it with a code in your bank. I'll do it as soon as that's done.")
    step_up_waiting: str = text("That isn't done yet: I'm waiting until you've confirmed it with a code in your bank.")
    step_up_expired: str = text("It wasn't confirmed with a code in time, so I did not {summary}.", "summary")
    tool_denied: str = text("I'm sorry, I can't do that here.")
