"""Attacks over HTTP: other customers' sessions, tokens of the wrong kind, bodies, headers and malformed requests."""

from typing import Any

from tests.attacks.target import Attack, Target
from tests.client import mint

SESSIONS, END, REFRESH = "/v1/sessions", "/v1/sessions/{victim}/end", "/v1/sessions/{victim}/refresh-token"


def http(
    sent: str, outcome: int, method: str, path: str, token: str = "", to: str | None = None, **more: Any
) -> Attack:
    def run(target: Target) -> str:
        return str(target.call(method, path, token, **more).status_code)

    return Attack(
        sent, to or f"`{method} {path}`".replace("{victim}", "{id}").replace("{own}", "{id}"), str(outcome), run
    )


def create(sent: str, outcome: int, bearer: str = "own", assertion: str | None = None, **body: Any) -> Attack:
    """Create a session as Mallory, with some of the body changed; `...` leaves a member out."""

    def run(target: Target) -> str:
        tokens = target.tokens()
        whole = {"tenant_id": "bank", "user_id": target.mallory.user, "auth_assertion": tokens[assertion or bearer]}
        whole = {name: value for name, value in (whole | body).items() if value is not ...}
        return str(target.call("POST", SESSIONS, bearer, body=whole).status_code)

    return Attack(sent, "`POST /v1/sessions`", str(outcome), run)


def body(sent: str, outcome: int, text: bytes, content_type: str = "application/json") -> Attack:
    return http(sent, outcome, "POST", SESSIONS, "own", body=text, headers={"Content-Type": content_type})


def raw(sent: str, outcome: str, head: str, rest: bytes = b"") -> Attack:
    return Attack(
        sent,
        "gunicorn",
        outcome,
        lambda target: target.raw(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + rest),
    )


def stolen_after_refresh(target: Target) -> str:
    older = target.mallory.token
    target.mallory.refresh()
    return str(target.call("POST", "/v1/sessions/{own}/end", older).status_code)


def token_in_query(target: Target) -> str:
    return str(target.call("POST", END + "?access_token=" + mint(target.victim.user)).status_code)


def forged_request_id(target: Target) -> str:
    answer = target.call("GET", "/health", headers={"X-Request-ID": "a\tb: c"})
    return "replaced" if answer.headers["X-Request-ID"] != "a\tb: c" else "kept"


