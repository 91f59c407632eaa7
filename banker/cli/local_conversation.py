"""A conversation without sessions, media or audit trail, for the terminal."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from banker.agents.tenant_agents import TenantAgent, build_tenant_agents
from banker.audit import Audit
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.conversation.builder import build_conversation
from banker.conversation.conversation import Conversation
from banker.conversation.transport import Transport
from banker.identity import EphemeralTokens
from banker.server.metrics import Metrics
from banker.sessions import MemoryStore, Sessions
from banker.sessions.conversation_records import StoredSessionRecords
from banker.timestamps import rfc3339
from banker.tools.base import Caller
from banker.tools.toolbox import Toolbox


async def local_conversation(
    config: Config,
    toolbox: Toolbox,
    tenant: Tenant,
    user_id: str,
    portal_context: Mapping[str, str],
    transport: Transport,
    tenant_agent: TenantAgent | None = None,
) -> Conversation:
    """Start a conversation of a tenant's agent with the service's tools. It is kept in memory and not audited.

    Without a `tenant_agent`, blocks for two or three seconds while the scripted agent learns. Close the conversation
    when it is over.
    """
    sessions = Sessions(MemoryStore(1), EphemeralTokens(config.secret_key))
    session, _ = sessions.create(tenant=tenant, user_id=user_id, portal_context=portal_context, claims={})
    if tenant_agent is None:
        agents = build_tenant_agents(replace(config, tenants={tenant.tenant_id: tenant}), toolbox)
        tenant_agent = agents[tenant.tenant_id]

    async def in_store(work: Callable[[], Any]) -> Any:
        return work()

    conversation = build_conversation(
        tenant,
        Caller(tenant.tenant_id, user_id, {}, portal_context),
        tenant_agent,
        expires_at=rfc3339(session.expires_at),
        consented=False,
        transport=transport,
        records=StoredSessionRecords(in_store, sessions, Audit(None, Metrics(False)), session),
    )
    await conversation.load()
    return conversation
