"""How fast an app that only creates sessions is there."""

import subprocess
import sys
import time
from collections.abc import Iterator

from bench.figure import Figure
from tests.servers import ROOT, config_environment

SCRIPT = "from banker import create_app; assert create_app().test_client().get('/health').status_code == 200"


def figures(quick: bool) -> Iterator[Figure]:
    """Import and first health answer, in a fresh Python."""
    times = []
    for _ in range(3 if quick else 7):
        began = time.perf_counter()
        environ = config_environment() | {"BANKER_DEMO": "1", "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", SCRIPT], check=True, cwd=ROOT, env=environ)
        times.append(time.perf_counter() - began)
    yield Figure("import and first health answer", f"{min(times):.2f} s", "under 1 s")
