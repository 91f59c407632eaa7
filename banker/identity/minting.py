"""Issues tokens in place of a bank's identity provider: for `flask banker token`, the demo page and tests."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import jwt

from banker.config.tenant import Tenant
from banker.identity.bearer_tokens import AUDIENCE
from banker.identity.decoding import MAX_SUBJECT_CHARACTERS, is_subject
from banker.identity.keys import static_keys


def mint(
    tenant: Tenant,
    subject: str,
    *,
    scope: str | None = None,
    lifetime: int = 3600,
    clock: Callable[[], float] = time.time,
) -> str:
    """Return a token of `tenant` about `subject` that is valid for `lifetime` seconds from now.

    `scope` becomes the claim of that name; `"banker:sessions"` makes the token a bearer for the bank's back end.
    Raises `ValueError` for a tenant without a shared secret (HS256): the service has no other tenant's signing key.
    """
    if tenant.identity.algorithms != ("HS256",):
        raise ValueError(
            f"tenant {tenant.tenant_id} signs with a private key that only the bank has; "
            "get a token from the bank, or use a tenant with secret_env (HS256)"
        )
    if not is_subject(subject):
        raise ValueError(f"the subject must be 1 to {MAX_SUBJECT_CHARACTERS} characters")
    if lifetime <= 0:
        raise ValueError("the lifetime must be a positive number of seconds")
    (key,) = static_keys(tenant.identity)
    now = int(clock())
    claims: dict[str, Any] = {
        "iss": tenant.identity.issuer,
        "sub": subject,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + lifetime,
        "jti": secrets.token_urlsafe(16),
    }
    if scope is not None:
        claims["scope"] = scope
    return jwt.encode(claims, key)
