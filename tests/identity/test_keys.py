"""A configured key that cannot be used is reported at start-up with the file, the setting and the fix."""

import pytest

from banker.config.loading import ConfigError
from banker.config.settings import Config
from banker.identity import Verifier, check_keys

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def config_with(*tenants):
    return Config(tenants={tenant.tenant_id: tenant for tenant in tenants})


def test_valid_keys_are_not_reported(world):
    assert check_keys(world.config) == []


@pytest.mark.parametrize(("algorithms", "text", "fix"), [
    (["RS256"], lambda k, f: "junk", "is not a PEM public key"),
    (["RS256"], lambda k, f: "", "is not a PEM public key"),
    (["RS256"], lambda k, f: CERTIFICATE, "holds a certificate; give its key"),
    (["RS256"], lambda k, f: f.private_pem(k.rsa), "holds a private key, which only the bank may have"),
    (["RS256"], lambda k, f: f.pem(k.small_rsa), "2048 bits or more, and this is an RSA key of 1024 bits"),
    (["RS256"], lambda k, f: f.pem(k.ec), "RS256 needs an RSA key of 2048 bits or more, and this is an EC key"),
    (["ES256"], lambda k, f: f.pem(k.p384), "ES256 needs an EC key on P-256, and this is an EC key on secp384r1"),
    (["ES256"], lambda k, f: f.pem(k.rsa), "ES256 needs an EC key on P-256, and this is an RSA key of 2048 bits"),
    (["EdDSA"], lambda k, f: f.pem(k.ec), "EdDSA needs an Ed25519 key"),
    (["PS256"], lambda k, f: f.pem(k.ed), "PS256 needs an RSA key of 2048 bits or more, and this is an Ed25519 key"),
    (["RS256", "ES256"], lambda k, f: f.pem(k.rsa), "ES256 needs an EC key on P-256"),
    (["HS256"], lambda k, f: f.pem(k.rsa), "HS256 needs a shared secret"),
])  # fmt: skip
def test_a_key_file_that_does_not_fit_is_reported(keys, forms, algorithms, text, fix):
    config = config_with(forms.tenant("bank", *algorithms, public_key_file="bank.pem", public_key=text(keys, forms)))
    (mistake,) = check_keys(config)
    assert mistake.startswith("bank.toml: identity.public_key_file: ")
    assert fix in mistake
    assert "\n" not in mistake


@pytest.mark.parametrize("secret", [b"", b"too short", None])
def test_a_secret_that_is_too_short_is_reported(forms, secret):
    (mistake,) = check_keys(config_with(forms.tenant("bank", "HS256", secret_env="X", secret=secret)))
    assert mistake.startswith("bank.toml: identity.secret_env: ")
    assert "too short" not in mistake


def test_a_public_key_is_refused_as_a_shared_secret(keys, forms):
    secret = forms.pem(keys.rsa).encode()
    (mistake,) = check_keys(config_with(forms.tenant("bank", "HS256", secret_env="X", secret=secret)))
    assert mistake == "bank.toml: identity.secret_env: is empty or holds a key file; give 32 random bytes or more"


def test_all_mistakes_are_reported_at_once_and_stop_the_verifier(forms):
    config = config_with(forms.tenant("one", "RS256", public_key="?"), forms.tenant("two", "EdDSA", public_key="?"))
    assert [line.split(":")[0] for line in check_keys(config)] == ["one.toml", "two.toml"]
    with pytest.raises(ConfigError) as caught:
        Verifier(config)
    assert caught.value.mistakes == check_keys(config)


def test_a_jwks_url_is_not_fetched_at_start_up(forms):
    assert check_keys(config_with(forms.tenant("bank", "RS256", jwks_url="https://bank.invalid/jwks"))) == []
