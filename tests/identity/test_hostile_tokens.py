"""Whatever an attacker sends is 401: never an exception of another kind, never accepted."""

import json

import pytest

from banker.errors import ApiError


def _b(world_text: str) -> bytes:
    return world_text.encode("utf-8", "surrogatepass")


def _payload(w, name, raw):
    """Alpha's claims with one value as raw JSON text."""
    claims = w.claims("alpha", without=name)
    return json.dumps(claims)[:-1] + f', "{name}": {raw}}}'


def _raw(w, name, raw):
    return w.hs256(_b(_payload(w, name, raw)), w.alpha_secret)


def _none(w, alg, signature=""):
    header, payload, _ = w.hs256(w.claims("beta"), b"x", {"alg": alg}).split(".")
    return f"{header}.{payload}.{signature}"


def _tampered(w, part):
    other = w.alpha_token({"kid": "2"}, sub="user-2").split(".")
    mine = w.alpha_token().split(".")
    mine[part] = other[part]
    return ".".join(mine)


def _with_jwk(w, forms_jwk):
    return w.sign(w.claims("beta"), w.keys.other_rsa, "RS256", {"jwk": forms_jwk(w.keys.other_rsa, "mine")})


FORGED = {
    "alg none without signature": lambda w, f: _none(w, "none"),
    "alg none with a signature": lambda w, f: _none(w, "none", "AAAA"),
    "alg None": lambda w, f: _none(w, "None", "AAAA"),
    "alg NONE": lambda w, f: _none(w, "NONE", "AAAA"),
    "alg empty": lambda w, f: _none(w, "", "AAAA"),
    "alg unknown": lambda w, f: _none(w, "XX999", "AAAA"),
    "alg a list": lambda w, f: _none(w, ["RS256"], "AAAA"),
    "alg missing": lambda w, f: w.hs256(w.claims("alpha"), w.alpha_secret, b'{"typ":"JWT"}'),
    "alg in other case": lambda w, f: w.alpha_token({"alg": "hs256"}),
    "HS256 with the public key as secret": lambda w, f: w.hs256(w.claims("beta"), f.pem(w.keys.rsa).encode()),
    "HS256 with the stripped public key": lambda w, f: w.hs256(w.claims("beta"), f.pem(w.keys.rsa).strip().encode()),
    "HS256 with an empty secret": lambda w, f: w.hs256(w.claims("alpha"), b""),
    "HS384 where HS256 is configured": lambda w, f: w.sign(w.claims("alpha"), w.alpha_secret * 2, "HS384"),
    "PS256 where RS256 is configured": lambda w, f: w.sign(w.claims("beta"), w.keys.rsa, "PS256"),
    "RS256 where PS256 is configured": lambda w, f: w.sign(w.claims("ps"), w.keys.rsa, "RS256"),
    "RS256 of another key": lambda w, f: w.sign(w.claims("beta"), w.keys.other_rsa, "RS256"),
    "another tenant's secret": lambda w, f: w.hs256(w.claims("gamma"), w.alpha_secret),
    "another tenant's secret and kid": lambda w, f: w.hs256(w.claims("gamma"), w.alpha_secret, {"kid": "alpha"}),
    "another tenant's algorithm and secret": lambda w, f: w.hs256(w.claims("beta"), w.alpha_secret),
    "another tenant's private key": lambda w, f: w.sign(w.claims("es"), w.keys.rsa, "RS256"),
    "another tenant's issuer": lambda w, f: w.alpha_token(iss="https://ed.example"),
    "unknown issuer": lambda w, f: w.alpha_token(iss="https://evil.example"),
    "issuer with a slash": lambda w, f: w.alpha_token(iss="https://alpha.example/"),
    "embedded jwk": lambda w, f: _with_jwk(w, f.jwk),
    "crit": lambda w, f: w.alpha_token({"crit": ["exp"], "exp": 1}),
    "crit b64, which the library knows": lambda w, f: w.alpha_token({"crit": ["b64"], "b64": True}),
    "crit empty": lambda w, f: w.alpha_token({"crit": []}),
    "b64 false": lambda w, f: w.alpha_token({"b64": False}),
    "kid a number": lambda w, f: w.alpha_token({"kid": 7}),
    "kid null": lambda w, f: w.alpha_token({"kid": None}),
    "kid an object": lambda w, f: w.alpha_token({"kid": {"a": 1}}),
    "typ a number": lambda w, f: w.alpha_token({"typ": 1}),
    "typ of a log-out token": lambda w, f: w.alpha_token({"typ": "logout+jwt"}),
    "typ of a DPoP proof": lambda w, f: w.alpha_token({"typ": "dpop+jwt"}),
    "typ of an ephemeral token": lambda w, f: w.alpha_token({"typ": "banker-ephemeral+jwt"}),
    "an ephemeral token": lambda w, f: w.ephemeral.issue("sess-1", w.clock.now + 900).token,
    "tampered header": lambda w, f: _tampered(w, 0),
    "tampered payload": lambda w, f: _tampered(w, 1),
    "another token's signature": lambda w, f: _tampered(w, 2),
}  # fmt: skip

