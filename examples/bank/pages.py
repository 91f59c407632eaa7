"""The bank's web site. The banker is on every page after signing in."""

import hmac
import secrets
from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, g, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from banker import Banker
from examples.bank.database import Bank
from examples.bank.embedding import embed
from examples.bank.help import add_help_pages
from examples.bank.sign_in import SignInLimits, add_sign_in_pages
from examples.bank.staff import add_staff_pages

# What a page with the widget needs (docs/embedding.md). `connect-src 'self'` includes wss: of the same host.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "microphone=(self), camera=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def create_bank(
    banker: Banker, bank: Bank | Path | str, *, url_prefix: str = "/banker", tenant_id: str | None = None
) -> Flask:
    """Create the bank's app with the banker mounted under `url_prefix`. `bank` is its database or the path of one."""
    bank = bank if isinstance(bank, Bank) else Bank(bank)
    app = Flask(__name__)
    app.config.update(SESSION_COOKIE_NAME="bank", SESSION_COOKIE_SAMESITE="Lax", MAX_CONTENT_LENGTH=64 * 1024)
    app.session_interface = CookiesLikeTheConnection()
    app.secret_key = bank.cookie_key()
    if hops := banker.config.server.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.url_map.merge_slashes = False
    widget = f"/{url_prefix.strip('/')}/widget/widget.js".replace("//", "/")
    app.context_processor(lambda: {"widget": request.script_root + widget, "csrf_token": _csrf_token()})
    app.add_template_filter(money)
    _secure(app, bank)
    _banking_pages(app, bank)
    limits = SignInLimits()
    add_sign_in_pages(app, bank, banker, limits)
    desk = f"/{url_prefix.strip('/')}/desk".replace("//", "/")
    add_staff_pages(app, bank, limits, banker, desk=desk, tenant_id=tenant_id)
    add_help_pages(app)
    embed(app, banker, bank, url_prefix=url_prefix, tenant_id=tenant_id, signed_in=signed_in)
    return app


class CookiesLikeTheConnection(SecureCookieSessionInterface):
    """Marks the cookie `Secure` when the request came over TLS, also at a proxy: no setting can then be forgotten."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Tell whether the cookie may return over TLS only."""
        return request.is_secure


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Restrict a view to customers. Others are redirected to the sign-in page; requests other than GET get 401."""

    @wraps(view)
    def guarded(*arguments: Any, **named: Any) -> Any:
        if g.customer is not None:
            return view(*arguments, **named)
        if request.method == "GET":
            return redirect(url_for("sign_in"))
        return abort(401, "Please sign in first.")

    return guarded


def _secure(app: Flask, bank: Bank) -> None:
    """Identify the customer, protect against CSRF, and format errors for people and for programs."""

    @app.before_request
    def identify() -> None:
        g.customer = bank.customer(session["customer"]) if "customer" in session else None
        if request.method not in ("GET", "HEAD", "OPTIONS") and request.routing_exception is None:
            require_csrf_token()

    def require_csrf_token() -> None:
        given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
        if not hmac.compare_digest(given.encode(), session.get("csrf", secrets.token_hex()).encode()):
            abort(400, "This form has expired. Please go back, reload the page and send it again.")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Any:
        if (error.code or 500) < 400:
            return error
        if "text/html" in request.headers.get("Accept", ""):
            return render_template("error.html", error=error), error.code
        name = error.name.lower().replace(" ", "_")
        headers = [header for header in error.get_headers() if header[0] == "Allow"]
        return {"error": name, "message": error.description or error.name}, error.code, headers


def _csrf_token() -> str:
    """Return the token of this browser's forms. What a script fetches replaces none: it may come after signing out."""
    if request.headers.get("Sec-Fetch-Dest", "document") != "document":
        return str(session.get("csrf", ""))
    return str(session.setdefault("csrf", secrets.token_hex(16)))


def money(amount: Decimal, currency: str = "USD") -> str:
    """Format an amount as the pages show it: $1,234.56, −$20.00, EUR 5.00."""
    sign = "−" if amount < 0 else ""
    return f"{sign}{'$' if currency == 'USD' else f'{currency} '}{abs(amount):,.2f}"


def _banking_pages(app: Flask, bank: Bank) -> None:
    """Add the pages that show what customers have, and what their talks with the banker changed."""

    @app.get("/")
    @signed_in
    def accounts() -> Any:
        customer = g.customer.customer_id
        return render_template("accounts.html", accounts=bank.accounts(customer), address=bank.address(customer))

    @app.get("/transactions")
    @signed_in
    def transactions() -> Any:
        customer, chosen = g.customer.customer_id, request.args.get("account")
        if chosen is not None and bank.account(customer, chosen) is None:
            abort(404, "We can’t find that account.")
        listed = bank.transactions(customer, chosen)
        return render_template(
            "transactions.html", accounts=bank.accounts(customer), chosen=chosen, transactions=listed
        )

    @app.get("/transfers")
    @signed_in
    def transfers() -> Any:
        customer = g.customer.customer_id
        return render_template("transfers.html", transfers=bank.transfers(customer), payees=bank.payees(customer))

    @app.get("/cards")
    @signed_in
    def cards() -> Any:
        customer = g.customer.customer_id
        return render_template("cards.html", cards=bank.cards(customer), address=bank.address(customer))

    @app.get("/appointments")
    @signed_in
    def appointments() -> Any:
        booked = bank.appointments(g.customer.customer_id)
        return render_template("appointments.html", appointments=booked, branches=bank.branches())

    @app.get("/tickets")
    @signed_in
    def tickets() -> Any:
        return render_template("tickets.html", tickets=bank.tickets(g.customer.customer_id))
