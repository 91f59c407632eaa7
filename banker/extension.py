"""The one file that knows every part: it wires them into the service's app, and that into a host's."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from flask import Flask

from banker.agents.registry import build_tenant_agents
from banker.audit import Audit
from banker.cli.commands import commands
from banker.config.loading import load
from banker.config.settings import Config, Tenant
from banker.conversation.conversation import Conversation
from banker.conversation.events import BANKER_EVENTS, CLIENT_EVENTS
from banker.conversation.transport import Transport
from banker.errors import ApiError, unavailable
from banker.http import cors
from banker.http import request_hooks as requests
from banker.http.auth import SUBPROTOCOL, Authenticator
from banker.http.health import health_blueprint
from banker.http.openapi import openapi_blueprint
from banker.http.rate_limits import RateLimits
from banker.http.sessions import answer_of, load_create, sessions_blueprint
from banker.http.widget import widget_blueprint
from banker.identity import EphemeralTokens, Verifier, check_keys
from banker.rtc.facade import MediaFacade
from banker.rtc.session_records import StoredSessionRecords
from banker.server import logs
from banker.server.metrics import Metrics
from banker.server.mount import MountedApp
from banker.sessions import MemoryStore, Session, Sessions
from banker.sessions.backends import open_backends
from banker.signaling.messages import CLIENT_MESSAGES, MAX_BYTES, SERVICE_MESSAGES
from banker.signaling.route import Signaling
from banker.timestamps import rfc3339
from banker.tools.base import Caller
from banker.tools.toolbox import Toolbox

log = logging.getLogger(__name__)

PING_SECONDS = 25


class Banker:
    """The service, embeddable.

        banker = Banker(app)            # or banker = Banker(); banker.init_app(app, url_prefix="/banker")

        @banker.tool
        def get_account_status(caller, account_id: str): ...

    The service is a Flask app of its own, `banker.app`, that answers under `url_prefix`; nothing of the host's (error
    pages, limiters, hooks, configuration) reaches into it, and nothing of it into the host.

    `config` is a `Config`, a folder, or None for the folder that `BANKER_CONFIG` names. `clock` gives Unix seconds to
    whatever in here expires. Raises `ConfigError`.
    """

    def __init__(
        self,
        app: Flask | None = None,
        config: Config | Path | str | None = None,
        url_prefix: str = "/banker",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config if isinstance(config, Config) else load(config, also=check_keys)
        self.metrics = Metrics(self.config.metrics.enabled)
        self.tokens = EphemeralTokens(self.config.secret_key, clock)
        backends = open_backends(self.config, clock)
        self.store = backends.store
        self.audit = Audit(backends.trail, self.metrics, required=self.config.audit.required, clock=clock)
        self.sessions = Sessions(self.store, self.tokens, clock, self._ended)
        self.toolbox = Toolbox()
        self.tool = self.toolbox.tool
        self.media = MediaFacade(
            self.config, self.sessions, lambda: build_tenant_agents(self.config, self.toolbox), self.audit, self.metrics
        )
        self._draining = threading.Event()
        self.app = self._build(clock, backends.limits)
        if app is not None:
            self.init_app(app, url_prefix)

    def init_app(self, app: Flask, url_prefix: str = "/banker") -> None:
        """Answer under `url_prefix` of the host's app, and add the `flask banker` commands to it.

        With "/" the service answers at its own paths (`/health`, `/v1/…`, `/widget/…`) and the host at all others.
        Raises ValueError for an empty prefix.
        """
        app.wsgi_app = MountedApp(app.wsgi_app, url_prefix, self.app)  # type: ignore[method-assign]
        app.extensions["banker"] = self
        self.toolbox.app_context = app.app_context
        app.cli.add_command(commands(self.config))

    def create_session(
        self,
        *,
        user_id: str,
        portal_context: Mapping[str, str] | None = None,
        tenant_id: str | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """What `POST /v1/sessions` answers, for a host that has its user logged in: the browser's widget needs it.

        The host vouches for `user_id`; `claims` are what tools see as `caller.claims`. `tenant_id` may be left out
        where there is one tenant. It counts against the user's limits as the call over HTTP does.
        Raises `ApiError` (400, 429, 503), whose `body()`, `status` and `headers` are the answer to give; ValueError for
        a tenant that is not configured.
        """
        tenant = self._tenant(tenant_id)
        context = dict(portal_context or {})
        load_create({"user_id": user_id, "portal_context": context}, only=("user_id", "portal_context"))
        self._limits.count(tenant, user_id)
        session, token = self.sessions.create(
            tenant=tenant, user_id=user_id, portal_context=context, claims=dict(claims or {})
        )
        self.metrics.sessions_created.inc()
        self._created(session, tenant)
        return answer_of(session, token, tenant)

    def drain(self) -> None:
        """The process is going to stop: take nothing new and send those who are connected elsewhere. At once."""
        if not self._draining.is_set():
            self._draining.set()
            self.signaling.drain()
            self.media.drain()

    @property
    def talking(self) -> int:
        """How many customers are connected: after `drain` they find another worker, or finish."""
        return self.media.talking()

    def close(self) -> None:
        """End every call of this process and give back what it holds."""
        self.drain()
        self.media.close()
        self.toolbox.close()
        self.store.close()

    async def conversation(
        self, tenant: Tenant, user_id: str, portal_context: Mapping[str, str], line: Transport
    ) -> Conversation:
        """A talk over a line of one's own, with the service's agents and tools; it is kept in memory and not audited.

        Blocks for the seconds that the agent needs to learn. Close the conversation when it is over.
        """
        sessions = Sessions(MemoryStore(1), self.tokens)
        session, _ = sessions.create(tenant=tenant, user_id=user_id, portal_context=portal_context, claims={})

        async def in_store(work: Callable[[], Any]) -> Any:
            return work()

        conversation = Conversation(
            tenant,
            Caller(tenant.tenant_id, user_id, {}, portal_context),
            build_tenant_agents(replace(self.config, tenants={tenant.tenant_id: tenant}), self.toolbox)[
                tenant.tenant_id
            ],
            expires_at=rfc3339(session.expires_at),
            consented=False,
            transport=line,
            records=StoredSessionRecords(in_store, sessions, Audit(None, self.metrics), session),
        )
        await conversation.load()
        return conversation

    def check_ready(self) -> None:
        """Raise `ApiError` 503 unless this process can take a call now; the first question starts the engines."""
        if self._draining.is_set():
            raise unavailable("This worker is going away.")
        self.store.check()
        if not self.media.ready:
            self.media.warm_up()
            raise unavailable("The speech engines are being loaded.", retry_after=2)

    def _tenant(self, tenant_id: str | None) -> Tenant:
        tenants = self.config.tenants
        if tenant_id is None and len(tenants) == 1:
            return next(iter(tenants.values()))
        tenant = tenants.get(tenant_id or "")
        if tenant is None:
            raise ValueError(f"tenant_id must be one of: {', '.join(tenants)}")
        return tenant

    def _created(self, session: Session, tenant: Tenant) -> None:
        self.audit.record(
            "session.created", tenant_id=session.tenant_id, user_id=session.user_id, session_id=session.session_id
        )
        self.media.prepare(tenant)

    def _ended(self, session: Session) -> None:
        try:
            self.audit.record(
                "session.ended",
                tenant_id=session.tenant_id,
                user_id=session.user_id,
                session_id=session.session_id,
                reason=session.reason,
            )
        except ApiError:
            log.debug("a session ends whether or not that can be recorded")

    def _build(self, clock: Callable[[], float], limits_in: Mapping[str, Any]) -> Flask:
        app = Flask("banker", static_folder=None)
        app.config["SOCK_SERVER_OPTIONS"] = {
            "subprotocols": [SUBPROTOCOL],
            "ping_interval": PING_SECONDS,
            "max_message_size": MAX_BYTES,
        }
        requests.register(app, self.config)
        verifier = Verifier(self.config, clock)
        self._limits = limits = RateLimits(app, self.config, limits_in, self.metrics)
        cors.register(app, self.config)
        gate = Authenticator(self.config, verifier, self.tokens, self.sessions, limits, self.metrics)
        self.signaling = Signaling(self.config, gate, self.media, self.metrics)
        app.register_blueprint(
            health_blueprint(self.check_ready, self.metrics, self.config.metrics.token, gate.counted)
        )
        app.register_blueprint(
            sessions_blueprint(gate, limits, verifier, self.sessions, self.metrics, created=self._created)
        )
        app.register_blueprint(self.signaling.blueprint())
        app.register_blueprint(
            openapi_blueprint(_version(), {**CLIENT_MESSAGES, **SERVICE_MESSAGES}, {**CLIENT_EVENTS, **BANKER_EVENTS})
        )
        app.register_blueprint(widget_blueprint())
        app.extensions["banker"] = self
        self.toolbox.app_context = app.app_context
        return app


def create_app(config: Config | Path | str | None = None, clock: Callable[[], float] = time.time) -> Flask:
    """The service as an app of its own. Raises `ConfigError`."""
    banker = Banker(config=config, clock=clock)
    logs.set_up(banker.config.server.log_format, banker.config.server.log_level)
    banker.app.cli.add_command(commands(banker.config))
    return banker.app


def _version() -> str:
    try:
        return version("virtual-banker")
    except PackageNotFoundError:
        return "0.1.0"
