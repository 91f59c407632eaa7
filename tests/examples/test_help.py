"""The bank's help pages: every link of the banker leads to a heading that exists, and nothing in a page is markup."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from banker.agents.knowledge import read_pages
from banker.config.loading import load
from banker.config.tenant import Tenant
from examples.bank import pages
from examples.bank.help import PAGES, rendered


@pytest.fixture(scope="module")
def demo() -> Tenant:
    config = load(Path(pages.__file__).parents[2] / "config", {"BANKER_DEMO": "1"})
    return config.tenants["demo"]


def test_every_passage_has_a_link_to_a_heading_that_exists(client: FlaskClient, demo: Tenant) -> None:
    passages = read_pages(demo.knowledge, mistakes := [])
    assert mistakes == []
    assert demo.knowledge.path == PAGES
    urls = {passage.url for passage in passages if passage.url}
    shown = {url.partition("#")[0]: client.get(url.partition("#")[0]) for url in urls}
    assert {answer.status_code for answer in shown.values()} == {200}
    missing = [url for url in urls if f'<h2 id="{url.partition("#")[2]}">' not in shown[url.partition("#")[0]].text]
    assert missing == []
    assert all(page in client.get("/help").text for page in shown)


def test_the_pages_show_what_the_banker_says_but_not_how_customers_ask(client: FlaskClient, demo: Tenant) -> None:
    page = " ".join(client.get("/help/cash").text.split())
    assert "another bank&#39;s machine in the United States costs $2.50." in page
    assert "asked:" not in page


def test_a_page_that_does_not_exist_is_not_found(client: FlaskClient) -> None:
    for name in ("nothing", "..%2f..%2fbanker", "cards.md", ""):
        assert client.get(f"/help/{name}").status_code == 404


def test_markdown_becomes_html_and_everything_else_is_text() -> None:
    page = "# Cards\n\n## Fees & limits {#fees}\n<!-- asked:\nhow much\n-->\n\n<b>No</b> **fees**, see\n"
    page += "[the list](/prices) or [this](javascript:alert(1)).\n\n- one\n- two\n"
    assert str(rendered(page)).splitlines() == [
        '<h2 id="fees">Fees &amp; limits</h2>',
        '<p>&lt;b&gt;No&lt;/b&gt; <strong>fees</strong>, see <a href="/prices">the list</a> or '
        "[this](javascript:alert(1)).</p>",
        "<ul><li>one</li><li>two</li></ul>",
    ]
