"""Authentication: verify the banks' tokens, and issue and verify our own ephemeral tokens (RFC 7519, RFC 8725)."""

from banker.identity.bearer_tokens import Bearer, Verifier
from banker.identity.ephemeral_tokens import EphemeralToken, EphemeralTokens, is_ephemeral
from banker.identity.keys import check_keys
from banker.identity.minting import mint

__all__ = [
    "Bearer",
    "EphemeralToken",
    "EphemeralTokens",
    "Verifier",
    "check_keys",
    "is_ephemeral",
    "mint",
]
