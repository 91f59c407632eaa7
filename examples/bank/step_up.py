"""Step-up: the bank authenticates its customer for one call of the banker, by a code that it sends as a text message.

The page only says which call it is about: the service says what the customer approves, and gets the proof from here.
"""

import time
from collections.abc import Callable
from typing import Any

from flask import Flask, abort, g, request

from banker import ApiError, Banker, StepUpProof, StepUpRequest
from examples.bank.database import Bank
from examples.bank.records import Refused


def add_step_up(app: Flask, banker: Banker, bank: Bank, *, signed_in: Callable[..., Any]) -> None:
    """Add the two addresses that the bank's form posts to."""

    @app.post("/step-up")
    @signed_in
    def step_up() -> Any:
        """Send the code. In this demonstration the answer shows the message that a phone would receive."""
        waiting = own_request()
        code = bank.code_for(g.customer.customer_id, waiting.call_id, waiting.hash, waiting.expires_at)
        message = f"Demo Bank: {code.code} is your code to {waiting.summary}. Never tell it to anybody."
        return {"summary": waiting.summary, "message": message}

    @app.post("/step-up/code")
    @signed_in
    def step_up_code() -> Any:
        """Check the code, and tell the banker's service that the customer has approved exactly this call."""
        waiting = own_request()
        customer = g.customer.customer_id
        try:
            approved = bank.check_code(customer, waiting.call_id, request.form.get("code", ""))
        except Refused as wrong:
            abort(400, str(wrong))
        proof = StepUpProof(approved, customer, "code by text message", time.time())
        try:
            banker.step_up_done(waiting.session_id, waiting.call_id, proof)
        except ApiError as error:
            return error.body(), error.status, error.headers
        return {"status": "approved"}

    def own_request() -> StepUpRequest:
        """Return the call that the form names if it waits for this customer. Another's is as if it did not exist."""
        try:
            waiting = banker.step_up_request(request.form.get("session_id", ""), request.form.get("call_id", ""))
        except ApiError as error:
            abort(503 if error.status == 503 else 404, "Nothing waits for a code. Please ask the banker again.")
        if waiting.user_id != g.customer.customer_id:
            abort(404, "Nothing waits for a code. Please ask the banker again.")
        return waiting
