"""Verify the tokens of the banks: the bearer token of a request and the assertion about its end user."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from banker.config.loading import ConfigError
from banker.config.settings import Config
from banker.config.tenant import Tenant
from banker.errors import unauthorized
from banker.identity.decoding import UnverifiedToken, read_unverified, verify
from banker.identity.jwks_cache import JwksCache
from banker.identity.keys import check_keys, static_keys

AUDIENCE = "virtual-banker"
LEEWAY_S = 30.0
"""How far a bank's clock may be off. Hosts with NTP differ by far less."""
BACK_END_SCOPE = "banker:sessions"

_REQUIRED_CLAIMS = ("iss", "sub", "aud", "iat", "exp")

# Banks sign other tokens with the same key (logout tokens, DPoP proofs, security events) and mark them by `typ`.
# The `typ` of an access or ID token is JWT, at+jwt (RFC 9068 section 2.1) or absent. See RFC 8725 section 3.11.
_ACCEPTED_TYPES = ("", "jwt", "at+jwt")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bearer:
    """The authenticated caller: a user of a tenant, or the tenant's back end if `acts_for_users`."""

    tenant: Tenant
    subject: str
    acts_for_users: bool
    claims: dict[str, Any] = field(repr=False)
    token: str = field(repr=False)

    def reaches(self, tenant_id: str, user_id: str) -> bool:
        """Return whether this caller may access the data of a user of a tenant."""
        return self.tenant.tenant_id == tenant_id and (self.acts_for_users or self.subject == user_id)


class Verifier:
    """Verify tokens with the keys and algorithms of the tenant that issued them.

    Raises `ConfigError` if a configured key is unusable. Thread-safe. A verification blocks for 2 s at most, while a
    tenant's JWK Set is fetched. `clock` returns Unix seconds.
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.time) -> None:
        mistakes = check_keys(config)
        if mistakes:
            raise ConfigError(mistakes)
        self._clock = clock
        self._tenants = {tenant.identity.issuer: tenant for tenant in config.tenants.values()}
        self._static_keys: dict[str, Sequence[jwt.PyJWK]] = {}
        self._jwks: dict[str, JwksCache] = {}
        for tenant_id, tenant in config.tenants.items():
            identity = tenant.identity
            if identity.jwks_url is None:
                self._static_keys[tenant_id] = static_keys(identity)
            else:
                self._jwks[tenant_id] = JwksCache(tenant_id, identity.jwks_url, identity.algorithms, clock)

    def bearer(self, token: str) -> Bearer:
        """Return the caller that a bearer token authenticates. Raises `ApiError` 401."""
        tenant = None
        try:
            unverified = read_unverified(token)
            tenant = self._issuing_tenant(unverified)
            claims = self._verify(tenant, unverified)
        except jwt.PyJWTError as reason:
            log.info("bearer refused (tenant %s): %s", tenant.tenant_id if tenant else "unknown", reason)
            raise unauthorized() from None
        # `scope` is a list separated by spaces (RFC 8693 section 4.2).
        return Bearer(tenant, claims["sub"], BACK_END_SCOPE in claims.get("scope", "").split(" "), claims, token)

    def assertion(self, tenant: Tenant, token: str, user_id: str, bearer: Bearer | None = None) -> dict[str, Any]:
        """Return the claims that `tenant` makes about its user `user_id`. Raises `ApiError` 401.

        Pass the `bearer` of the same request: if its token is also the assertion, it is not verified again.
        """
        verified = bearer is not None and bearer.tenant is tenant and bearer.token == token
        try:
            claims = bearer.claims if bearer and verified else self._verify(tenant, read_unverified(token))
            if claims["sub"] != user_id:
                raise jwt.InvalidTokenError("sub is not the user of the request")
        except jwt.PyJWTError as reason:
            log.info("assertion refused (tenant %s): %s", tenant.tenant_id, reason)
            raise unauthorized() from None
        return claims

    def _issuing_tenant(self, unverified: UnverifiedToken) -> Tenant:
        issuer = unverified.claims.get("iss")
        tenant = self._tenants.get(issuer) if isinstance(issuer, str) else None
        if tenant is None:
            raise jwt.InvalidIssuerError("iss is missing or is not the issuer of any tenant")
        return tenant

    def _verify(self, tenant: Tenant, unverified: UnverifiedToken) -> dict[str, Any]:
        if unverified.type not in _ACCEPTED_TYPES:
            raise jwt.DecodeError("header typ is of another kind of token")
        claims = verify(
            unverified,
            self._key(tenant, unverified.header),
            issuer=tenant.identity.issuer,
            audience=AUDIENCE,
            require=_REQUIRED_CLAIMS,
            now=self._clock(),
            leeway_s=LEEWAY_S,
            integer_subject=True,
        )
        if not isinstance(claims.get("scope", ""), str):
            raise jwt.DecodeError("scope is not a string")
        return claims

    def _key(self, tenant: Tenant, header: dict[str, Any]) -> jwt.PyJWK:
        """Select the tenant's key for a token's `kid` and `alg`. Headers that carry or locate a key are ignored.

        A key in the configuration has no `kid`, so any `kid` selects it. (RFC 8725 section 3.10)
        """
        algorithm = header.get("alg")
        if algorithm not in tenant.identity.algorithms:
            raise jwt.InvalidAlgorithmError("header alg is not one of the tenant's")
        jwks = self._jwks.get(tenant.tenant_id)
        candidates = jwks.keys(header.get("kid")) if jwks else self._static_keys[tenant.tenant_id]
        fitting = [key for key in candidates if key.algorithm_name == algorithm]
        if len(fitting) != 1:
            raise jwt.InvalidKeyError(f"{len(fitting)} keys of the tenant match header kid and alg")
        return fitting[0]
