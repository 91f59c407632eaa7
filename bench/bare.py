"""A Flask route that reads JSON and answers JSON and does nothing else: the stack's own ceiling."""

from flask import Flask, request

app = Flask("bare")


@app.post("/bare")
def bare() -> dict[str, str]:
    """Nothing but Flask."""
    request.get_json()
    return {"status": "ok"}
