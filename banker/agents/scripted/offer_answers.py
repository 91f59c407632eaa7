"""Handles the customer's answer to an offer at the end of the last reply: "Do you mean …?", a page, or a ticket."""

from collections.abc import AsyncIterator, Mapping

from banker.agents.base import TICKET_TOOL
from banker.agents.knowledge.passage import Passage
from banker.agents.scripted import pages
from banker.agents.scripted.forms import filling
from banker.agents.scripted.forms import runner as forms
from banker.agents.scripted.forms.dialogue import Form
from banker.agents.scripted.forms.states import FormEvent, FormState
from banker.agents.scripted.forms.turn import FormTurn, say
from banker.agents.scripted.pages import PERSON
from banker.agents.scripted.skills.decision import NextStep
from banker.agents.scripted.wish_server import WishServer
from banker.agents.scripted.wishes import SkillWish, leading
from banker.text.en.assent import answer, thanks
from banker.text.en.questions import is_question
from banker.text.en.slots import Option, find_options
from banker.text.en.slots.free_text import about, answered_text

MIN_REST_WORDS = 3
"""With this many words beside a value, an answer may be another wish: "from my savings" has two."""
MAX_REST_OF_VALUE = 4
"""The most words beside a value that answers "Do you mean …?": "in checking, I mean"."""

Offer = Mapping[str, str]


async def answer_to_offer(turn: FormTurn, wishes: WishServer, offer: Offer) -> AsyncIterator[str] | None:
    """Return the reply to the answer to an offer; None if the customer speaks of something else."""
    text = turn.context.user_text
    plain = answer(text)
    kind = offer.get("kind")
    if kind == "pages" and thanks(text):
        return None  # "ok thanks" chooses none of them
    if kind == "pages" and (page := await _chosen_page(turn, offer, plain)) is not None:
        return pages.cite(turn, page)
    if kind == "mean" and (more := after_yes(text)):
        return wishes.serve(turn, [SkillWish(offer.get("skill", ""), f"{more}. {offer.get('text', '')}")])
    if offer.get("second") and (chosen := _chosen_skill(turn, offer)) is not None:
        return wishes.serve(turn, [chosen])
    if kind == "mean" and plain is None and await _fits(turn, wishes, offer):
        return wishes.serve(turn, [SkillWish(offer.get("skill", ""), f"{offer.get('text', '')}. {text}")])
    if kind == "ticket" and plain is None:
        subject = await _new_subject(turn, wishes, offer, text)
        return None if subject is None else _open_ticket(turn, subject or offer.get("subject", ""))
    return None if plain is None else _after_plain_answer(turn, wishes, offer, plain == "yes")


def after_yes(text: str) -> str:
    """Return what follows a yes, as in "yes but make it 950"; "" if nothing does."""
    first, rest = leading(text)
    return rest if rest and answer(first) == "yes" and answer(text) is None else ""


async def _after_plain_answer(turn: FormTurn, wishes: WishServer, offer: Offer, yes: bool) -> AsyncIterator[str]:
    kind = offer.get("kind")
    turn.dialogue.misses = 0
    if not yes:
        turn.dialogue.unserved = ""
    if kind == "ticket":
        subject = offer.get("subject") or turn.context.tenant.safety.call_back_subject
        said = _open_ticket(turn, subject) if yes else _without_ticket(turn)
    elif kind == "pages":
        said = say(turn, "page_not_meant")
    elif kind == "person" and yes:
        said = _get_person(turn)
    elif yes:
        said = wishes.serve(turn, [SkillWish(offer.get("skill", ""), offer.get("text", ""))])
    else:
        said = say(turn, "no_to_nothing")
    async for sentence in said:
        yield sentence


async def _open_ticket(turn: FormTurn, subject: str) -> AsyncIterator[str]:
    _leave_stuck(turn)
    ticket = Form(TICKET_TOOL, TICKET_TOOL, said=subject)
    spec = turn.spec(TICKET_TOOL)
    if subject and spec is not None and "subject" in spec.parameter_types:
        ticket.values["subject"] = subject[:1].upper() + subject[1 : forms.MAX_TOLD_CHARACTERS]
    turn.dialogue.unserved = ""
    turn.dialogue.push(ticket)
    async for sentence in forms.run(turn):
        yield sentence


