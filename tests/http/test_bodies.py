"""The body of a create request: what is accepted, and the error for each mistake."""

import json

import pytest

from tests.http.test_errors import assert_error

LIMIT = 64 * 1024


@pytest.fixture
def send(service):
    """Return a function that sends a body as it is, with a valid bearer."""
    return lambda body, **options: service.post("/v1/sessions", service.token(), body, **options)


@pytest.fixture
def body(service):
    """Return a function that makes a valid body with some keys changed."""

    def made(**changed):
        good = {"tenant_id": "alpha", "user_id": "user-1", "auth_assertion": service.token()}
        return {name: value for name, value in {**good, **changed}.items() if value is not ...}

    return made


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b" ", "not JSON"),
        (b"{", "not JSON"),
        (b"{}}", "not JSON"),
        (b"tenant_id=alpha", "not JSON"),
        (b"{'tenant_id': 'alpha'}", "not JSON"),
        (b'{"tenant_id": "alpha",}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"tenant_id": "\xff"}', "not UTF-8"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b'{"tenant_id": "a\x00b"}', "not JSON"),
        (rb'{"tenant_id": "a\u0000b"}', "NUL"),
        (rb'{"tenant_id": "\ud800"}', "surrogate"),
        (rb'{"\udfff": 1}', "surrogate"),
        (b'{"tenant_id": NaN}', "NaN"),
        (b'{"tenant_id": -Infinity}', "Infinity"),
        (b'{"tenant_id": 1e999}', "too large"),
        (b'{"tenant_id": ' + b"9" * 5000 + b"}", "too long"),
        (b'{"tenant_id": "alpha", "tenant_id": "beta"}', "twice"),
        (b'{"portal_context": {"route": "a", "route": "b"}}', "twice"),
        (b"[" * 30000 + b"]" * 30000, "deep"),
        (b'{"a":' * 17 + b"1" + b"}" * 17, "deep"),
        (b"null", "JSON object"),
        (b"[]", "JSON object"),
        (b"3", "JSON object"),
        (b'"text"', "JSON object"),
        (b"true", "JSON object"),
        (b"{}", "tenant_id: is missing"),
    ],
)
def test_a_malformed_body_is_400_and_the_message_says_why(send, text, reason):
    response = send(text)
    assert_error(response, 400)
    assert reason in response.json["message"]


@pytest.mark.parametrize("name", ["tenant_id", "user_id", "auth_assertion"])
@pytest.mark.parametrize("value", [1, 1.5, True, None, [], ["alpha"], {}, {"a": 1}, ""])
def test_a_value_that_is_not_a_string_is_400_and_the_message_names_the_key(send, body, name, value):
    response = send(body(**{name: value}))
    assert_error(response, 400)
    assert name in response.json["message"]


@pytest.mark.parametrize("name", ["tenant_id", "user_id", "auth_assertion"])
def test_a_missing_key_is_400_and_the_message_names_it(send, body, name):
    response = send(body(**{name: ...}))
    assert_error(response, 400)
    assert f"{name}: is missing" in response.json["message"]


@pytest.mark.parametrize("name", ["tenant_id", "user_id"])
def test_an_id_of_129_characters_is_400(send, body, name):
    response = send(body(**{name: "x" * 129}))
    assert_error(response, 400)
    assert name in response.json["message"]


@pytest.mark.parametrize("user_id", ["x" * 128, "ü" * 128, "😀" * 128, " ", "a/b:c", "drop'; --", "ﬁ\u202e"])
def test_an_id_of_128_characters_of_any_kind_is_accepted(service, user_id):
    assert service.create(user_id).status_code == 201


@pytest.mark.parametrize("extra", ["tenantId", "config", "ephemeral_token", "__proto__", "", "_schema", "a.b"])
def test_an_unknown_key_is_400_and_the_message_names_it(send, body, extra):
    response = send(body(**{extra: "x"}))
    assert_error(response, 400)
    assert "there is no such key" in response.json["message"]


def test_thousands_of_unknown_keys_do_not_make_an_endless_response(send, body):
    many = send(body(**{f"key-{number}": 1 for number in range(3000)}))
    assert_error(many, 400)
    assert len(many.json["message"]) < 2000
    long = send(body(**{"x" * 60_000: 1}))
    assert_error(long, 400)
    assert len(long.json["message"]) < 2000


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"route": "/account", "account_id": "acc-789"},
        {"route": ""},
        {"lang": "de", "branch": "Köln"},
        {f"key-{number}": "x" for number in range(32)},
        {"k" * 48: "v" * 2000},
        {"k" * 2047: "x"},
        {"": "x", " ": "", "__proto__": "x", "a.b[0]": "\n", "日本": "語"},
    ],
)
def test_a_portal_context_of_strings_is_kept(service, context):
    response = service.create(portal_context=context)
    assert response.status_code == 201
    assert service.banker.sessions.find(response.json["session_id"]).portal_context == context


@pytest.mark.parametrize(
    "context",
    [
        None,
        [],
        "route",
        {"route": 1},
        {"route": None},
        {"account_id": ["acc"]},
        {"nested": {"a": "b"}},
        {"k" * 2048: "x"},
        {f"key-{number}": "x" for number in range(33)},
        {"route": "x" * 2044},
        {"route": "ü" * 1022},
    ],
)
def test_any_other_portal_context_is_400_and_the_message_names_it(send, body, context):
    response = send(body(portal_context=context))
    assert_error(response, 400)
    assert "portal_context" in response.json["message"]


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/jsonp",
        "application/json, text/plain",
        "json",
        ";",
        "application/problem+json",
    ],
)
def test_another_content_type_is_415(send, body, content_type):
    assert_error(send(json.dumps(body()), content_type=content_type), 415)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", 'application/json;charset="UTF-8"'],
)
def test_the_content_type_may_have_parameters(send, body, content_type):
    assert send(json.dumps(body()), content_type=content_type).status_code == 201


def test_a_body_of_exactly_64_kib_is_accepted(send, body):
    text = json.dumps(body()).encode()
    assert send(text + b" " * (LIMIT - len(text))).status_code == 201


@pytest.mark.parametrize("size", [LIMIT + 1, 5_000_000])
def test_a_body_of_one_byte_more_is_413(send, body, size):
    text = json.dumps(body()).encode()
    assert_error(send(text + b" " * (size - len(text))), 413)


def test_without_credentials_the_body_is_not_read(service):
    for body in (b"", b"{", b" " * (LIMIT + 1)):
        assert_error(service.post("/v1/sessions", None, body), 401)


def test_refresh_and_end_ignore_the_body(service):
    session = service.session()
    path = f"/v1/sessions/{session['session_id']}"
    for body in (b"", b"{}", b"\xff", b"x" * (LIMIT + 1)):
        token = service.post(f"{path}/refresh-token", service.token(), body)
        assert token.status_code == 200
    assert service.post(f"{path}/end", token.json["ephemeral_token"], b"{").status_code == 200
