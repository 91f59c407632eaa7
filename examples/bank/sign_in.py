"""Signing in and out, with a limit to guesses of a password."""

from typing import Any

from flask import Flask, abort, g, redirect, render_template, request, session, url_for
from flask_limiter.util import get_remote_address
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from banker import Banker
from examples.bank.database import Bank, login_name
from examples.bank.demo_data import PASSWORD

PER_NAME, PER_ADDRESS = parse("5/minute"), parse("30/minute")


class SignInLimits:
    """Limits the guesses of a password, by name and by address.

    An attempt is counted before the password is checked, so that no guess is free that is made at the same time as
    others. Several workers need a shared storage.
    """

    def __init__(self) -> None:
        self._attempts = FixedWindowRateLimiter(MemoryStorage())

    def may_try(self, name: str, address: str) -> bool:
        """Count an attempt, and return whether it is within the limits."""
        return self._attempts.hit(PER_ADDRESS, address) and self._attempts.hit(PER_NAME, name)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the attempts of a name; many people may share an office's address."""
        self._attempts.clear(PER_NAME, name)
        self._attempts.hit(PER_ADDRESS, address, cost=-1)


def add_sign_in_pages(app: Flask, bank: Bank, banker: Banker, limits: SignInLimits) -> None:
    """Add the pages to sign in and out."""

    @app.get("/login")
    def sign_in() -> Any:
        if g.customer is not None:
            return redirect(url_for("accounts"))
        return render_template("login.html", password=PASSWORD)

    @app.post("/login")
    def sign_in_now() -> Any:
        login, password = request.form.get("login", ""), request.form.get("password", "")
        name = login_name(login)
        if not limits.may_try(name, get_remote_address()):
            abort(429, "Too many wrong passwords. Please wait a minute and try again.")
        customer = bank.sign_in(login, password)
        if customer is None:
            wrong = "The user name or the password is wrong."
            return render_template("login.html", password=PASSWORD, wrong=wrong), 401
        limits.succeeded(name, get_remote_address())
        session.clear()  # against session fixation
        session["customer"] = customer.customer_id
        return redirect(url_for("accounts"))

    @app.post("/logout")
    def sign_out() -> Any:
        if g.customer is not None:
            banker.end_sessions(g.customer.customer_id)
        session.clear()
        return redirect(url_for("sign_in"))
