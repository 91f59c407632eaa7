"""Embedding the banker: everything that a Flask back end needs."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, g, request

from banker import ApiError, Banker, Caller
from examples.bank.database import Bank
from examples.bank.step_up import add_step_up
from examples.bank.tools import add_tools


def embed(app: Flask, banker: Banker, bank: Bank, *, url_prefix: str, tenant_id: str | None, signed_in: Any) -> None:
    """Mount the service, register the bank's tools, and create sessions for customers who are signed in."""
    banker.init_app(app, url_prefix=url_prefix)
    add_tools(banker, bank, tenant_id=tenant_id)
    add_step_up(app, banker, bank, signed_in=signed_in)
    banker.around_talk(bank.of_a_new_bank)

    @banker.check_context
    def is_own_account(caller: Caller, context: Mapping[str, str]) -> bool:
        """Refuse what a page reports during a conversation if it names an account that is not the customer's."""
        account_id = context.get("account_id")
        return account_id is None or bank.account(caller.user_id, account_id) is not None

    @app.post("/banker-session")
    @signed_in
    def banker_session() -> Any:
        """Answer the widget's `session-url`. The portal context is not verified, so the tools check it themselves."""
        customer_id, shown = g.customer.customer_id, request.get_data()
        try:
            return banker.create_session(user_id=customer_id, portal_context=shown, tenant_id=tenant_id), 201
        except ApiError as error:
            return error.body(), error.status, error.headers