async def _get_person(turn: FormTurn) -> AsyncIterator[str]:
    """Call a colleague, or say why not."""
    person = await turn.context.hand_over("not understood")
    yield turn.text("give_up") if person is None else turn.answer_of_person(person)


async def _without_ticket(turn: FormTurn) -> AsyncIterator[str]:
    _leave_stuck(turn)
    yield turn.text("cancelled")


def _leave_stuck(turn: FormTurn) -> None:
    """Close the form whose question was asked in vain, for which the ticket was offered."""
    form = turn.dialogue.top
    if form is not None and form.state is FormState.STUCK:
        form.on(FormEvent.CANCELLED)
        turn.dialogue.close(form)


async def _new_subject(turn: FormTurn, wishes: WishServer, offer: Offer, text: str) -> str | None:
    """Return what a ticket is to be about by the answer to its offer, "" if that is left open; None for no yes to it.

    "About my loan" and "yes, about my loan" say it; "yes, open one" and "I want a human" don't. After a page that asks
    what happened, the answer does.
    """
    said = after_yes(text)
    subject = about(said or text)
    if subject and not is_question(text) and (said or len(text.partition(subject)[0].split()) <= MIN_REST_WORDS):
        return answered_text(said or text, "subject")
    _, decision = await wishes.decide(said or text)
    if decision.skill in (TICKET_TOOL, PERSON) and decision.step is NextStep.ACT:
        return "" if said or offer.get("subject") else turn.context.tenant.safety.call_back_subject
    is_told = not said and len(text.split()) >= filling.MIN_WORDS_OF_EARLY_TEXT and not is_question(text)
    return text if is_told and offer.get("by") == "page" and decision.step is not NextStep.ACT else None


async def _chosen_page(turn: FormTurn, offer: Offer, plain: str | None) -> Passage | None:
    """Return the passage that the customer chose of those offered; a plain yes takes the first."""
    if plain == "no":
        return None
    topics = offer.get("topics", "").split()
    text = "the first one" if plain == "yes" else turn.context.user_text
    found = (await turn.context.look_up(text, topics)).answer
    return found if found is not None and found.topic in topics else None


async def _fits(turn: FormTurn, wishes: WishServer, offer: Offer) -> bool:
    """Return whether a short answer to "Do you mean …?" is a value for it, which means yes."""
    spec = turn.spec(turn.skill(offer.get("skill", "")).tool)
    if spec is None:
        return False
    text, form = turn.context.user_text, Form(offer["skill"], spec.name)
    open_form = turn.open_form
    if open_form is not None and (open_spec := turn.spec(open_form.tool)) is not None:
        answer_to_form = await filling.read_into(turn, open_form, text, open_spec, asked=open_form.slot)
        if open_form.slot in answer_to_form.values:
            return False
    reading = await filling.read_into(turn, form, text, spec)
    if (reading.values or reading.candidates) and len(reading.rest.split()) <= MAX_REST_OF_VALUE:
        return True
    before = await filling.read_into(turn, form, offer.get("text", ""), spec)
    after = await filling.read_into(turn, form, f"{offer.get('text', '')}. {text}", spec)
    is_more = (before.values, before.candidates) != (after.values, after.candidates)
    return is_more and (await wishes.decide(text))[1].step is not NextStep.ACT


def _chosen_skill(turn: FormTurn, offer: Offer) -> SkillWish | None:
    """Return the skill that the customer chose of the two that were offered, by name or position."""
    options = [Option(name, (turn.skill(name).title,)) for name in (offer["skill"], offer["second"])]
    found = find_options(turn.context.user_text, options)
    chosen = found[0].value if found else ()
    said = f"{offer.get('text', '')}. {turn.context.user_text}"  # which may name an argument too
    return SkillWish(chosen[0], said) if len(chosen) == 1 else None
