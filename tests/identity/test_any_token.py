"""Any text that is not a token, any change to a token, and any claims under a right signature: a 401 or the truth."""

import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from banker.errors import ApiError
from tests.identity.conftest import NOW, World
from tests.outcomes import outcome

BOUNDED = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # no test changes the world
)
NAMES = ["iss", "sub", "aud", "iat", "exp", "nbf", "scope", "jti", "name"]
HEADERS = ["alg", "typ", "kid", "crit", "b64", "jwk", "jku", "x5u", "zip", "cty"]
TRUE = ["https://alpha.example", "https://beta.example", "user-1", "virtual-banker", "banker:sessions", NOW, NOW + 60]
VALUES = st.recursive(
    st.sampled_from([*TRUE, "HS256", "RS256", "none", "JWT", "../../etc/passwd", "alpha"])
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
ALPHABET = "ABCXYZabcxyz0189-_=+/. \n\0\u00e9"


def refused(verify: Any, *arguments: Any) -> bool:
    """Tell whether it is a 401."""
    found = outcome(verify, *arguments)
    return isinstance(found, ApiError) and found.status == 401


@BOUNDED
@given(text=st.text(max_size=60) | st.lists(st.text(ALPHABET, max_size=30), max_size=5).map(".".join))
@example(text="eyJhbGciOiJub25lIn0.e30.")
def test_no_text_is_a_token(world: World, text: str) -> None:
    assert refused(world.verifier.bearer, text)
    assert refused(world.verifier.assertion, world.alpha, text, "user-1")
    assert refused(world.ephemeral.verify, text)


@BOUNDED
@given(
    place=st.integers(0, 2000), character=st.sampled_from(ALPHABET), change=st.sampled_from(["put", "replace", "cut"])
)
def test_a_changed_token_is_refused(world: World, place: int, character: str, change: str) -> None:
    for token, verify in (
        (world.alpha_token(), world.verifier.bearer),
        (world.beta_token(), world.verifier.bearer),
        (world.ephemeral.issue("sess-1", NOW + 900).token, world.ephemeral.verify),
    ):
        at = place % len(token)
        rest = token[at:] if change == "put" else token[at + 1 :]
        changed = token[:at] + ("" if change == "cut" else character) + rest
        assert changed == token or refused(verify, changed)


@BOUNDED
@given(
    claims=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4),
    header=st.dictionaries(st.sampled_from(HEADERS), VALUES, max_size=2),
)
@example(claims={"sub": True}, header={})
@example(claims={"sub": 7}, header={})
@example(claims={"iat": -0.0, "exp": 1e308}, header={})
def test_claims_under_a_right_signature_are_refused_or_those_of_the_caller(
    world: World, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    signed = {**world.claims("alpha"), **claims}
    token = world.hs256(
        json.dumps(signed).encode(), world.alpha_secret, json.dumps({"alg": "HS256", **header}).encode()
    )
    bearer = outcome(world.verifier.bearer, token)
    if isinstance(bearer, ApiError):
        assert bearer.status == 401
        return
    assert bearer.tenant is world.alpha
    assert signed["iss"] == "https://alpha.example" and header.get("alg", "HS256") == "HS256"
    assert type(signed["sub"]) in (str, int) and bearer.subject == str(signed["sub"]) and 0 < len(bearer.subject) <= 128
    assert signed["iat"] <= NOW + 30 and signed["exp"] > NOW - 30
    assert "virtual-banker" in ([signed["aud"]] if isinstance(signed["aud"], str) else signed["aud"])
    assert bearer.acts_for_users == ("banker:sessions" in signed.get("scope", "").split(" "))
    assert refused(world.ephemeral.verify, token)
