"""What a page shows of the banker before a conversation: the tenant's colour, its questions and its face."""

from dataclasses import replace

import pytest

from banker.config.tenant import WidgetSettings


@pytest.fixture
def service(start):
    banks = dict(start(policy={}).config.tenants)
    banks["alpha"] = replace(banks["alpha"], widget=WidgetSettings(examples=("Wie hoch ist mein Kontostand?",)))
    beta = banks["beta"]
    banks["beta"] = replace(beta, config=replace(beta.config, avatar_enabled=False))
    return start(tenants=banks)


def test_a_tenant_is_seen_before_anybody_signs_in(service):
    answer = service.call("GET", "/widget/appearance?tenant=alpha")
    assert answer.status_code == 200
    assert answer.json["examples"] == ["Wie hoch ist mein Kontostand?"]
    assert answer.json["portrait"] is True
    assert set(answer.json) == {"theme", "examples", "portrait"}
    face = service.call("GET", "/widget/portrait.png?tenant=alpha")
    assert (face.status_code, face.mimetype) == (200, "image/png")
    assert face.data.startswith(b"\x89PNG")


def test_a_tenant_without_a_face_has_no_portrait(service):
    assert service.call("GET", "/widget/appearance?tenant=beta").json["portrait"] is False
    assert service.call("GET", "/widget/portrait.png?tenant=beta").status_code == 404


@pytest.mark.parametrize("query", ["", "?tenant=", "?tenant=nobody", "?tenant=../alpha"])
@pytest.mark.parametrize("name", ["appearance", "portrait.png"])
def test_an_unknown_tenant_is_404(service, name, query):
    answer = service.call("GET", f"/widget/{name}{query}")
    assert (answer.status_code, answer.json["error"]) == (404, "tenant_not_found")
