"""Authentication: verify the banks' tokens, and issue and verify ephemeral and desk tokens (RFC 7519, RFC 8725)."""

from banker.identity.bearer_tokens import Bearer, Verifier
from banker.identity.desk_tokens import DeskClaims, DeskTokens
from banker.identity.ephemeral_tokens import EphemeralTokens, is_ephemeral
from banker.identity.keys import check_keys
from banker.identity.minting import mint

__all__ = [
    "Bearer",
    "DeskClaims",
    "DeskTokens",
    "EphemeralTokens",
    "Verifier",
    "check_keys",
    "is_ephemeral",
    "mint",
]
