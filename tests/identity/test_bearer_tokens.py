"""Valid tokens are accepted and reach exactly the sessions that they should."""

import logging

import pytest

from banker.errors import ApiError

BACK_END = {"sub": "portal", "scope": "openid banker:sessions"}


@pytest.mark.parametrize(("tenant_id", "algorithm", "key"), [
    ("beta", "RS256", "rsa"), ("ps", "PS256", "rsa"), ("es", "ES256", "ec"), ("ed", "EdDSA", "ed"),
])  # fmt: skip
def test_a_token_signed_with_the_banks_private_key_names_its_user(world, tenant_id, algorithm, key):
    token = world.sign(world.claims(tenant_id), getattr(world.keys, key), algorithm)
    bearer = world.verifier.bearer(token)
    assert (bearer.tenant.tenant_id, bearer.subject, bearer.acts_for_users) == (tenant_id, "user-1", False)


def test_a_token_signed_with_the_shared_secret_names_its_user(world):
    assert world.verifier.bearer(world.alpha_token()).subject == "user-1"


def test_an_integer_subject_is_taken_as_text(world):
    token = world.alpha_token(sub=42)
    bearer = world.verifier.bearer(token)
    assert bearer.subject == "42"
    assert world.verifier.assertion(bearer.tenant, token, "42")["sub"] == "42"


def test_a_users_own_token_reaches_only_that_user(world):
    bearer = world.verifier.bearer(world.alpha_token())
    assert bearer.reaches("alpha", "user-1")
    assert not bearer.reaches("alpha", "user-2")
    assert not bearer.reaches("beta", "user-1")


def test_the_banks_back_end_reaches_all_users_of_its_tenant_and_no_other_tenant(world):
    bearer = world.verifier.bearer(world.alpha_token(**BACK_END))
    assert bearer.acts_for_users
    assert bearer.reaches("alpha", "user-1")
    assert bearer.reaches("alpha", "user-2")
    assert not bearer.reaches("beta", "user-1")


@pytest.mark.parametrize("scope", [
    "", "banker", "banker:session", "banker:sessions2", "xbanker:sessions", "banker:sessions,openid", "BANKER:SESSIONS",
])  # fmt: skip
def test_only_the_exact_scope_acts_for_users(world, scope):
    assert not world.verifier.bearer(world.alpha_token(scope=scope)).acts_for_users


@pytest.mark.parametrize("changed", [
    {"aud": ["virtual-banker"]},
    {"aud": ["https://other.example", "virtual-banker"]},
    {"sub": "x" * 128},
    {"sub": "Зоя Müller 東京"},
    {"exp": 1_800_000_300.75},
    {"iat": 1_799_999_999.5},
    {"nbf": 1_799_999_990},
    {"jti": "1", "name": "Ada", "act": {"sub": "portal"}},
], ids=lambda changed: next(iter(changed)))  # fmt: skip
def test_claims_that_the_standard_allows_are_accepted(world, changed):
    assert world.verifier.bearer(world.alpha_token(**changed))


@pytest.mark.parametrize("header", [
    {"typ": "JWT"}, {"typ": "jwt"}, {"typ": "at+jwt"}, {"typ": "application/at+jwt"}, {"kid": "any"}, {"cty": "x"},
    {"jku": "http://127.0.0.1:1/"}, {"x5u": "http://127.0.0.1:1/"}, {"x5c": ["AAAA"]}, {"x5t": "AAAA"},
], ids=str)  # fmt: skip
def test_harmless_headers_are_accepted_or_ignored(world, header):
    assert world.verifier.bearer(world.alpha_token(header))


def test_a_token_is_valid_for_the_leeway_after_its_expiry_and_no_longer(world):
    token = world.alpha_token(exp=int(world.clock.now))
    world.clock.now += 29
    assert world.verifier.bearer(token)
    world.clock.now += 1
    with pytest.raises(ApiError):
        world.verifier.bearer(token)


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_bank_whose_clock_is_up_to_thirty_seconds_ahead_is_accepted(world, name):
    assert world.verifier.bearer(world.alpha_token(**{name: int(world.clock.now) + 30}))
    with pytest.raises(ApiError):
        world.verifier.bearer(world.alpha_token(**{name: int(world.clock.now) + 31}))


def test_an_assertion_gives_the_verified_claims_about_the_user(world):
    token = world.alpha_token(name="Ada", accounts=["acc-1"])
    claims = world.verifier.assertion(world.alpha, token, "user-1")
    assert (claims["sub"], claims["name"], claims["accounts"]) == ("user-1", "Ada", ["acc-1"])


def test_a_users_own_bearer_is_also_an_assertion_about_that_user(world):
    token = world.alpha_token()
    bearer = world.verifier.bearer(token)
    assert world.verifier.assertion(bearer.tenant, token, bearer.subject)["sub"] == "user-1"


def test_a_verified_bearer_is_an_assertion_about_its_own_user_only(world):
    token = world.alpha_token(scope="banker:sessions")
    bearer = world.verifier.bearer(token)
    assert world.verifier.assertion(world.alpha, token, "user-1", bearer)["sub"] == "user-1"
    other = world.alpha_token(sub="user-2")
    assert world.verifier.assertion(world.alpha, other, "user-2", bearer)["sub"] == "user-2"
    for tenant, assertion, user_id in (
        (world.alpha, token, "user-2"),  # about the bearer's user, not the user of the request
        (world.gamma, token, "user-1"),  # of another tenant
        (world.alpha, other[:-4] + "AAAA", "user-2"),  # another token without a valid signature
    ):
        with pytest.raises(ApiError) as caught:
            world.verifier.assertion(tenant, assertion, user_id, bearer)
        assert caught.value.status == 401


def test_an_assertion_about_another_user_is_refused(world):
    with pytest.raises(ApiError) as caught:
        world.verifier.assertion(world.alpha, world.alpha_token(), "user-2")
    assert caught.value.status == 401


def test_an_assertion_of_another_tenant_is_refused(world):
    with pytest.raises(ApiError) as caught:
        world.verifier.assertion(world.beta, world.alpha_token(), "user-1")
    assert caught.value.status == 401


def test_all_refusals_are_identical_and_only_the_log_has_the_reason(world, caplog):
    caplog.set_level(logging.DEBUG)
    expired = world.alpha_token(exp=1, sub="secret-subject")
    unsigned = expired.rpartition(".")[0] + ".AAAA"
    answers = []
    for token in (expired, unsigned, "junk", world.alpha_token({"kid": 5}), world.alpha_token(iss="https://x.example")):
        with pytest.raises(ApiError) as caught:
            world.verifier.bearer(token)
        assert caught.value.__cause__ is None
        answers.append((caught.value.status, caught.value.body(), caught.value.headers))
        assert token not in caplog.text
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 401
    assert "bearer refused (tenant alpha): exp has passed" in caplog.text
    assert "secret-subject" not in caplog.text
    assert {record.levelname for record in caplog.records} == {"INFO"}
