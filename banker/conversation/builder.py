"""Builds a conversation out of its parts, each of which gets only finished objects."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from banker.agents.registry import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.calls.call_runner import CallRunner
from banker.conversation.calls.portal_updates import PortalUpdates
from banker.conversation.calls.step_up import StepUp
from banker.conversation.consent import ConsentState
from banker.conversation.conversation import Conversation
from banker.conversation.handover.handling import PersonHandling
from banker.conversation.handover.line import HandOverLine, NoDesk
from banker.conversation.handover.person import PersonTalk
from banker.conversation.mailbox import Mailbox
from banker.conversation.recovery import Recovery
from banker.conversation.responder import Responder
from banker.conversation.tool_calls import ToolCalls
from banker.conversation.transcript import Transcript, TurnNumbers
from banker.conversation.transport import SessionRecords, Transport
from banker.conversation.turns.agent_speech import AgentSpeech
from banker.conversation.turns.greeting import Greeting
from banker.conversation.turns.idle import IdleTimer
from banker.conversation.turns.spoken_echo import SpokenEcho
from banker.conversation.turns.turn_taking import TurnTaking
from banker.conversation.turns.user_turns import UserTurns
from banker.conversation.worker import ConversationWorker
from banker.server.metrics import Metrics
from banker.sessions.portal_context import PortalContext
from banker.text.languages import package
from banker.text.redaction import SecretFilter
from banker.tools.base import Caller


def build_conversation(
    tenant: Tenant,
    caller: Caller,
    tenant_agent: TenantAgent,
    *,
    expires_at: str,
    consented: bool,
    transport: Transport,
    records: SessionRecords,
    clock: Callable[[], float] = time.time,
    on_idle: Callable[[], None] | None = None,
    line: HandOverLine | None = None,
    on_end: Callable[[], None] | None = None,
    metrics: Metrics | None = None,
) -> Conversation:
    """Build the conversation of one session; call it in the media loop, and then `load`.

    `expires_at` is the end of the session (RFC 3339). `clock` returns Unix seconds. `on_idle` is called after the
    goodbye to a user who no longer reacts; without it nobody is asked whether they are still there. `line` leads to the
    bank's colleagues, if there is a desk, and `on_end` ends the session when one of them does.
    """
    metrics = metrics or Metrics(enabled=False)
    context = PortalContext(caller.portal_context)
    caller = replace(caller, portal_context=context)
    mailbox, numbers = Mailbox(), TurnNumbers()
    echo = SpokenEcho(asyncio.get_running_loop().time, package(tenant.speech.language))
    consent = ConsentState(tenant, records, given=consented)
    transcript = Transcript(tenant, caller, transport, records, numbers, mailbox)
    toolbox = tenant_agent.toolbox
    runner = CallRunner(tenant, caller, toolbox, transcript, mailbox, transport, records, metrics)
    step_up = StepUp(transport, records, mailbox, clock)
    tools = ToolCalls(tenant, caller, toolbox, transcript, transport, records, metrics, runner, step_up, clock)
    greeting = Greeting(tenant.config.greeting, transport, consent, mailbox)
    person = PersonTalk(tenant, line or NoDesk(), transport, mailbox, metrics)
    idle = IdleTimer(
        tenant,
        enabled=on_idle is not None,
        transport=transport,
        consent=consent,
        tool_calls=tools,
        person=person,
        mailbox=mailbox,
    )
    speech = AgentSpeech(tenant, transport, tools, transcript, mailbox)
    secret_filter = SecretFilter()
    user_turns = UserTurns(transport, consent, greeting, speech, tools, idle, person, mailbox, secret_filter, metrics)
    responder = Responder(
        tenant,
        caller,
        tenant_agent,
        transport,
        speech=speech,
        tool_calls=tools,
        transcript=transcript,
        turn_numbers=numbers,
        echo=echo,
        consent=consent,
        person=person,
        metrics=metrics,
    )
    handling = PersonHandling(tenant, person, responder, transport, speech.interrupt, transcript, on_end)
    return Conversation(
        tenant=tenant,
        expires_at=expires_at,
        transport=transport,
        records=records,
        consent=consent,
        transcript=transcript,
        tool_calls=tools,
        mailbox=mailbox,
        greeting=greeting,
        speech=speech,
        idle=idle,
        user_turns=user_turns,
        turn_taking=TurnTaking(tenant, consent, speech, user_turns, numbers, echo, secret_filter),
        recovery=Recovery(tenant, caller, toolbox, records, transcript, mailbox, clock),
        person=person,
        portal=PortalUpdates(caller, context, toolbox, records, transcript),
        worker=ConversationWorker(tenant, transport, consent, transcript, speech, idle, responder, handling, on_idle),
        clock=clock,
    )
