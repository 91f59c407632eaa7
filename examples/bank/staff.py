"""The bank's staff: who they are, how they sign in, and that the banker's desk is open to them."""

from typing import Any

from flask import Flask, abort, current_app, redirect, render_template, request, session, url_for
from flask_limiter.util import get_remote_address

from banker import Banker, Colleague
from examples.bank.database import Bank
from examples.bank.demo_data import PASSWORD
from examples.bank.sign_in import SignInLimits


def add_staff_pages(
    app: Flask, bank: Bank, limits: SignInLimits, banker: Banker, *, desk: str, tenant_id: str | None
) -> None:
    """Add the sign-in of the staff, which leads to the `desk`. Customers cannot use it, nor staff the bank's pages."""
    app.extensions["bank-staff"] = bank, banker, tenant_id

    @app.get("/staff")
    def staff_sign_in() -> Any:
        if bank.colleague(session.get("staff", "")) is not None:
            return redirect(request.script_root + desk)
        return render_template("staff.html", password=PASSWORD)

    @app.post("/staff")
    def staff_sign_in_now() -> Any:
        login = request.form.get("login", "")
        if not limits.may_try(f"staff {login}", get_remote_address()):
            abort(429, "Too many wrong passwords. Please wait a minute and try again.")
        staff_id = bank.staff_sign_in(login, request.form.get("password", ""))
        if staff_id is None:
            wrong = "The user name or the password is wrong."
            return render_template("staff.html", password=PASSWORD, wrong=wrong), 401
        limits.succeeded(f"staff {login}", get_remote_address())
        session.clear()  # against session fixation
        session["staff"] = staff_id
        return redirect(request.script_root + desk)

    @app.post("/staff/logout")
    def staff_sign_out() -> Any:
        session.clear()
        return redirect(url_for("staff_sign_in"))


def colleague_at_desk() -> Colleague | None:
    """Return the member of the staff who is signed in: the `desk_access` of the banker."""
    bank, banker, tenant_id = current_app.extensions["bank-staff"]
    found = bank.colleague(session.get("staff", ""))
    return None if found is None else Colleague(*found, banker.config.tenant(tenant_id).tenant_id)
