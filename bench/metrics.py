"""What a service of the bench says about itself."""

import requests

from tests.servers import Gunicorn

TOKEN = "a-token-for-the-metrics-of-the-bench"


def environment() -> dict[str, str]:
    """Has a service count, and tell whoever has the token."""
    return {"BANKER_METRICS__ENABLED": "true", "BANKER_METRICS_TOKEN": TOKEN}


def values(server: Gunicorn) -> dict[str, float]:
    """Every sample of its metrics."""
    answer = requests.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
    assert answer.status_code == 200, answer.text
    lines = (line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}
