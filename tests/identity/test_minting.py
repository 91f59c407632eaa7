"""A minted token is one that the verifier accepts."""

from dataclasses import replace

import pytest

from banker.errors import ApiError
from banker.identity import mint


def test_a_minted_token_is_a_bearer_and_an_assertion(world):
    token = mint(world.alpha, "user-456", scope=None, lifetime=60, clock=world.clock)
    assert world.verifier.bearer(token).subject == "user-456"
    assert world.verifier.assertion(world.alpha, token, "user-456")["iss"] == "https://alpha.example"


def test_a_minted_token_carries_its_scope(world):
    token = mint(world.alpha, "portal", scope="banker:sessions", lifetime=60, clock=world.clock)
    assert world.verifier.bearer(token).acts_for_users


def test_a_minted_token_expires_after_its_lifetime(world):
    token = mint(world.alpha, "user-456", scope=None, lifetime=60, clock=world.clock)
    world.clock.now += 90
    with pytest.raises(ApiError):
        world.verifier.bearer(token)


def test_a_tenant_without_a_shared_secret_cannot_mint(world):
    with pytest.raises(ValueError, match="tenant beta signs with a private key that only the bank has"):
        mint(world.beta, "user-456")


def test_a_secret_too_weak_to_verify_cannot_mint(world):
    weak = replace(world.alpha, identity=replace(world.alpha.identity, secret=b"short"))
    with pytest.raises(ValueError, match="32 bytes or more"):
        mint(weak, "user-456")


@pytest.mark.parametrize(("subject", "lifetime", "match"), [
    ("", 60, "subject"), ("x" * 129, 60, "subject"), ("user", 0, "lifetime"), ("user", -1, "lifetime"),
])  # fmt: skip
def test_a_token_that_would_be_refused_is_not_minted(world, subject, lifetime, match):
    with pytest.raises(ValueError, match=match):
        mint(world.alpha, subject, lifetime=lifetime)
