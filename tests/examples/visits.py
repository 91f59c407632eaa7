"""What a visitor of the demo bank's pages does."""

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from examples.bank.demo_data import PASSWORD


def token(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    assert found is not None
    return found[1]


def sign_in(client: FlaskClient, login: str = "dana", password: str = PASSWORD) -> TestResponse:
    form = {"login": login, "password": password, "csrf_token": token(client.get("/login"))}
    return client.post("/login", data=form)


def csrf(client: FlaskClient) -> dict[str, str]:
    return {"X-CSRF-Token": token(client.get("/"))}
