"""Verification of what the banks' portals send: the bearer token of a request and the assertion about its user."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from banker.config.loading import ConfigError
from banker.config.settings import Config, Tenant
from banker.errors import unauthorized
from banker.identity.claims import check_claims, scopes
from banker.identity.jwks import JwksKeys
from banker.identity.jws import Refused, UnprovenToken, prove, read
from banker.identity.keys import KeySource, StaticKey, check_keys, static_key

SCOPE_FOR_USERS = "banker:sessions"

# A bank signs other things with the same key (log-out tokens, DPoP proofs, security events), and those say so in `typ`;
# an access or ID token says JWT, at+jwt (RFC 9068 §2.1) or nothing. RFC 8725 §3.11 and §2.8.
_TYPES = frozenset(("", "jwt", "at+jwt"))

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bearer:
    """Who calls: a user of a tenant, or that tenant's back end when it `acts_for_users`; `token` has proven it."""

    tenant: Tenant
    subject: str
    acts_for_users: bool
    claims: dict[str, Any] = field(repr=False)
    token: str = field(repr=False)

    def reaches(self, tenant_id: str, user_id: str) -> bool:
        """Whether this caller may see and change what belongs to a user of a tenant."""
        return self.tenant.tenant_id == tenant_id and (self.acts_for_users or self.subject == user_id)


class Verifier:
    """Verifies tokens of the tenants, each with its own tenant's keys and algorithms only.

    Raises `ConfigError` if a configured key cannot be used. Safe to call from any thread; blocks at most for one fetch
    of a tenant's JWK Set (2 s).
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.time) -> None:
        mistakes = check_keys(config)
        if mistakes:
            raise ConfigError(mistakes)
        self._clock = clock
        self._tenants = {tenant.identity.issuer: tenant for tenant in config.tenants.values()}
        self._keys = {tenant_id: _key_source(tenant, clock) for tenant_id, tenant in config.tenants.items()}

    def bearer(self, token: str) -> Bearer:
        """The caller that a bearer token proves. Raises `ApiError` 401."""
        tenant = None
        try:
            unproven = read(token)
            tenant = self._tenant_of(unproven)
            claims = self._verify(tenant, unproven)
        except Refused as reason:
            log.info("bearer refused (tenant %s): %s", tenant.tenant_id if tenant else "unknown", reason)
            raise unauthorized() from None
        return Bearer(tenant, claims["sub"], SCOPE_FOR_USERS in scopes(claims), claims, token)

    def assertion(self, tenant: Tenant, token: str, user_id: str, bearer: Bearer | None = None) -> dict[str, Any]:
        """The claims that `tenant` makes about its user `user_id`. Raises `ApiError` 401.

        `bearer` of the same request: a user's own token that serves as both is proven once.
        """
        proven = bearer is not None and bearer.tenant is tenant and bearer.token == token
        try:
            claims = bearer.claims if bearer and proven else self._verify(tenant, read(token))
            if claims["sub"] != user_id:
                raise Refused("sub is not the user of the request")
        except Refused as reason:
            log.info("assertion refused (tenant %s): %s", tenant.tenant_id, reason)
            raise unauthorized() from None
        return claims

    def _tenant_of(self, unproven: UnprovenToken) -> Tenant:
        issuer = unproven.claims.get("iss")
        tenant = self._tenants.get(issuer) if isinstance(issuer, str) else None
        if tenant is None:
            raise Refused("iss is missing or names no tenant")
        return tenant

    def _verify(self, tenant: Tenant, unproven: UnprovenToken) -> dict[str, Any]:
        """The claims, proven to be this tenant's. The cheap checks come first: a refused token costs no signature."""
        if unproven.type not in _TYPES:
            raise Refused("header typ is that of another kind of token")
        if unproven.algorithm not in tenant.identity.algorithms:
            raise Refused("header alg is not one of the tenant's")
        check_claims(unproven.claims, tenant.identity.issuer, self._clock())
        source = self._keys.get(tenant.tenant_id)
        candidates = source.candidates(unproven.key_id) if source else ()
        fitting = [key for key in candidates if unproven.algorithm in key.algorithms]
        if len(fitting) != 1:
            raise Refused(f"{len(fitting)} keys of the tenant fit header kid and alg")
        prove(unproven, fitting[0])
        return unproven.claims


def _key_source(tenant: Tenant, clock: Callable[[], float]) -> KeySource:
    identity = tenant.identity
    if identity.jwks_url is not None:
        return JwksKeys(tenant.tenant_id, identity.jwks_url, identity.algorithms, clock)
    return StaticKey(static_key(identity))
