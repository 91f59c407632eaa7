"""Loads the configured keys as `jwt.PyJWK`, each bound to one algorithm, and checks that they fit.

A key is bound to its algorithm when it is loaded, not by a token's header (RFC 8725 section 3.1), so a public key
cannot become an HMAC secret. A key for several algorithms is loaded once for each.
"""

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from banker.config.settings import Config
from banker.config.tenant import IdentitySettings

MIN_SECRET_BYTES = 32
"""The shortest key that HS256 allows (RFC 7518 section 3.2)."""

KeyMaterial = bytes | RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_REQUIREMENTS = {
    "HS256": "a shared secret of 32 bytes or more",
    "RS256": "an RSA key of 2048 bits or more",
    "PS256": "an RSA key of 2048 bits or more",
    "ES256": "an EC key on P-256",
    "EdDSA": "an Ed25519 key",
}


def symmetric_key(secret: bytes) -> jwt.PyJWK:
    """Return a shared secret as a key for HS256."""
    return _bind(secret, "HS256")


def static_keys(identity: IdentitySettings) -> tuple[jwt.PyJWK, ...]:
    """Return the key of a tenant with a shared secret or a public key file, bound to each of its algorithms.

    Raises `ValueError` with the text `identity.<setting>: <what to fix>`.
    """
    if identity.public_key is not None:
        setting = "identity.public_key_file"
        material: KeyMaterial = _load_pem(identity.public_key, setting)
    else:
        setting = "identity.secret_env"
        material = _check_secret(identity.secret or b"", setting)
    for name in identity.algorithms:
        if not _fits(material, name):
            raise ValueError(f"{setting}: {name} needs {_REQUIREMENTS[name]}, and this is {_describe(material)}")
    return tuple(_bind(material, name) for name in identity.algorithms)


def check_keys(config: Config) -> list[str]:
    """Return a line for each configured key that cannot be used: `<tenant_id>.toml: identity.<setting>: <fix>`."""
    mistakes = []
    for tenant in config.tenants.values():
        if tenant.identity.jwks_url is None:
            try:
                static_keys(tenant.identity)
            except ValueError as mistake:
                mistakes.append(f"{tenant.tenant_id}.toml: {mistake}")
    return mistakes


def _bind(material: KeyMaterial, algorithm: str) -> jwt.PyJWK:
    return jwt.PyJWK(jwt.get_algorithm_by_name(algorithm).to_jwk(material, as_dict=True), algorithm)


def _fits(material: KeyMaterial, algorithm: str) -> bool:
    """Return whether a key has the type, curve and size that an algorithm needs."""
    handler = jwt.get_algorithm_by_name(algorithm)
    try:
        return handler.check_key_length(handler.prepare_key(material)) is None
    except (jwt.InvalidKeyError, TypeError):
        return False


def _check_secret(secret: bytes, setting: str) -> bytes:
    try:
        jwt.get_algorithm_by_name("HS256").prepare_key(secret)
    except jwt.InvalidKeyError:
        raise ValueError(f"{setting}: is empty or holds a key file; give 32 random bytes or more") from None
    return secret


def _load_pem(text: str, setting: str) -> KeyMaterial:
    if "PRIVATE KEY-----" in text:
        raise ValueError(f"{setting}: holds a private key, which only the bank may have; give the public key")
    if "BEGIN CERTIFICATE-----" in text:
        raise ValueError(f"{setting}: holds a certificate; give its key (openssl x509 -pubkey -noout)")
    try:
        material = load_pem_public_key(text.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f'{setting}: is not a PEM public key ("-----BEGIN PUBLIC KEY-----")') from None
    if not isinstance(material, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey):
        raise ValueError(f"{setting}: is of an unsupported type; give an RSA, EC P-256 or Ed25519 key")
    return material


def _describe(material: KeyMaterial) -> str:
    if isinstance(material, RSAPublicKey):
        return f"an RSA key of {material.key_size} bits"
    if isinstance(material, EllipticCurvePublicKey):
        return f"an EC key on {material.curve.name}"
    return f"a secret of {len(material)} bytes" if isinstance(material, bytes) else "an Ed25519 key"
