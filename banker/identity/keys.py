"""Keys that verify: which key is good for which algorithm, PEM and JWK in, and the check of the tenants' own.

A key is bound to its algorithms when it is loaded, never when a token asks for one (RFC 8725 §3.1): a public key has
no symmetric algorithm among its own, so it cannot become an HMAC secret.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import HMACAlgorithm

from banker.config.settings import Config, IdentitySettings

MINIMUM_SECRET_BYTES = 32  # RFC 7518 §3.2
MINIMUM_RSA_BITS = 2048  # RFC 7518 §3.3

KeyMaterial = bytes | RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_NEEDS = {
    "HS256": "a shared secret of 32 bytes or more",
    "RS256": "an RSA key of 2048 bits or more",
    "PS256": "an RSA key of 2048 bits or more",
    "ES256": "an EC key on P-256",
    "EdDSA": "an Ed25519 key",
}
_ALGORITHM_OF_KTY = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}


@dataclass(frozen=True)
class VerificationKey:
    """One key, the algorithms that it may verify, and its `kid` if it has one."""

    material: KeyMaterial = field(repr=False)
    algorithms: frozenset[str]
    key_id: str | None = None


class KeySource(Protocol):
    """Where a tenant's keys come from."""

    def candidates(self, key_id: str | None) -> Sequence[VerificationKey]:
        """This tenant's keys for a token's `kid`; all of them for a token without one."""


@dataclass(frozen=True)
class StaticKey:
    """The one key that the configuration gives. It has no `kid`, so that whatever a token says selects it."""

    key: VerificationKey

    def candidates(self, key_id: str | None) -> Sequence[VerificationKey]:
        """The key."""
        return (self.key,)


def fits(material: object, algorithm: str) -> bool:
    """Whether a key is of the type and size that an algorithm needs."""
    if algorithm == "HS256":
        return isinstance(material, bytes) and len(material) >= MINIMUM_SECRET_BYTES
    if algorithm in ("RS256", "PS256"):
        return isinstance(material, RSAPublicKey) and material.key_size >= MINIMUM_RSA_BITS
    if algorithm == "ES256":
        return isinstance(material, EllipticCurvePublicKey) and isinstance(material.curve, SECP256R1)
    return algorithm == "EdDSA" and isinstance(material, Ed25519PublicKey)


def key_from_jwk(jwk: object, algorithms: Iterable[str]) -> VerificationKey | None:
    """A member of a JWK Set (RFC 7517 §4) as a key for some of `algorithms`.

    None if it is malformed, symmetric, private, not for verifying signatures, or for none of `algorithms`.
    """
    if not isinstance(jwk, dict):
        return None
    kty, use, operations, key_id = jwk.get("kty"), jwk.get("use"), jwk.get("key_ops"), jwk.get("kid")
    if not isinstance(kty, str) or kty not in _ALGORITHM_OF_KTY or not isinstance(key_id, str | None):
        return None
    if use not in (None, "sig") or (operations is not None and "verify" not in _list(operations)):
        return None
    if "d" in jwk:  # a private key in public is nobody's proof any more
        return None
    try:
        material = jwt.PyJWK(jwk, _ALGORITHM_OF_KTY[kty]).key
    except (jwt.PyJWTError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    usable = frozenset(name for name in algorithms if jwk.get("alg") in (None, name) and fits(material, name))
    return VerificationKey(material, usable, key_id) if usable else None


def static_key(identity: IdentitySettings) -> VerificationKey:
    """The key of a tenant with a shared secret or a public key file. Raises `ValueError`: `key: mend`."""
    material, where = _configured(identity)
    for name in identity.algorithms:
        if not fits(material, name):
            raise ValueError(f"identity.{where}: {name} needs {_NEEDS[name]}, and this is {_describe(material)}")
    return VerificationKey(material, frozenset(identity.algorithms))


def check_keys(config: Config) -> list[str]:
    """Every configured key that cannot do its work, as `<tenant_id>.toml: identity.<key>: <mend>`."""
    mistakes = []
    for tenant in config.tenants.values():
        if tenant.identity.jwks_url is None:
            try:
                static_key(tenant.identity)
            except ValueError as mistake:
                mistakes.append(f"{tenant.tenant_id}.toml: {mistake}")
    return mistakes


def _configured(identity: IdentitySettings) -> tuple[KeyMaterial, str]:
    if identity.public_key is not None:
        return _load_pem(identity.public_key), "public_key_file"
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(identity.secret or b"")
    except jwt.InvalidKeyError:
        raise ValueError("identity.secret_env: is empty or holds a key file; give 32 random bytes or more") from None
    return identity.secret or b"", "secret_env"


def _load_pem(text: str) -> KeyMaterial:
    where = "identity.public_key_file:"
    if "PRIVATE KEY-----" in text:
        raise ValueError(f"{where} holds a private key, which belongs to the bank alone; give the public key")
    if "BEGIN CERTIFICATE-----" in text:
        raise ValueError(f"{where} holds a certificate; give its key (openssl x509 -pubkey -noout)")
    try:
        material = load_pem_public_key(text.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f'{where} is no PEM public key ("-----BEGIN PUBLIC KEY-----")') from None
    if not isinstance(material, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey):
        raise ValueError(f"{where} is of an unknown type; give an RSA, EC P-256 or Ed25519 key")
    return material


def _describe(material: KeyMaterial) -> str:
    if isinstance(material, RSAPublicKey):
        return f"an RSA key of {material.key_size} bits"
    if isinstance(material, EllipticCurvePublicKey):
        return f"an EC key on {material.curve.name}"
    return f"a secret of {len(material)} bytes" if isinstance(material, bytes) else "an Ed25519 key"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
