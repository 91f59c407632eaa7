"""What a service of the bench says about itself."""

from collections.abc import Mapping

import requests

from tests.servers import Gunicorn

TOKEN = "a-token-for-the-metrics-of-the-bench"
LATENESS = 'banker_packet_lateness_seconds_bucket{le="'


def environment() -> dict[str, str]:
    """Has a service count, and tell whoever has the token."""
    return {"BANKER_METRICS__ENABLED": "true", "BANKER_METRICS_TOKEN": TOKEN}


def values(server: Gunicorn) -> dict[str, float]:
    """Every sample of its metrics."""
    answer = requests.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
    assert answer.status_code == 200, answer.text
    lines = (line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def lateness(before: Mapping[str, float], after: Mapping[str, float], share: float) -> str:
    """The first bound of the histogram that this share of the packets sent in between stay within."""
    counts = {
        float(name.removeprefix(LATENESS).partition('"')[0]): after[name] - before[name]
        for name in after
        if name.startswith(LATENESS)
    }
    most = counts.pop(float("inf"))
    bound = next((bound for bound, count in sorted(counts.items()) if count >= share * most), None)
    return f"over {max(counts) * 1000:.0f} ms" if bound is None else f"{bound * 1000:.0f} ms and less"