DANA = "demo-customer"
BARE_LINE_FEED = b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\nTransfer-Encoding: chunked\r\n\r\n"
VICTIMS_SESSION = [
    http(f"{whose} at another customer's session", status, "POST", path, token)
    for path in (END, REFRESH)
    for whose, token, status in (
        ("no token", "", 401),
        ("another customer's own bearer", "own", 404),
        ("another session's ephemeral token", "ephemeral", 401),
        ("another tenant's bearer for a user of the same name", "rival", 404),
        ("another tenant's back end", "rival's back end", 404),
        ("a token for us, signed by another tenant", "rival's for us", 401),
        ("a token signed with a key of nobody", "forged", 401),
    )
]
IDENTITY = [
    create("another user's id with one's bearer", 401, user_id=DANA),
    create("another tenant's id with one's bearer", 401, tenant_id="rival"),
    create("an assertion about another user", 401, assertion="forged", user_id=DANA),
    create("an assertion of another tenant", 401, assertion="rival", user_id=DANA),
    create("an ephemeral token as assertion", 401, assertion="ephemeral"),
    create("an ephemeral token as bearer", 401, bearer="ephemeral"),
    create("an expired bearer", 401, bearer="expired", user_id=DANA),
    create("a bearer of the future", 401, bearer="early", user_id=DANA),
    create("a bearer for another audience", 401, bearer="audience", user_id=DANA),
    create("a bearer without `sub`", 401, bearer="no subject", user_id=DANA),
    create("a bearer whose `sub` is a list", 401, bearer="list subject", user_id=DANA),
    create("another tenant's back end for our user", 401, bearer="rival's back end", user_id=DANA),
    create("a back end without an assertion", 400, bearer="back end", auth_assertion=...),
    create("a back end's bearer as assertion", 401, bearer="back end", user_id=DANA),
    Attack("an ephemeral token that was refreshed", "`POST /v1/sessions/{id}/end`", "401", stolen_after_refresh),
    Attack("a token in the query string", "`POST /v1/sessions/{id}/end`", "401", token_in_query),
    http("a token in a cookie", 401, "POST", END, headers={"Cookie": "Authorization=Bearer x; token=x"}),
    http("`Authorization: Basic`", 401, "POST", END, headers={"Authorization": "Basic ZGFuYTpkZW1v"}),
    http("`Bearer` with nothing after it", 401, "POST", END, headers={"Authorization": "Bearer "}),
    http("8 KiB that are not a token", 401, "POST", END, "x" * 8000),
    http("`alg: none`", 401, "POST", END, "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2JhbmsuZXhhbXBsZSJ9."),
    http("the portal's bearer at the metrics", 404, "GET", "/metrics", "own"),
    http("the session id `' OR 1=1 --`", 404, "POST", "/v1/sessions/'%20OR%201=1%20--/end", "own"),
    http("the session id `*`", 404, "POST", "/v1/sessions/*/end", "own"),
    http("the session id `%00`", 404, "POST", "/v1/sessions/%00/end", "own"),
    http("the session id `a%0d%0aSet-Cookie:x`", 404, "POST", "/v1/sessions/a%0d%0aSet-Cookie:x/end", "own"),
    http(
        "a session id of 4,000 characters",
        404,
        "POST",
        "/v1/sessions/" + "x" * 4000 + "/end",
        "own",
        to="`POST /v1/sessions/{id}/end`",
    ),
]
BODIES = [
    body('`["a"]`', 400, b'["a"]'),
    body('`"str"`', 400, b'"str"'),
    body("`null`", 400, b"null"),
    body("nothing", 400, b" "),
    body("half of an object", 400, b'{"tenant_id": "ba'),
    body("60,000 opening brackets", 400, b"[" * 60_000),
    body("10,000 nested objects", 400, b'{"a":' * 10_000),
    body("an escaped half of a surrogate pair", 400, b'{"tenant_id": "\\ud800"}'),
    body("an escaped NUL", 400, b'{"tenant_id": "bank\\u0000"}'),
    body("bytes that are not UTF-8", 400, b'{"tenant_id": "\xff"}'),
    body("UTF-16", 400, '{"tenant_id": "bank"}'.encode("utf-16")),
    body("`NaN`", 400, b'{"tenant_id": NaN}'),
    body("`1e999`", 400, b'{"tenant_id": 1e999}'),
    body("a number of 5,000 digits", 400, b'{"tenant_id": ' + b"9" * 5000 + b"}"),
    body("the same key twice", 400, b'{"tenant_id": "bank", "tenant_id": "rival"}'),
    body("64 KiB and a byte", 413, b" " * 65_537),
    body("a form", 415, b"tenant_id=bank", "application/x-www-form-urlencoded"),
    body(
        "XML with an external entity",
        415,
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "text/xml",
    ),
    create("an unknown key, `__proto__`", 400, __proto__={"admin": True}),
    create("`user_id` as a list", 400, user_id=["other-customer"]),
    create("`user_id` of 129 characters", 400, user_id="x" * 129),
    create("`portal_context` of 33 keys", 400, portal_context={str(number): "x" for number in range(33)}),
    create("`portal_context` above 2 KiB", 400, portal_context={"route": "x" * 2100}),
    create("`portal_context` with an object inside", 400, portal_context={"route": {"$ne": ""}}),
    create("a path out of the configuration as `tenant_id`", 401, tenant_id="../../etc/passwd"),
]
HEADERS = [
    Attack("a request id with a tab and a colon", "`GET /health`", "replaced", forged_request_id),
    http("a path out of the widget's folder", 404, "GET", "/widget/..%2f..%2fapp.py"),
    http("a path out of the widget's folder, encoded twice", 404, "GET", "/widget/%252e%252e%252fapp.py"),
    http("a file of the package that is not a module", 404, "GET", "/widget/__init__.py"),
    http("`X-HTTP-Method-Override: POST`", 405, "GET", SESSIONS, headers={"X-HTTP-Method-Override": "POST"}),
    http("`TRACE`", 405, "TRACE", "/health"),
    http("`PUT`", 405, "PUT", SESSIONS, "own"),
    http(
        "a preflight of a foreign page",
        204,
        "OPTIONS",
        END,
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    ),
    http("`X-Original-URL` of another path", 404, "GET", "/nothing", headers={"X-Original-URL": "/metrics"}),
    http("`If-Match` that does not match", 200, "GET", "/widget/widget.js", headers={"If-Match": '"x"'}),
    http("a range beyond the end", 200, "GET", "/widget/widget.js", headers={"Range": "bytes=99999999-"}),
    raw(
        "`Content-Length` and `Transfer-Encoding`",
        "400",
        "POST /v1/sessions HTTP/1.1\nHost: x\nContent-Length: 4\nTransfer-Encoding: chunked",
        b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    ),
    raw(
        "two `Content-Length`",
        "400",
        "POST /v1/sessions HTTP/1.1\nHost: x\nContent-Length: 0\nContent-Length: 34",
        b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    ),
    raw("`Transfer-Encoding: xchunked`", "501", "POST /v1/sessions HTTP/1.1\nHost: x\nTransfer-Encoding: xchunked"),
    raw("a header name with a space", "400", "GET /health HTTP/1.1\nHost: x\nTransfer-Encoding : chunked"),
    raw("a folded header", "400", "GET /health HTTP/1.1\nHost: x\nX-A: b\n c"),
    Attack("a bare line feed in a header", "gunicorn", "400", lambda target: target.raw(BARE_LINE_FEED)),
    raw("a NUL in a header", "400", "GET /health HTTP/1.1\nHost: x\nX-A: a\0b"),
    raw("300 headers", "431", "GET /health HTTP/1.1\nHost: x\n" + "\n".join(f"X-{n}: y" for n in range(300))),
    raw("a header of 20,000 characters", "431", "GET /health HTTP/1.1\nHost: x\nX-A: " + "y" * 20_000),
    raw("a URL of 9,000 characters", "414", "GET /" + "x" * 9000 + " HTTP/1.1\nHost: x"),
    raw("`HTTP/9.9`", "400", "GET /health HTTP/9.9\nHost: x"),
    raw("bytes of a TLS handshake", "400", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"),
    raw("HTTP/2 without TLS", "400", "PRI * HTTP/2.0\n\nSM"),
    raw(
        "a chunk that is not a number",
        "401",
        "POST /v1/sessions HTTP/1.1\nHost: x\nTransfer-Encoding: chunked",
        b"zz\r\n",
    ),
]
ATTACKS = [*VICTIMS_SESSION, *IDENTITY, *BODIES, *HEADERS]
