"""Answers from the bank's pages: decides when they answer better than a tool, finds the page, and offers others."""

from collections.abc import AsyncIterator, Sequence

from banker.agents.base import TICKET_TOOL
from banker.agents.knowledge.knowledge_base import WITH_MEANING
from banker.agents.knowledge.passage import Finding, Passage
from banker.agents.scripted.follow_ups import MAX_FOLLOW_UP_WORDS, points_back, with_words_before
from banker.agents.scripted.forms import runner as forms
from banker.agents.scripted.forms.questions import ask_which_page, offer_other_page
from banker.agents.scripted.forms.states import FormEvent, FormState
from banker.agents.scripted.forms.turn import FormTurn
from banker.agents.scripted.skills.decision import ACT_AT, ASK_AT, NextStep
from banker.agents.scripted.skills.skill_files import Skill
from banker.agents.scripted.wishes import FoundWishes
from banker.text.en.questions import is_question
from banker.text.en.value_context import continues
from banker.text.sentence_splitter import split

PERSON = "talk_to_human"
"""The skill for asking for a person."""
OFFER_INSTEAD_AT = 0.6
"""From this score a page is offered, or said if no other fits, rather than to say only that the tool isn't here."""
CERTAIN_AT = 0.9
"""From this probability the skill's own words say better than a page in doubt that it can't be done here."""
PAGE_LEAD, PAGE_LEAD_IF_URGENT = 0.1, 0.2
"""A page that scores so much more than the skill's probability answers, although the skill could be acted on."""


def pages_know_better(turn: FormTurn, found: FoundWishes, finding: Finding) -> bool:
    """Return whether the pages serve a turn better than the skills of its wishes.

    They do if the tool of the only wish isn't here or only a part of the turn asks for it, and a page fits; and if
    a skill is clearly less certain than the page.
    """
    skills = [turn.skill(wish.skill) for wish in found.wishes if wish.skill != PERSON]
    if not skills or turn.context.safety_text or not finding.nearest or any(skill.tool is None for skill in skills):
        return False
    best, wish_score = finding.nearest[0].score, min(wish.score for wish in found.wishes)
    is_here = any(turn.spec(skill.tool) for skill in skills)
    if len(skills) == 1 and not (is_here and found.decision.step is NextStep.ACT):
        if is_here:
            return best >= WITH_MEANING.answer and wish_score < CERTAIN_AT
        is_likely = finding.answer is not None or finding.likely is not None
        return is_likely or (best >= OFFER_INSTEAD_AT and wish_score < CERTAIN_AT)
    lead = PAGE_LEAD_IF_URGENT if any(skill.urgent for skill in skills) else PAGE_LEAD
    return finding.answer is not None and best - wish_score >= lead


async def cite_or_offer(turn: FormTurn, finding: Finding, found: FoundWishes) -> AsyncIterator[str]:
    """Say the page that answers or is likely to; offer the next one, or what a tool can do about it."""
    page = finding.answer or finding.likely
    is_alone = not turn.dialogue.stack
    async for sentence in ask_which_page(turn, finding.offers) if page is None else cite(turn, page):
        yield sentence
    if page is None or not is_alone:
        return
    decision, skill = found.decision, turn.skills.get(found.decision.skill)
    spec = turn.spec(skill.tool) if skill is not None else None
    if skill is not None and spec is not None and spec.confirm and _may_offer_tool(found, skill):
        turn.dialogue.offer = {"kind": "mean", "skill": decision.skill, "text": turn.context.user_text}
        yield turn.text("page_and_tool", title=skill.title)
    elif finding.answer is None and finding.offers[1:]:
        yield offer_other_page(turn, finding.offers[1])


def _may_offer_tool(found: FoundWishes, skill: Skill) -> bool:
    """Return whether a page's subject may also be a wish: not if it is denied, or reported and not urgent."""
    if skill.urgent:
        return found.decision.score >= ASK_AT and found.understanding.act != "denied"
    return found.decision.score >= ACT_AT and found.understanding.act in ("wish", "supposed")


async def cite(turn: FormTurn, passage: Passage) -> AsyncIterator[str]:
    """Answer from the bank's pages, and return to the open form."""
    turn.dialogue.misses = 0
    turn.context.cite(passage)
    turn.dialogue.said_of(passage.title, passage.topic)
    if "open a ticket" in passage.text and turn.spec(TICKET_TOOL) is not None and not turn.dialogue.stack:
        subject = with_words_before(turn, turn.context.user_text) or turn.context.user_text
        turn.dialogue.offer = {"kind": "ticket", "subject": subject, "by": "page"}
    yield passage.text
    async for sentence in return_to_form(turn):
        yield sentence


async def going_on(turn: FormTurn, text: str, found: FoundWishes) -> Passage | None:
    """Return the page that answers a short question together with what was said last: "and what does it cost?".

    What clearly asks for a tool is left to it, unless the question points back and the tool only looks something up:
    "does this include savings?".
    """
    asks = is_question(text) or continues(text)
    if not (turn.dialogue.cited and asks) or len(text.split()) > MAX_FOLLOW_UP_WORDS or turn.context.safety_text:
        return None
    asks_back = is_question(text) and points_back(text)
    for wish in found.wishes:
        skill = turn.skill(wish.skill)
        spec = turn.spec(skill.tool)
        is_here = spec is not None or skill.tool is None
        if (is_here and not asks_back) or (spec is not None and spec.confirm) or wish.skill == PERSON:
            return None
    return (await turn.context.look_up(text, about=turn.dialogue.about)).answer


async def return_to_form(turn: FormTurn) -> AsyncIterator[str]:
    """After a question that needed no form, return to the form that was open."""
    form = turn.dialogue.top
    spec = turn.spec(form.tool) if form is not None else None
    if form is None or spec is None or form.state is FormState.STUCK:
        return
    form.on(FormEvent.DIGRESSED)
    async for sentence in forms.resume(turn):
        yield sentence


async def page_instead(turn: FormTurn, text: str) -> Passage | None:
    """Return the page that answers a wish that can't be served here, by its words or with those before them."""
    together = with_words_before(turn, text)
    alone = (await turn.context.look_up(text)).answer
    found = await turn.context.look_up(together) if alone is None and together else Finding()
    return alone or found.answer or found.likely


async def page_about(turn: FormTurn, text: str, subjects: Sequence[str] = ()) -> Passage | None:
    """Return the page that answers words, by themselves or together with what they are about: "what does it cost?".

    `subjects`: what that may be; a short turn may also be about the words before it and what was served last. A page
    that was said already is not the answer to words that only go on.
    """
    best = (await turn.context.look_up(text)).answer
    is_short = len(text.split()) <= MAX_FOLLOW_UP_WORDS
    before = [turn.dialogue.unserved, turn.dialogue.about, _told(turn.last_words())]
    for subject in [*subjects, *(before if is_short else [])]:
        page = (await turn.context.look_up(text, about=subject)).answer if subject else None
        if page is None or page.topic in turn.dialogue.cited:
            continue
        if best is None or page.score > best.score:
            best = page
    return best


def _told(words: str) -> str:
    """Return what was said without the questions in it."""
    return " ".join(sentence for sentence in split(words) if not sentence.rstrip().endswith("?"))
