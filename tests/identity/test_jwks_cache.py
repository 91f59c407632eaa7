"""Keys from a bank's JWKS URL are cached and rotated, and unsuitable ones are ignored."""

import pytest

from banker.config.settings import Config
from banker.errors import ApiError
from banker.identity import Verifier


def test_keys_are_fetched_once_and_then_cached(bank, server):
    assert all(bank.accepts() for _ in range(20))
    bank.clock.now += 299
    assert bank.accepts()
    assert len(server.requests) == 1
    bank.clock.now += 1
    assert bank.accepts()
    assert len(server.requests) == 2


def test_keys_of_all_types_are_supported(bank, server, forms):
    keys = bank.keys
    server.document["keys"] += [forms.jwk(keys.ec, "two"), forms.jwk(keys.ed, "three", alg="EdDSA", key_ops=["verify"])]
    assert bank.accepts()
    assert bank.accepts(kid="two", key="ec", algorithm="ES256")
    assert bank.accepts(kid="three", key="ed", algorithm="EdDSA")
    assert not bank.accepts(kid="two")
    assert not bank.accepts(kid="one", key="other_rsa")


def test_a_new_kid_is_fetched_at_once(bank, server, forms):
    assert bank.accepts()
    server.document["keys"].append(forms.jwk(bank.keys.other_rsa, "two"))
    assert bank.accepts(kid="two", key="other_rsa")
    assert bank.accepts()


def test_a_withdrawn_key_is_refused_within_the_cache_time(bank, server, forms):
    assert bank.accepts()
    server.document["keys"] = [forms.jwk(bank.keys.other_rsa, "two")]
    bank.clock.now += 300
    assert not bank.accepts()
    assert bank.accepts(kid="two", key="other_rsa")


def test_a_key_replaced_under_the_same_kid_is_fetched_within_the_cache_time(bank, server, forms):
    assert bank.accepts()
    server.document["keys"] = [forms.jwk(bank.keys.other_rsa, "one")]
    bank.clock.now += 300
    assert bank.accepts(key="other_rsa")
    assert not bank.accepts()


def test_invented_kids_reach_the_server_once_in_ten_seconds(bank, server):
    assert bank.accepts()
    for number in range(50):
        assert not bank.accepts(kid=f"junk-{number}")
    assert len(server.requests) == 2
    bank.clock.now += 9
    assert not bank.accepts(kid="junk")
    assert len(server.requests) == 2
    bank.clock.now += 1
    assert not bank.accepts(kid="junk")
    assert not bank.accepts(kid="junk")
    assert len(server.requests) == 3


def test_a_kid_never_becomes_part_of_a_request(bank, server):
    for kid in ("../../etc/passwd", "http://127.0.0.1:1/", "x?y=z", "\r\nHost: evil"):
        assert not bank.accepts(kid=kid)
    assert set(server.requests) == {"/jwks"}


def test_another_tenants_kid_is_looked_up_in_the_tenants_own_keys(bank, server):
    """`beta` signs with the same key that `bank` publishes as "one"; that makes neither the other."""
    for_bank = bank.sign(bank.claims("beta", iss="https://bank.example"), bank.keys.other_rsa, "RS256", {"kid": "one"})
    with pytest.raises(ApiError):
        bank.verifier.bearer(for_bank)
    assert bank.verifier.bearer(bank.beta_token({"kid": "one"})).tenant.tenant_id == "beta"
    with pytest.raises(ApiError):
        bank.verifier.assertion(bank.bank, bank.beta_token({"kid": "one"}), "user-1")


def test_a_token_without_kid_is_accepted_if_exactly_one_key_fits(bank, server, forms):
    server.document["keys"].append(forms.jwk(bank.keys.ec, "two"))
    assert bank.accepts(kid=None)
    server.document["keys"].append(forms.jwk(bank.keys.other_rsa, "three"))
    bank.clock.now += 300
    assert not bank.accepts(kid=None)
    assert bank.accepts(kid=None, key="ec", algorithm="ES256")


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_a_key_without_alg_verifies_each_of_the_tenants_algorithms(world, server, forms, algorithm):
    world.bank = forms.tenant("bank", "RS256", "PS256", jwks_url=server.url)
    world.verifier = Verifier(Config(tenants={"bank": world.bank}), world.clock)
    server.document["keys"] = [forms.jwk(world.keys.rsa, "one")]
    assert world.accepts(algorithm=algorithm)
    server.document["keys"] = [forms.jwk(world.keys.rsa, "one", alg="RS256")]
    world.clock.now += 300
    assert world.accepts(algorithm=algorithm) == (algorithm == "RS256")


@pytest.mark.parametrize("members", [
    {"use": "enc"}, {"use": ["sig"]}, {"alg": "RS512"}, {"alg": "PS256"}, {"alg": "HS256"}, {"alg": ["RS256"]},
    {"key_ops": ["encrypt"]}, {"key_ops": "verify"}, {"kid": 7}, {"kid": None, "n": None}, {"kty": "oct", "k": "AAAA"},
    {"kty": ["RSA"]}, {"kty": "EC"}, {"crv": "Ed448"}, {"n": 5}, {"n": ""}, {"n": "é"}, {"e": "AA"}, {"d": "AQAB"},
], ids=str)  # fmt: skip
def test_a_key_that_is_malformed_or_for_another_purpose_is_ignored(bank, server, forms, members):
    server.document["keys"] = [
        forms.jwk(bank.keys.rsa, "one", **members), None, 5, [], {}, forms.jwk(bank.keys.ec, "two"),
    ]  # fmt: skip
    assert not bank.accepts()
    assert bank.accepts(kid="two", key="ec", algorithm="ES256")


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_weak_rsa_key_or_another_curve_is_ignored(bank, server, forms):
    server.document["keys"] = [forms.jwk(bank.keys.small_rsa, "one"), forms.jwk(bank.keys.p384, "two")]
    assert not bank.accepts(key="small_rsa")
    assert not bank.accepts(kid="two", key="p384", algorithm="ES384")


def test_a_symmetric_key_in_the_set_is_ignored(bank, server, forms):
    server.document["keys"] = [{"kty": "oct", "kid": "one", "k": forms.base64url(b"s" * 32), "alg": "RS256"}]
    forged = bank.hs256(bank.claims("bank"), b"s" * 32, {"kid": "one"})
    with pytest.raises(ApiError):
        bank.verifier.bearer(forged)


def test_setting_the_clock_back_does_not_keep_old_keys(bank, server, forms):
    assert bank.accepts()
    server.document["keys"] = [forms.jwk(bank.keys.other_rsa, "two")]
    bank.clock.now -= 25
    assert not bank.accepts()