SHAPES = {
    "empty": lambda w, f: "",
    "not a string": lambda w, f: None,
    "bytes": lambda w, f: w.alpha_token().encode(),
    "a list": lambda w, f: [w.alpha_token()],
    "no dots": lambda w, f: w.alpha_token().replace(".", ""),
    "one dot": lambda w, f: w.alpha_token().rpartition(".")[0],
    "three dots": lambda w, f: w.alpha_token() + ".AAAA",
    "five segments (JWE)": lambda w, f: w.alpha_token() + ".AAAA.AAAA",
    "dots only": lambda w, f: "..",
    "signature cut off": lambda w, f: w.alpha_token().rpartition(".")[0] + ".",
    "signature too short": lambda w, f: w.alpha_token()[:-4],
    "trailing newline": lambda w, f: w.alpha_token() + "\n",
    "leading space": lambda w, f: " " + w.alpha_token(),
    "padding": lambda w, f: w.alpha_token() + "=",
    "standard base64": lambda w, f: "ey+/" + w.alpha_token()[4:],
    "not base64": lambda w, f: "!!!.???.***",
    "one character too many": lambda w, f: "AAAAA." + w.alpha_token().partition(".")[2],
    "unicode": lambda w, f: "é.ü.ß",
    "unicode digits": lambda w, f: "١٢.١٢.١٢",
    "lone surrogate": lambda w, f: "\ud800.\ud800.\ud800",
    "NUL": lambda w, f: w.alpha_token() + "\0",
    "huge": lambda w, f: w.alpha_token(filler="x" * 9000),
    "a megabyte": lambda w, f: "A" * 1_000_000,
    "header no JSON": lambda w, f: w.hs256(w.claims("alpha"), w.alpha_secret, b"{"),
    "header a list": lambda w, f: w.hs256(w.claims("alpha"), w.alpha_secret, b'["HS256"]'),
    "header UTF-16": lambda w, f: w.hs256(w.claims("alpha"), w.alpha_secret, '{"alg":"HS256"}'.encode("utf-16")),
    "header no UTF-8": lambda w, f: w.hs256(w.claims("alpha"), w.alpha_secret, b'{"alg":"HS256","a":"\xff"}'),
    "header deep": lambda w, f: w.hs256(w.claims("alpha"), w.alpha_secret, b"[" * 3000),
    "alg twice": lambda w, f: w.hs256(w.claims("alpha"), w.alpha_secret, b'{"alg":"none","alg":"HS256"}'),
    "payload no JSON": lambda w, f: w.hs256(b"\xff\xfe", w.alpha_secret),
    "payload a string": lambda w, f: w.hs256(b'"alpha"', w.alpha_secret),
    "payload null": lambda w, f: w.hs256(b"null", w.alpha_secret),
    "payload deep": lambda w, f: w.hs256(b"[" * 3000, w.alpha_secret),
    "payload empty": lambda w, f: w.hs256({}, w.alpha_secret),
    "sub twice": lambda w, f: w.hs256(_b(_payload(w, "sub", '"user-1", "sub": "user-2"')), w.alpha_secret),
    "half a character in any claim": lambda w, f: _raw(w, "name", r'"\ud800"'),
    "infinite number in any claim": lambda w, f: _raw(w, "limit", "1e999"),
}  # fmt: skip

WRONG_VALUES = {
    "iss": ["null", "1", '["https://alpha.example"]', '{"a":1}', '""', "true"],
    "sub": ["null", "1.5", '""', '["user-1"]', '{"id":1}', '"' + "x" * 129 + '"', r'"\ud800"', r'"user\u0000"', "true"],
    "aud": ["null", "1", '""', "[]", '"virtual-banker2"', '"Virtual-Banker"', '["other"]', '[["virtual-banker"]]',
            '["virtual-banker", 1]', '{"virtual-banker":1}', '"other virtual-banker"'],
    "iat": ["null", '"1800000000"', "NaN", "Infinity", "-Infinity", "-1", "true", "[]", "{}", "1e999", "1" * 500,
            "9" * 5000, "1800000031", "1800000000000"],
    "exp": ["null", '"1800000300"', "NaN", "Infinity", "-Infinity", "-1", "true", "[]", "{}", "1e999", "1e300",
            "1" * 500, "9" * 5000, "0", "1799999969", "1800000300000"],
    "nbf": ["null", '"1800000000"', "NaN", "-1", "false", "[]", "1e999", "9" * 5000, "1800000031"],
    "scope": ["null", "1", '["banker:sessions"]', '{"banker:sessions":1}', "true"],
}  # fmt: skip

TABLE = {**FORGED, **SHAPES}
for _name, _values in WRONG_VALUES.items():
    for _value in _values:
        TABLE[f"{_name} is {_value[:24]}"] = lambda w, f, n=_name, v=_value: _raw(w, n, v)
for _name in ("iss", "sub", "aud", "iat", "exp"):
    TABLE[f"{_name} is missing"] = lambda w, f, n=_name: w.hs256(w.claims("alpha", without=n), w.alpha_secret)


@pytest.mark.parametrize("make", TABLE.values(), ids=TABLE.keys())
def test_a_hostile_token_is_refused(world, forms, make):
    token = make(world, forms)
    with pytest.raises(ApiError) as as_bearer:
        world.verifier.bearer(token)
    assert as_bearer.value.status == 401
    for tenant in world.config.tenants.values():
        with pytest.raises(ApiError) as as_assertion:
            world.verifier.assertion(tenant, token, "user-1")
        assert as_assertion.value.status == 401


@pytest.mark.parametrize("make", [make for name, make in TABLE.items() if name != "an ephemeral token"])
def test_a_hostile_token_is_no_ephemeral_token(world, forms, make):
    token = make(world, forms)
    with pytest.raises(ApiError) as caught:
        world.ephemeral.verify(token)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "kid", ["../../dev/null", "/etc/passwd", "file:///etc/passwd", "' OR 1=1 --", "x" * 5000, "", "\0"]
)
def test_a_strange_kid_selects_nothing_but_the_tenants_one_key(world, kid):
    assert world.verifier.bearer(world.beta_token({"kid": kid}))
    forged = world.sign(world.claims("beta"), world.keys.other_rsa, "RS256", {"kid": kid})
    with pytest.raises(ApiError):
        world.verifier.bearer(forged)
