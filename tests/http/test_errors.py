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


def assert_error(answer, status=None):
    """An error as the contract has them."""
    assert answer.status_code >= 400
    assert status is None or answer.status_code == status, answer.text
    assert answer.content_type == "application/json"
    assert set(answer.json) == {"error", "message"}
    assert all(isinstance(text, str) and text for text in answer.json.values())
    assert answer.headers["X-Request-ID"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PATHS)
def test_whatever_a_path_is_asked_the_answer_is_its_own_or_an_error_in_the_format(service, path):
    for method in METHODS:
        for content_type in CONTENT_TYPES:
            for body in (b"", b"{}", b"\xff\x00"):
                answer = service.call(method, path, data=body, content_type=content_type)
                assert answer.status_code < 500 or path == "/health/ready", (method, answer.text)
                if method == "HEAD":
                    assert answer.data == b""
                elif answer.status_code >= 400:
                    assert_error(answer)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/sessions/sess-x/end", "/v1/sessions/sess-x/refresh-token"])
def test_a_wrong_method_is_405_and_names_the_right_one(service, method, path):
    answer = service.call(method, path, service.token())
    assert_error(answer, 405)
    assert "POST" in answer.headers["Allow"]


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
def test_a_path_that_is_nearly_right_is_404_and_no_redirect(service, path):
    assert_error(service.post(path, service.token(), {}), 404)


def test_a_method_override_overrides_nothing(service):
    headers = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "GET", "X-HTTP-Method": "PUT"}
    answer = service.post("/v1/sessions?_method=DELETE", service.token(), {}, headers=headers)
    assert_error(answer, 400)  # the body was looked at: it was taken for the POST that it is


@pytest.mark.parametrize("host", ["bad host", "a\\b", "", "[::1", "host:99999"])
def test_a_strange_host_header_is_no_fault_of_ours(service, host):
    assert service.call("GET", "/health", headers={"Host": host}).status_code in (200, 400)


def test_signaling_without_an_upgrade_is_400(service):
    assert_error(service.call("GET", "/v1/realtime/sess-x", service.token()), 400)


def test_an_upgrade_without_a_token_is_an_ordinary_401(service):
    answer = service.call("GET", "/v1/realtime/sess-x", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert_error(answer, 401)


def test_a_bug_is_500_without_details_and_is_logged_with_traceback_and_request_id(service, monkeypatch, caplog):
    def fail(*args, **options):
        raise RuntimeError("the account DE89370400440532013000 has gone")

    monkeypatch.setattr(service.banker.sessions, "create", fail)
    caplog.set_level(logging.INFO)
    own = service.token()
    body = {"tenant_id": "alpha", "user_id": "user-1", "auth_assertion": own}
    answer = service.post("/v1/sessions", own, body, headers={"X-Request-ID": "ticket-7"})
    assert_error(answer, 500)
    assert "DE89" not in answer.text and "RuntimeError" not in answer.text and "Traceback" not in answer.text
    assert answer.headers["X-Request-ID"] == "ticket-7"
    assert answer.headers["X-RateLimit-Limit"] == "1000"
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info[0] is RuntimeError
    assert "POST /v1/sessions" in record.getMessage()


def test_a_fault_has_its_request_id_in_the_log_line_itself(service, monkeypatch, capsys):
    from banker.server import logs

    monkeypatch.setattr(service.banker.sessions, "recall", lambda session_id: 1 / 0)
    handler = logging.StreamHandler()
    handler.setFormatter(logs.JsonFormatter())
    logging.getLogger("banker.http.error_responses").addHandler(handler)
    try:
        answer = service.end("sess-" + "x" * 32, service.token())
    finally:
        logging.getLogger("banker.http.error_responses").removeHandler(handler)
    assert_error(answer, 500)
    written = capsys.readouterr().err
    assert answer.headers["X-Request-ID"] in written
    assert "ZeroDivisionError" in written


def test_a_path_with_a_line_break_starts_no_line_in_the_log(service, monkeypatch, caplog):
    monkeypatch.setattr(service.banker.sessions, "recall", lambda session_id: 1 / 0)
    assert_error(service.end("sess-x%0Aforged", service.token()), 500)
    assert "forged" not in "".join(record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("given", ["abc", "A-1._z", "x" * 64])
def test_a_well_formed_request_id_is_taken_over(service, given):
    for path in ("/health", "/nothing"):
        assert service.call("GET", path, headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", " ", "x" * 65, "a b", "a;b", "<script>", "ä", 'a"b', "a\tb", "a,b"])
def test_any_other_request_id_is_replaced_by_one_of_ours(service, given):
    answer = service.call("GET", "/health", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] != given
    assert len(answer.headers.getlist("X-Request-ID")) == 1


def test_every_request_gets_an_id_of_its_own(service):
    ids = {service.call("GET", "/health").headers["X-Request-ID"] for _ in range(20)}
    assert len(ids) == 20


def test_debug_mode_of_flask_shows_no_debugger(start, monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")
    service = start()
    monkeypatch.setattr(service.banker.sessions, "recall", lambda session_id: 1 / 0)
    assert_error(service.end("sess-x", service.token()), 500)
    assert_error(service.call("GET", "/nothing/"), 404)
