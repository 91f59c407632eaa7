"""The composition root: wires all packages into the service's Flask app, and mounts that in a host's app."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask

from banker.agents.knowledge import knowledge_mistakes
from banker.agents.scripted.skills.skill_files import skill_mistakes
from banker.agents.tenant_agents import TenantAgent, build_tenant_agents
from banker.agents.tool_checks import tool_mistakes
from banker.audit import Audit
from banker.cli.commands import commands
from banker.config.loading import ConfigError, load
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.conversation.events import BANKER_EVENTS, CLIENT_EVENTS
from banker.errors import ApiError, unavailable
from banker.handover import Colleague, DeskTalks, HandOverAnswer, HandOverChanges, HandOvers
from banker.handover.desk_backends import open_desk_store, open_voice_relay
from banker.handover.hooks import HandOverHooks
from banker.handover.record import Urgency
from banker.handover.webhook import Webhook
from banker.http import cors, request_hooks
from banker.http.auth import Authenticator
from banker.http.desk import DeskAccess, desk_blueprint
from banker.http.health import health_blueprint
from banker.http.openapi import openapi_blueprint
from banker.http.rate_limits import RateLimits
from banker.http.sessions import created_body, load_host_arguments, sessions_blueprint
from banker.http.widget import widget_blueprint
from banker.identity import DeskTokens, EphemeralTokens, Verifier, check_keys
from banker.rtc.facade import MediaFacade
from banker.rtc.sockets.shared_port import shared_port_mistakes
from banker.server import logs, running_services
from banker.server.metrics import Metrics
from banker.server.mount import MountedApp
from banker.server.wsgi_server import WsgiServerCheck
from banker.sessions import Rating, Session, Sessions
from banker.sessions.backends import open_backends, storage_mistakes
from banker.sessions.step_ups import StepUps
from banker.sessions.user_data import UserData
from banker.signaling.messages import CLIENT_MESSAGES, SERVICE_MESSAGES
from banker.signaling.route import SOCKET_OPTIONS, Signaling
from banker.tools.toolbox import Toolbox

log = logging.getLogger(__name__)

TalkContext = TypeVar("TalkContext", bound=Callable[[], AbstractContextManager[Any]])


class Banker:
    """The banker as a Flask extension.

    ::

        banker = Banker(app)

        @banker.tool
        def get_account_status(caller: Caller, account_id: str) -> dict: ...

    The service is a Flask app of its own, `banker.app`, which is mounted under `url_prefix` of the host's app. Error
    handlers, hooks, limiters and configuration of the two apps do not affect each other.

    `config` is a `Config` or the path of a configuration folder; without it, `BANKER_CONFIG` names the folder. `clock`
    returns Unix seconds. `desk_access` enables the desk (docs/handover.md): it returns the colleague who makes a
    request, or None to refuse. Raises `ConfigError`, with every mistake in the configuration.
    """

    def __init__(
        self,
        app: Flask | None = None,
        config: Config | Path | str | None = None,
        url_prefix: str = "/banker",
        clock: Callable[[], float] = time.time,
        desk_access: Callable[[], Colleague | None] | None = None,
    ) -> None:
        self.config = config if isinstance(config, Config) else load(config, also=_mistakes)
        self.metrics = Metrics(self.config.metrics.enabled)
        self.tokens = EphemeralTokens(self.config.secret_key, clock)
        backends = open_backends(self.config, clock)
        self.store = backends.store
        self.audit = Audit(backends.trail, self.metrics, required=self.config.audit.required, clock=clock)
        self.sessions = Sessions(self.store, self.tokens, clock, self._session_ended)
        self.user_data = UserData(self.sessions, backends.trail)
        """Exports and forgets a user's data (docs/privacy.md)."""
        step_ups = StepUps(self.sessions, self.audit)
        self.step_up_request = step_ups.request
        self.step_up_done = step_ups.done
        self.toolbox = Toolbox()
        self.tool = self.toolbox.tool
        self.check_context = self.toolbox.check_context
        self.talk_contexts: list[Callable[[], AbstractContextManager[Any]]] = []
        """What `around_talk` was called with."""
        self._desk_access = desk_access
        self._hosts: list[Flask] = []
        self._desk_store = open_desk_store(backends.limits.get("client"), clock)
        self._webhook = None
        if self.config.webhook.url is not None:
            self._webhook = Webhook(self.config.webhook.url, (self.config.webhook.secret or "").encode(), clock)
        self._hooks = HandOverHooks(self.store, self.toolbox.host_context, self._webhook)
        self.on_handover = self._hooks.on_handover
        self.on_end = self._hooks.on_end
        changes = HandOverChanges(self.sessions, self._desk_store, self.audit, self.metrics)
        self.handovers = HandOvers(self.config.tenants, changes, self._hooks, has_desk=desk_access is not None)
        self._desk_talks = DeskTalks(changes)
        self.media = MediaFacade(
            self.config,
            self.sessions,
            self._tenant_agents,
            self.audit,
            self.metrics,
            self.handovers,
            open_relay=lambda: open_voice_relay(backends.limits.get("client")),
        )
        self._draining = threading.Event()
        self.app = self._service_app(clock, backends.limits)
        running_services.register(self)
        if app is not None:
            self.init_app(app, url_prefix)

    def init_app(self, app: Flask, url_prefix: str = "/banker") -> None:
        """Mount the service under `url_prefix` of the host's app and add the `flask banker` commands.

        With the prefix "/" the service answers its own paths (`/health`, `/v1/…`, `/widget/…`) and the host answers all
        others. Raises `ValueError` for an empty prefix.
        """
        self._hosts.append(app)
        mounted = MountedApp(app.wsgi_app, url_prefix, self.app, self.toolbox.add_host(app.app_context))
        app.wsgi_app = mounted  # type: ignore[method-assign]
        app.extensions["banker"] = self
        app.cli.add_command(commands(self.config))

    def around_talk(self, context: TalkContext) -> TalkContext:
        """Play each talk of `flask banker test` in a context of the host's, such as one with a database as new.

        ::

            @banker.around_talk
            @contextmanager
            def fresh_books():
                with books.of_a_new_bank():
                    yield

        `context` returns a context manager. It is entered before each talk and left behind it, in the application
        context of the command. Several are entered in the order of registration. Can be used as a decorator.
        """
        self.talk_contexts.append(context)
        return context

    def create_session(
        self,
        *,
        user_id: str | int,
        portal_context: Mapping[str, str] | bytes | None = None,
        tenant_id: str | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Create a session for a user whom the host has authenticated. Returns the body of `POST /v1/sessions`.

        The session counts against the user's rate limit, like one created over HTTP.

        :param user_id: the user; the host vouches for the identity. An integer becomes its decimal digits.
        :param portal_context: what the user's page shows, such as `route` and `account_id`; or the unchecked body of
            the widget's request, `request.get_data()`. An empty body counts as no context.
        :param tenant_id: may be omitted if only one tenant is configured.
        :param claims: JSON data that tools get as `caller.claims`.
        :raises ApiError: 400, 429 or 503; answer with its `body()`, `status` and `headers`.
        :raises ValueError: if the tenant is not configured.
        """
        tenant = self.config.tenant(tenant_id)
        arguments = load_host_arguments(user_id=user_id, portal_context=portal_context, claims=claims)
        self._limits.count_session(tenant, arguments["user_id"])
        session, token = self.sessions.create(tenant=tenant, **arguments)
        self.metrics.sessions_created.inc()
        self._session_created(session, tenant)
        return created_body(session, token, tenant)

    def end_sessions(self, user_id: str | int, *, tenant_id: str | None = None) -> int:
        """End all sessions of a user whom the host signs out. Return how many were live.

        Their calls end on all workers, and their tokens become invalid.

        :param tenant_id: if omitted, the user's sessions end at every tenant.
        :raises ApiError: 400 for an invalid user id, 503 if the session store cannot be reached.
        :raises ValueError: if the tenant is not configured.
        """
        tenants = self.config.tenants.values() if tenant_id is None else [self.config.tenant(tenant_id)]
        user = load_host_arguments(user_id=user_id)["user_id"]
        return sum(self.sessions.end_all(tenant.tenant_id, user) for tenant in tenants)

    def hand_over(self, session_id: str, reason: str, urgency: Urgency = "normal") -> HandOverAnswer:
        """Call a colleague for a customer. The banker announces it, and goes on until a colleague joins.

        Returns whether the customer is in the queue, and at which position. Raises `ApiError` 404 for a session that
        is over, 503 if the store cannot be reached.
        """
        return self.handovers.request(session_id, reason, urgency)

    def check_ready(self) -> None:
        """Raise `ApiError` 503 unless this process can take a call. The first check starts loading the engines."""
        if self._draining.is_set():
            raise unavailable("This worker is shutting down.")
        self.store.check()
        if not self.media.ready:
            self.media.warm_up()
            raise unavailable(self.media.refusal or "The speech engines are loading.", retry_after=2)

    @property
    def is_loaded(self) -> bool:
        """Whether `start` has succeeded in this process."""
        return self.media.ready

    @property
    def live_calls(self) -> int:
        """The number of connected customers. After `drain` they finish, or reconnect to another worker."""
        return self.media.talking()

    def start(self) -> None:
        """Load the engines and start the media thread before the first call does. Takes seconds.

        Raises `ApiError` 503, and logs a line for each of `tool_mistakes`.
        """
        self.media.start()

    def tool_mistakes(self) -> list[str]:
        """Return a line for each tool that a tenant allows but the host has not registered, or that no skill uses.

        Call it once all tools are registered. The service takes no calls while there is a mistake.
        """
        return tool_mistakes(self.config, self.toolbox)

    def start_mistakes(self) -> list[str]:
        """Return a line for each reason not to start: `tool_mistakes` and unusable storage. Connects to Redis."""
        return self.tool_mistakes() + storage_mistakes(self.config)

    def drain(self) -> None:
        """Refuse new calls and ask connected clients to reconnect elsewhere. Does not wait for them."""
        if not self._draining.is_set():
            self._draining.set()
            self.signaling.drain()
            self.media.drain()
            self.handovers.attendance.stop()

    def close(self) -> None:
        """End all calls of this process and release its threads and connections. Waits a few seconds for tools."""
        self.drain()
        self.media.close()
        self.toolbox.close()
        self._hooks.close()
        if self._webhook is not None:
            self._webhook.close()
        self.store.close()

    def _tenant_agents(self) -> dict[str, TenantAgent]:
        if mistakes := self.tool_mistakes():
            raise ConfigError(mistakes)
        return build_tenant_agents(self.config, self.toolbox)

    def _session_created(self, session: Session, tenant: Tenant) -> None:
        self.audit.record("session.created", **session.ids)
        self.media.prepare(tenant)

    def _session_ended(self, session: Session) -> None:
        try:
            self.audit.record("session.ended", **session.ids, reason=session.reason)
        except ApiError:
            log.debug("the end of a session was not recorded")
        try:
            self.handovers.talk_ended(session)
        except ApiError:
            log.debug("the desk keeps an ended session until it expires")
        self._hooks.talk_ended(session)

    def _session_rated(self, session: Session, rating: Rating) -> None:
        self.metrics.ratings[rating].inc()
        self.audit.record("session.rated", **session.ids, rating=rating)
        self._hooks.talk_rated(session, rating)

    def _service_app(self, clock: Callable[[], float], limits_backend: Mapping[str, Any]) -> Flask:
        config, metrics = self.config, self.metrics
        app = Flask("banker", static_folder=None)
        app.config["SOCK_SERVER_OPTIONS"] = dict(SOCKET_OPTIONS)
        app.extensions["banker"] = self
        self.toolbox.app_context = app.app_context

        # The order matters: hooks run in the order of registration.
        request_hooks.register(app, config, metrics)
        app.wsgi_app = WsgiServerCheck(app.wsgi_app, config)  # type: ignore[method-assign]
        self._limits = RateLimits(app, config, limits_backend, metrics)
        cors.register(app, config)

        verifier = Verifier(config, clock)
        auth = Authenticator(config, verifier, self.tokens, self.sessions, self._limits, metrics)
        self.signaling = Signaling(config, auth, self.media, metrics)
        app.register_blueprint(health_blueprint(self.check_ready, metrics, config.metrics.token, auth))
        app.register_blueprint(
            sessions_blueprint(
                auth, self._limits, verifier, self.sessions, metrics, self._session_created, self._session_rated
            )
        )
        app.register_blueprint(self.signaling.blueprint())
        app.register_blueprint(openapi_blueprint(CLIENT_MESSAGES | SERVICE_MESSAGES, CLIENT_EVENTS | BANKER_EVENTS))
        app.register_blueprint(widget_blueprint(config, self.media.portrait))
        if self._desk_access is not None:
            tokens, store = DeskTokens(config.secret_key, clock), self._desk_store
            access = DeskAccess(config, self._desk_access, self._hosts, tokens, store, auth)
            app.register_blueprint(
                desk_blueprint(config, access, self._desk_talks, self.sessions, self.toolbox.specs, self.media)
            )
        return app


def _mistakes(config: Config) -> list[str]:
    return (
        check_keys(config)
        + knowledge_mistakes(config)
        + skill_mistakes(config.skills_path)
        + shared_port_mistakes(config)
    )


def create_app(
    config: Config | Path | str | None = None,
    clock: Callable[[], float] = time.time,
    desk_access: Callable[[], Colleague | None] | None = None,
) -> Flask:
    """Create the service as a standalone Flask app, with logging. Arguments and errors are those of `Banker`."""
    banker = Banker(config=config, clock=clock, desk_access=desk_access)
    logs.set_up(banker.config.server.log_format, banker.config.server.log_level)
    banker.app.cli.add_command(commands(banker.config))
    return banker.app
