"""A token is read strictly before its signature is checked, and only with the algorithm bound to the key."""

import jwt
import pytest

from banker.identity.decoding import MAX_TOKEN_CHARACTERS, read_unverified, verify
from banker.identity.keys import static_keys, symmetric_key


def claims_of(world, token, key=None, **changed):
    expected = {"issuer": "https://alpha.example", "audience": "virtual-banker", "require": ("sub", "exp", "iat")}
    key = key or symmetric_key(world.alpha_secret)
    return verify(read_unverified(token), key, **{**expected, "now": world.clock.now, **changed})


def test_the_verified_claims_are_those_that_were_read(world):
    token = world.alpha_token(name="Zoë", limits=[1, 2.5], act={"sub": "portal"})
    assert claims_of(world, token) == read_unverified(token).claims


def test_a_claim_that_the_caller_requires_must_be_present(world):
    assert claims_of(world, world.alpha_token(jti="1"), require=("sub", "exp", "iat", "jti"))
    with pytest.raises(jwt.MissingRequiredClaimError):
        claims_of(world, world.alpha_token(), require=("sub", "exp", "iat", "jti"))


def test_without_leeway_a_token_expires_at_the_second_of_its_exp(world):
    token = world.alpha_token()
    assert claims_of(world, token, now=world.clock.now + 299.9)
    with pytest.raises(jwt.ExpiredSignatureError):
        claims_of(world, token, now=world.clock.now + 300)


def test_a_strict_audience_is_not_a_list(world):
    assert claims_of(world, world.alpha_token(), strict_audience=True)
    with pytest.raises(jwt.InvalidAudienceError):
        claims_of(world, world.alpha_token(aud=["virtual-banker"]), strict_audience=True)


def test_a_key_verifies_only_the_algorithm_that_it_is_bound_to(world):
    (key,) = static_keys(world.ps.identity)
    assert claims_of(world, world.sign(world.claims("alpha"), world.keys.rsa, "PS256"), key)
    with pytest.raises(jwt.InvalidAlgorithmError):
        claims_of(world, world.sign(world.claims("alpha"), world.keys.rsa, "RS256"), key)


@pytest.mark.parametrize("extension", [{"b64": True}, {"b64": False}, {"crit": ["exp"]}, {"crit": None}], ids=str)
def test_a_header_that_asks_for_an_extension_is_refused(world, extension):
    with pytest.raises(jwt.DecodeError, match="extension"):
        read_unverified(world.alpha_token(extension))


@pytest.mark.parametrize("payload", [
    b'{"sub":"user-1","act":{"sub":"a","sub":"b"}}', b'{"name":"a\\u0000"}', b'{"a":' * 20 + b"1" + b"}" * 20,
], ids=["duplicate member", "NUL", "deep"])  # fmt: skip
def test_claims_that_are_not_strict_json_are_refused(world, payload):
    with pytest.raises(jwt.DecodeError, match="strict JSON"):
        read_unverified(world.hs256(payload, world.alpha_secret))


def test_the_longest_token_allowed_is_read_and_a_longer_one_refused(world):
    token = next(
        token
        for size in range(5_900, 6_200)
        if len(token := world.alpha_token(filler="x" * size)) == MAX_TOKEN_CHARACTERS
    )
    assert read_unverified(token)
    with pytest.raises(jwt.DecodeError, match="too long"):
        read_unverified(token + "A")


def test_the_repr_contains_neither_the_token_nor_its_claims(world):
    token = world.alpha_token(name="Ada")
    assert token not in repr(read_unverified(token))
    assert "Ada" not in repr(read_unverified(token))
