"""Every error, on every path and method, is exactly `{"error", "message"}` in JSON."""

import logging

import pytest

PATHS = [
    "/health",
    "/health/ready",
    "/openapi.json",
    "/v1/sessions",
    "/v1/sessions/sess-unknown/refresh-token",
    "/v1/sessions/sess-unknown/end",
    "/v1/realtime/sess-unknown",
    "/",
    "/nothing/here",
    "/v1",
    "/metrics",
    "/widget/nothing.js",
]
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]
CONTENT_TYPES = [None, "application/json", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]


def assert_error(response, status=None):
    """Assert that a response is an error in the one format."""
    assert response.status_code >= 400
    assert status is None or response.status_code == status, response.text
    assert response.content_type == "application/json"
    assert set(response.json) == {"error", "message"}
    assert all(isinstance(text, str) and text for text in response.json.values())
    assert response.headers["X-Request-ID"]
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PATHS)
def test_any_request_gets_a_response_of_the_path_or_an_error_in_the_format(service, path):
    for method in METHODS:
        for content_type in CONTENT_TYPES:
            for body in (b"", b"{}", b"\xff\x00"):
                response = service.call(method, path, data=body, content_type=content_type)
                assert response.status_code < 500 or path == "/health/ready", (method, response.text)
                if method == "HEAD":
                    assert response.data == b""
                elif response.status_code >= 400:
                    assert_error(response)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/sessions/sess-x/end", "/v1/sessions/sess-x/refresh-token"])
def test_a_wrong_method_is_405_and_names_the_right_one(service, method, path):
    response = service.call(method, path, service.token())
    assert_error(response, 405)
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/sessions/",
        "//v1/sessions",
        "/v1//sessions",
        "/V1/sessions",
        "/v1/sessions//end",
        "/v1/sessions/sess-x/end/",
        "/v1/sessions/sess-x/end/more",
        "/v1/sessions/sess-x/extend",
        "/v1/sessions/..%2Fhealth/end",
        "/health/",
        "/v1/sessions/" + "x" * 3000,
    ],
)
def test_a_path_that_is_nearly_right_is_404_and_not_a_redirect(service, path):
    assert_error(service.post(path, service.token(), {}), 404)


def test_method_override_headers_are_ignored(service):
    headers = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "GET", "X-HTTP-Method": "PUT"}
    response = service.post("/v1/sessions?_method=DELETE", service.token(), {}, headers=headers)
    assert_error(response, 400)  # the body was validated: the request is still a POST


@pytest.mark.parametrize("host", ["bad host", "a\\b", "", "[::1", "host:99999"])
def test_a_malformed_host_header_is_never_a_500(service, host):
    assert service.call("GET", "/health", headers={"Host": host}).status_code in (200, 400)


def test_signaling_without_an_upgrade_is_400(service):
    assert_error(service.call("GET", "/v1/realtime/sess-x", service.token()), 400)


def test_an_upgrade_without_a_token_is_401(service):
    response = service.call("GET", "/v1/realtime/sess-x", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert_error(response, 401)


def test_an_unhandled_exception_is_500_without_details_and_logged_with_traceback_and_request_id(
    service, monkeypatch, caplog
):
    def fail(*args, **options):
        raise RuntimeError("the account DE89370400440532013000 has gone")

    monkeypatch.setattr(service.banker.sessions, "create", fail)
    caplog.set_level(logging.INFO)
    own = service.token()
    body = {"tenant_id": "alpha", "user_id": "user-1", "auth_assertion": own}
    response = service.post("/v1/sessions", own, body, headers={"X-Request-ID": "ticket-7"})
    assert_error(response, 500)
    assert "DE89" not in response.text and "RuntimeError" not in response.text and "Traceback" not in response.text
    assert response.headers["X-Request-ID"] == "ticket-7"
    assert response.headers["X-RateLimit-Limit"] == "1000"
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info[0] is RuntimeError
    assert "POST /v1/sessions" in record.getMessage()


def test_the_log_line_of_an_unhandled_exception_has_the_request_id(service, monkeypatch, capsys):
    from banker.server import logs

    monkeypatch.setattr(service.banker.sessions, "recall", lambda session_id: 1 / 0)
    handler = logging.StreamHandler()
    handler.setFormatter(logs.JsonFormatter())
    logging.getLogger("banker.http.error_responses").addHandler(handler)
    try:
        response = service.end("sess-" + "x" * 32, service.token())
    finally:
        logging.getLogger("banker.http.error_responses").removeHandler(handler)
    assert_error(response, 500)
    written = capsys.readouterr().err
    assert response.headers["X-Request-ID"] in written
    assert "ZeroDivisionError" in written


def test_a_line_break_in_the_path_does_not_reach_the_log(service, monkeypatch, caplog):
    monkeypatch.setattr(service.banker.sessions, "recall", lambda session_id: 1 / 0)
    assert_error(service.end("sess-x%0Aforged", service.token()), 500)
    assert "forged" not in "".join(record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("given", ["abc", "A-1._z", "x" * 64])
def test_a_well_formed_request_id_is_kept(service, given):
    for path in ("/health", "/nothing"):
        assert service.call("GET", path, headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", " ", "x" * 65, "a b", "a;b", "<script>", "ä", 'a"b', "a\tb", "a,b"])
def test_any_other_request_id_is_replaced(service, given):
    response = service.call("GET", "/health", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] != given
    assert len(response.headers.getlist("X-Request-ID")) == 1


def test_every_request_gets_a_unique_id(service):
    ids = {service.call("GET", "/health").headers["X-Request-ID"] for _ in range(20)}
    assert len(ids) == 20


def test_flasks_debug_mode_does_not_show_the_debugger(start, monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")
    service = start()
    monkeypatch.setattr(service.banker.sessions, "recall", lambda session_id: 1 / 0)
    assert_error(service.end("sess-x", service.token()), 500)
    assert_error(service.call("GET", "/nothing/"), 404)
