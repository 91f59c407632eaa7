"""Words what became of a customer's wish for a person."""

from banker.agents.base import TICKET_TOOL, PersonAnswer
from banker.config.tenant import Tenant
from banker.handover.record import HandOverAnswer

SECONDS_PER_MINUTE = 60
MINUTE_BELOW_S = 90
"""A shorter wait is called about a minute."""


def word_answer(answer: HandOverAnswer, tenant: Tenant) -> PersonAnswer:
    """Return what to say, in the tenant's words, and what else is offered: a link or a ticket."""
    texts = tenant.texts
    has_ticket = TICKET_TOOL in tenant.config.allowed_tools
    if answer.state == "elsewhere":
        said = [texts.handover_phone.format(phone=answer.text)] if answer.text else []
        return PersonAnswer(" ".join([*said, *([texts.handover_link] if answer.link else [])]), link=answer.link)
    if answer.state != "waiting":
        said = [texts.handover_closed if answer.state == "closed" else texts.handover_nobody]
        return PersonAnswer(" ".join([*said, *([texts.ticket_instead] if has_ticket else [])]), has_ticket)
    first = answer.position <= 1
    said = [texts.handover_next if first else texts.handover_waiting.format(place=answer.position)]
    if answer.seconds is not None:
        minutes = round(answer.seconds / SECONDS_PER_MINUTE)
        is_short = answer.seconds < MINUTE_BELOW_S
        said.append(texts.handover_minute if is_short else texts.handover_minutes.format(minutes=minutes))
    said += [texts.handover_call_back] if has_ticket else []
    return PersonAnswer(" ".join(said), has_ticket, is_waiting=True)
