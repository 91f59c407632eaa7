"""Builds a conversation from its parts. Each part gets only finished objects."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from banker.agents.tenant_agents import TenantAgent
from banker.config.tenant import Tenant
from banker.conversation.calls.call_runner import CallRunner
from banker.conversation.calls.portal_updates import PortalUpdates
from banker.conversation.calls.questions import ConfirmationQuestions
from banker.conversation.calls.step_up import StepUp
from banker.conversation.calls.tool_calls import ToolCalls
from banker.conversation.consent import ConsentState
from banker.conversation.conversation import Conversation
from banker.conversation.handover.handler import HandOverHandler
from banker.conversation.handover.session_handover import NoDesk, SessionHandOver
from banker.conversation.handover.tracker import HandOverTracker
from banker.conversation.mailbox import Mailbox
from banker.conversation.recovery import Recovery
from banker.conversation.responses.agent_contexts import AgentContexts
from banker.conversation.responses.call_outcomes import CallOutcomes
from banker.conversation.responses.handover_replies import HandOverReplies
from banker.conversation.responses.reply_delivery import ReplyDelivery
from banker.conversation.responses.responder import Responder
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
    handover: SessionHandOver | None = None,
    on_end: Callable[[], None] | None = None,
    metrics: Metrics | None = None,
) -> Conversation:
    """Build the conversation of one session. Call it in the media loop, then call `load`.

    `expires_at` is the end of the session (RFC 3339). `clock` returns Unix seconds. `on_idle` is called after the
    goodbye to a user who no longer responds; without it, idle handling is off. `handover` gives access to the bank's
    colleagues, if there is a desk, and `on_end` ends the session when one of them does.
    """
    metrics = metrics or Metrics(enabled=False)
    context = PortalContext(caller.portal_context)
    caller = replace(caller, portal_context=context)
    mailbox, numbers = Mailbox(), TurnNumbers()
    echo = SpokenEcho(asyncio.get_running_loop().time, tenant.speech.normalisation)
    consent = ConsentState(tenant, records, given=consented)
    transcript = Transcript(tenant, caller, transport, records, numbers, mailbox)
    toolbox = tenant_agent.toolbox
    runner = CallRunner(tenant, caller, toolbox, transcript, mailbox, transport, records, metrics)
    step_up = StepUp(transport, records, mailbox, clock)
    questions = ConfirmationQuestions(tenant, transport, records, step_up, clock)
    tools = ToolCalls(tenant, caller, toolbox, transcript, records, metrics, runner, questions, step_up)
    greeting = Greeting(tenant.config.greeting, transport, consent, mailbox)
    person = HandOverTracker(tenant, handover or NoDesk(), transport, mailbox, metrics)
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
    contexts = AgentContexts(tenant, caller, tenant_agent, tools, transcript, speech, person, metrics)
    delivery = ReplyDelivery(tenant, transport, contexts, speech, tools, transcript, numbers, echo, person)
    outcomes = CallOutcomes(tenant, tenant_agent, transport, contexts, delivery, tools, person)
    responder = Responder(
        tenant,
        tenant_agent,
        transport,
        contexts=contexts,
        delivery=delivery,
        outcomes=outcomes,
        speech=speech,
        tool_calls=tools,
        transcript=transcript,
        consent=consent,
        person=person,
    )
    announcer = HandOverReplies(tenant, tenant_agent, contexts, delivery, transcript)
    handler = HandOverHandler(tenant, person, announcer, transport, speech.interrupt, transcript, on_end)
    worker = ConversationWorker(
        tenant, transport, consent, transcript, speech, idle, delivery, responder, outcomes, handler, on_idle
    )
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
        turn_taking=TurnTaking(tenant, consent, speech, user_turns, numbers, echo, secret_filter, responder.anticipate),
        recovery=Recovery(tenant, caller, toolbox, records, transcript, mailbox, clock),
        person=person,
        portal=PortalUpdates(caller, context, toolbox, records, transcript),
        worker=worker,
        clock=clock,
    )
