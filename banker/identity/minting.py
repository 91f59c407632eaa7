"""Tokens as a bank's identity provider would issue them: for `flask banker token`, the demo page and tests."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import jwt

from banker.config.settings import Tenant
from banker.identity.claims import AUDIENCE, MAXIMUM_SUBJECT_CHARACTERS, is_subject
from banker.identity.keys import static_key


def mint(
    tenant: Tenant,
    subject: str,
    *,
    scope: str | None = None,
    lifetime: int = 3600,
    clock: Callable[[], float] = time.time,
) -> str:
    """A token of `tenant` about `subject` that is good for `lifetime` seconds from now.

    `scope` is the space-separated claim; `"banker:sessions"` makes it a bearer for the bank's back end.
    Raises `ValueError` for a tenant whose signing key is not here: only a shared secret (HS256) signs and verifies.
    """
    if tenant.identity.algorithms != ("HS256",):
        raise ValueError(
            f"tenant {tenant.tenant_id} signs with a private key that only the bank has; "
            "get a token from the bank, or use a tenant with secret_env (HS256)"
        )
    if not is_subject(subject):
        raise ValueError(f"the subject must be 1 to {MAXIMUM_SUBJECT_CHARACTERS} characters")
    if lifetime <= 0:
        raise ValueError("the lifetime must be a positive number of seconds")
    static_key(tenant.identity)  # refuses a secret too weak to verify with
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
    return jwt.encode(claims, tenant.identity.secret or b"", algorithm="HS256")
