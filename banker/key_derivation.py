"""Derives a separate key for each purpose from one secret."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


def derive_key(secret: bytes, label: bytes) -> bytes:
    """Return 32 bytes by HKDF-SHA256 (RFC 5869). The label separates this key from other uses of the same secret."""
    return HKDF(SHA256(), KEY_BYTES, None, label).derive(secret)
