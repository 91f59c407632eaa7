"""The ephemeral token is short-lived, bound to one session, and never confused with another kind of token."""

import jwt
import pytest

from banker.errors import ApiError
from banker.identity import EphemeralTokens, is_ephemeral
from banker.key_derivation import derive_key

SECRET = b"k" * 32
TYPE = {"typ": "banker-ephemeral+jwt"}


@pytest.fixture
def tokens(clock):
    return EphemeralTokens(SECRET, clock)


def refused(tokens, token):
    with pytest.raises(ApiError) as caught:
        tokens.verify(token)
    return caught.value.status == 401


def test_a_token_carries_its_session_id_and_its_token_id(tokens, clock):
    issued = tokens.issue("sess-1", clock.now + 1800)
    assert tokens.verify(issued.token) == ("sess-1", issued.token_id)


def test_a_process_with_the_same_secret_verifies_the_token(tokens, clock):
    issued = tokens.issue("sess-1", clock.now + 1800)
    assert EphemeralTokens(SECRET, clock).verify(issued.token) == ("sess-1", issued.token_id)
    assert refused(EphemeralTokens(b"other" * 8, clock), issued.token)


def test_no_two_tokens_are_the_same(tokens, clock):
    issued = [tokens.issue("sess-1", clock.now + 1800) for _ in range(100)]
    assert len({one.token_id for one in issued}) == len({one.token for one in issued}) == 100


def test_a_token_expires_after_exactly_five_minutes(tokens, clock):
    issued = tokens.issue("sess-1", clock.now + 1800)
    assert issued.expires_at == int(clock.now) + 300
    clock.now += 299
    assert tokens.verify(issued.token)
    clock.now += 1
    assert refused(tokens, issued.token)


def test_a_token_expires_no_later_than_its_session(tokens, clock):
    issued = tokens.issue("sess-1", clock.now + 42.9)
    assert issued.expires_at == int(clock.now) + 42
    clock.now += 42
    assert refused(tokens, issued.token)


def test_the_repr_does_not_contain_the_token(tokens, clock):
    issued = tokens.issue("sess-1", clock.now + 1800)
    assert issued.token not in repr(issued)


def test_a_banks_token_is_refused_as_an_ephemeral_token(world):
    assert refused(world.ephemeral, world.alpha_token())
    assert refused(world.ephemeral, world.alpha_token(TYPE))


def test_a_token_signed_with_the_secret_key_itself_is_refused(world):
    """The signing key is derived, so a tenant with the same bytes as its secret gains nothing."""
    claims = {"iss": "virtual-banker", "aud": "virtual-banker/session", "sub": "sess-1", "jti": "1"}
    times = {"iat": int(world.clock.now), "exp": int(world.clock.now) + 300}
    assert refused(world.ephemeral, world.hs256({**claims, **times}, SECRET, TYPE))


@pytest.mark.parametrize(("changed", "header"), [
    ({"iss": "https://alpha.example"}, {}), ({"aud": "virtual-banker"}, {}), ({"aud": ["virtual-banker/session"]}, {}),
    ({"sub": None}, {}), ({"sub": ""}, {}), ({"sub": 1}, {}), ({"jti": None}, {}), ({"jti": 7}, {}),
    ({"exp": None}, {}), ({"exp": "1800000300"}, {}), ({"exp": float("nan")}, {}), ({"exp": 1e300}, {}),
    ({}, {"typ": "JWT"}), ({}, {"typ": None}), ({}, {"crit": ["b64"]}), ({}, {"alg": "none"}), ({}, {"alg": "HS512"}),
], ids=str)  # fmt: skip
def test_a_token_that_deviates_is_refused_even_with_the_right_key(world, changed, header):
    tokens = world.ephemeral
    good = jwt.decode(tokens.issue("sess-1", world.clock.now + 900).token, options={"verify_signature": False})
    key = derive_key(SECRET, b"virtual-banker ephemeral token HS256 v1")
    assert tokens.verify(world.hs256(good, key, TYPE))
    assert refused(tokens, world.hs256({**good, **changed}, key, {**TYPE, **header}))


def test_a_tampered_token_is_refused(tokens, clock):
    mine, other = (tokens.issue(name, clock.now + 900).token.split(".") for name in ("sess-1", "sess-2"))
    assert refused(tokens, ".".join((mine[0], other[1], mine[2])))
    assert refused(tokens, ".".join((mine[0], mine[1], other[2])))
    assert refused(tokens, ".".join(mine[:2]) + ".")


def test_the_type_header_alone_selects_the_verifier(world):
    assert is_ephemeral(world.ephemeral.issue("sess-1", world.clock.now + 900).token)
    assert is_ephemeral(world.alpha_token({"typ": "application/Banker-Ephemeral+JWT"}))
    assert not is_ephemeral(world.alpha_token())
    for junk in ("", "..", "junk", "é.é.é", "A" * 9000, world.alpha_token({"typ": 1}), None):
        assert not is_ephemeral(junk)


def test_a_weak_secret_key_is_refused_at_start_up():
    with pytest.raises(ValueError, match="32 bytes"):
        EphemeralTokens(b"short")
