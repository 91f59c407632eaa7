"""What the bench found, as SVG pictures for docs/performance.md."""

from collections.abc import Sequence
from pathlib import Path

import pygal
from pygal.style import CleanStyle

from bench.figure import Figure

LOOK = {"style": CleanStyle, "width": 760, "height": 320, "js": ()}


def draw(figures: Sequence[Figure], folder: Path) -> None:
    """Draw each picture whose figures were taken: `sessions.svg` and `latency.svg`."""
    levels = [figure.series for figure in figures if "sessions" in figure.series]
    if len(levels) > 1:
        chart = pygal.XY(title="A live session, voice", x_title="sessions at once", **LOOK)
        chart.add("CPU, % of a core", [(each["sessions"], each["cpu"]) for each in levels])
        chart.add("memory, MiB", [(each["sessions"], each["memory"]) for each in levels])
        chart.render_to_file(str(folder / "sessions.svg"))
    stages = [each for figure in figures if "sessions" not in figure.series for each in figure.series.items()]
    if stages:
        chart = pygal.HorizontalStackedBar(title="End of speech to first packet, median, ms", **LOOK)
        for name, milliseconds in stages:
            chart.add(f"{name} {milliseconds:.0f}", [milliseconds])
        chart.render_to_file(str(folder / "latency.svg"))
