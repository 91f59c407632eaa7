"""`/openapi.json` is OpenAPI 3.1, and the service conforms to it."""

import re

import pytest

from banker.config.settings import LimitSettings, MetricsSettings
from tests.http.test_errors import assert_error

KEYWORDS = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "const", "enum", "format"}
KEYWORDS |= {
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "maxProperties",
    "propertyNames",
    "pattern",
    "description",
    "$ref",
}
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


@pytest.fixture
def document(service):
    return service.call("GET", "/openapi.json").json


def types_of(schema):
    """Return the `type` of a schema as a list, whether it is one or several."""
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def schemas_in(node):
    """Yield a schema and all schemas in it."""
    yield node
    inner = [*node.get("properties", {}).values(), *node.get("anyOf", [])]
    inner += [node[name] for name in ("items", "additionalProperties") if isinstance(node.get(name), dict)]
    for schema in inner:
        yield from schemas_in(schema)


def check(value, schema, document, where="body"):
    """Assert that a value conforms to a JSON Schema, which has no keywords but `KEYWORDS`."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    assert set(schema) <= KEYWORDS, where
    if "type" in schema:
        types = types_of(schema)
        assert any(isinstance(value, TYPES[name]) for name in types), where
        assert "boolean" in types or not isinstance(value, bool), where
    if "const" in schema:
        assert value == schema["const"], where
    if "enum" in schema:
        assert value in schema["enum"], where
    if isinstance(value, str):
        assert schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)), where
        if schema.get("format") == "date-time":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value), where
    if isinstance(value, dict):
        assert set(schema.get("required", [])) <= set(value), where
        for name, inner in value.items():
            known = schema.get("properties", {}).get(name, schema.get("additionalProperties", True))
            assert known is not False, f"{where}.{name}"
            if isinstance(known, dict):
                check(inner, known, document, f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for inner in value:
            check(inner, schema["items"], document, f"{where}[]")


def test_the_document_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    assert set(document) == {"openapi", "info", "paths", "components"}
    assert document["info"]["title"] and document["info"]["version"]
    schemes = document["components"]["securitySchemes"]
    for path, item in document["paths"].items():
        assert path.startswith("/")
        named = {p["name"] for p in item.get("parameters", []) if p["in"] == "path" and p["required"] and p["schema"]}
        assert named == set(re.findall(r"{(\w+)}", path))
        operations = {name: operation for name, operation in item.items() if name != "parameters"}
        assert operations and set(operations) <= {"get", "post"}
        for operation in operations.values():
            assert operation["summary"] and operation["responses"]
            assert all(set(requirement) <= set(schemes) for requirement in operation["security"])
            for status, response in operation["responses"].items():
                assert re.fullmatch(r"[1-5]\d\d", status)
                assert response["description"]
                assert set(response) <= {"description", "headers", "content", "links"}


def test_every_reference_resolves_and_every_schema_is_json_schema(document):
    schemas = document["components"]["schemas"]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in schemas)
    for name, whole in schemas.items():
        for schema in schemas_in(whole):
            assert set(schema) <= KEYWORDS, name
            assert set(types_of(schema)) <= set(TYPES), name
            assert None not in schema.values() or "const" in schema, f"{name}: a keyword of null is no JSON Schema"
            assert set(schema.get("required", [])) <= set(schema.get("properties", {})), name
    references = re.findall(r"'\$ref': '([^']+)'", repr(document))
    assert references
    assert all(reference.removeprefix("#/components/schemas/") in schemas for reference in references)


def test_every_message_and_event_of_the_contract_has_a_schema(document):
    names = set(document["components"]["schemas"])
    assert {f"message.{name}" for name in ("ready", "offer", "answer", "candidate", "bye")} <= names
    events = ["consent.grant", "consent.revoke", "message.send", "confirm", "speech.cancel", "session.ready", "state"]
    events += ["transcript", "session.expiring", "session.ended"]
    assert {f"event.{name}" for name in [*events, "error"]} <= names


@pytest.mark.parametrize("token", [None, "m" * 32])
def test_the_document_names_every_path_of_the_service_and_no_other(start, token):
    service = start(metrics=MetricsSettings(enabled=token is not None, token=token))
    document = service.call("GET", "/openapi.json").json
    rules = {re.sub(r"<(\w+)>", r"{\1}", rule.rule) for rule in service.banker.app.url_map.iter_rules()}
    assert {"/health/ready", "/openapi.json", "/widget/{name}", "/v1/realtime/{session_id}"} <= rules
    assert ("/metrics" in rules) == (token is not None)
    assert set(document["paths"]) == rules


def test_every_response_is_documented(start):
    service = start(policy={"rate_limit_per_minute": 12}, limits=LimitSettings(failed_identification_per_minute=12))
    document = service.call("GET", "/openapi.json").json
    seen = set()

    def is_documented(response, path, method="post"):
        operation = document["paths"][path][method]
        documented = operation["responses"][str(response.status_code)]
        check(response.json, documented["content"]["application/json"]["schema"], document)
        assert set(documented.get("headers", {})) <= set(response.headers.keys())
        seen.add((path, response.status_code))
        return response

    sessions = "/v1/sessions"
    refresh, end = f"{sessions}/{{session_id}}/refresh-token", f"{sessions}/{{session_id}}/end"
    realtime = "/v1/realtime/{session_id}"
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    session = is_documented(service.create(portal_context={"route": "/"}), sessions).json
    own = service.token()
    is_documented(service.call("GET", "/health"), "/health", "get")
    is_documented(service.post(sessions, own, "{"), sessions)
    is_documented(service.post(sessions, own, {"x": 1}), sessions)
    is_documented(service.post(sessions, own, "{}", content_type="text/plain"), sessions)
    is_documented(service.post(sessions, own, " " * 70_000), sessions)
    is_documented(service.refresh(session["session_id"], own), refresh)
    is_documented(service.end(session["session_id"], own), end)
    is_documented(service.refresh(session["session_id"], own), refresh)
    is_documented(service.end("sess-x", own), end)
    for _ in range(4):
        last = service.end("sess-x", own)
    is_documented(last, end)
    assert last.status_code == 429
    is_documented(service.create(), sessions)
    is_documented(service.refresh("sess-x", own), refresh)
    is_documented(service.call("GET", realtime.format(session_id="x")), realtime, "get")
    for _ in range(12):
        is_documented(service.post(sessions, None, {}), sessions)
        is_documented(service.refresh("sess-x", "x"), refresh)
        is_documented(service.end("sess-x", "x"), end)
        is_documented(service.call("GET", realtime.format(session_id="x"), "x", headers=upgrade), realtime, "get")
    service.banker.drain()
    is_documented(service.call("GET", "/health/ready"), "/health/ready", "get")
    assert {status for path, status in seen if path == sessions} == {201, 400, 401, 413, 415, 429}
    assert {status for path, status in seen if path == realtime} == {400, 401, 429}


def test_the_service_accepts_what_the_document_describes(service, document):
    schema = document["components"]["schemas"]["CreateSession"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["auth_assertion", "tenant_id", "user_id"]
    own = service.token()
    body = {"tenant_id": "alpha", "user_id": "user-1", "auth_assertion": own}
    check(body, schema, document)
    assert service.post("/v1/sessions", own, body).status_code == 201
    for name in schema["required"]:
        maximum = schema["properties"][name]["maxLength"]
        assert_error(service.post("/v1/sessions", own, {**body, name: "x" * (maximum + 1)}), 400)
        assert service.post("/v1/sessions", own, {**body, name: "x" * maximum}).status_code == 401
