"""Access to the desk: the host identifies the visitor of its page, who then gets a desk token."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, request

from banker.config.settings import Config
from banker.errors import ApiError, unauthorized
from banker.handover import Colleague
from banker.handover.desk_store import DeskStore
from banker.http.auth import Authenticator, bearer_token
from banker.identity import DeskTokens
from banker.identity.service_tokens import LIFETIME_S
from banker.server.mount import HOST_KEY, PREFIX_KEY
from banker.timestamps import rfc3339
from banker.tools.results import redacted_traceback

log = logging.getLogger(__name__)

MAX_NAME_CHARACTERS = 80
"""The longest name of a colleague. It is spoken to customers."""
FindColleague = Callable[[], Colleague | None]


class DeskAccess:
    """Issues desk tokens to the colleagues that `find_colleague` returns, and checks them.

    The function runs in a request context of the host's application, with the cookies of the page's request, so that
    it can use `flask.session` or `current_user`. Hooks such as `before_request` do not run. It returns None to
    refuse. `hosts` are the applications in which the service is mounted.
    """

    def __init__(
        self,
        config: Config,
        find_colleague: FindColleague,
        hosts: list[Flask],
        tokens: DeskTokens,
        store: DeskStore,
        auth: Authenticator,
    ) -> None:
        self._config = config
        self._find_colleague = find_colleague
        self._hosts = hosts
        self._tokens = tokens
        self._store = store
        self._auth = auth

    def begin(self) -> tuple[Colleague, dict[str, str]]:
        """Identify the colleague, and issue a token that replaces the earlier one. Raises `ApiError` 401."""
        if not _is_same_origin():
            raise unauthorized()
        colleague = self._auth.counting_failures(self._ask_host)
        token = self._tokens.issue(colleague.tenant_id, colleague.id, colleague.name)
        self._store.set_token(colleague.tenant_id, colleague.id, token.token_id, LIFETIME_S)
        return colleague, {"token": token.token, "expires_at": rfc3339(token.expires_at)}

    def colleague(self) -> Colleague:
        """Return the owner of the request's desk token. Raises `ApiError` 401, also for a replaced token."""
        return self._auth.counting_failures(self._check_token)

    def _check_token(self) -> Colleague:
        claims = self._tokens.verify(bearer_token())
        is_current = self._store.token(claims.tenant_id, claims.colleague_id) == claims.token_id
        if claims.tenant_id not in self._config.tenants or not is_current:
            raise unauthorized()
        return Colleague(claims.colleague_id, claims.name, claims.tenant_id)

    def _ask_host(self) -> Colleague:
        try:
            colleague = self._in_host()
        except ApiError:
            raise
        except Exception as error:
            log.error("desk_access failed: %s", redacted_traceback(error))
            colleague = None
        if colleague is None:
            raise unauthorized("The desk is for the bank's staff. Sign in first.")
        if colleague.tenant_id not in self._config.tenants or not _is_valid(colleague):
            log.error("desk_access returned a colleague of an unknown tenant, or without an id or a name")
            raise unauthorized()
        return colleague

    def _in_host(self) -> Colleague | None:
        number = request.environ.get(HOST_KEY)
        if number is None or number >= len(self._hosts):
            return self._find_colleague()
        host, environ = self._hosts[number], request.environ
        prefix = environ.get(PREFIX_KEY, "")
        script_name = environ.get("SCRIPT_NAME", "").removesuffix(prefix)
        path = prefix + environ.get("PATH_INFO", "")
        with host.request_context({**environ, "SCRIPT_NAME": script_name, "PATH_INFO": path}):
            return self._find_colleague()


def _is_valid(colleague: Colleague) -> bool:
    parts: tuple[Any, ...] = (colleague.id, colleague.name)
    return all(isinstance(part, str) and 0 < len(part.strip()) <= MAX_NAME_CHARACTERS for part in parts)


def _is_same_origin() -> bool:
    """Return whether the request comes from a page of this host. Browsers send `Origin` with every POST."""
    origin = request.headers.get("Origin")
    return origin is None or origin.lower().partition("://")[2] == request.host.lower()
