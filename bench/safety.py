"""How many sentences about safety are noticed, and how many ordinary ones are taken for one.

`safety.tsv` was written before the examples. `safety2.tsv` was written before more of them by their author; it has near
misses too, labelled `none`: "my card was stolen while I was on holiday". `safety3.tsv` was written after all examples
of its day: slang, fake messages, and near misses of all kinds. `safety4.tsv` was written before more examples by their
author: understated, angry and mistyped sentences, second languages, and near misses. BENCH_ORDINARY names files of
`label<TAB>utterance` in which every notice is a false alarm, separated by colons.
"""

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from banker.agents.safety import load_safety_topics
from banker.agents.safety.model import NONE
from banker.agents.safety.topics import TALK_TOPICS
from bench.figure import Figure


def figures(heldout: Path) -> Iterator[Figure]:
    """Recall by topic, false alarms of the near misses and of ordinary sentences, and the time for one utterance."""
    topics = load_safety_topics()
    if topics is None:
        return
    noticed: dict[str, list[bool]] = defaultdict(list)
    right, times = 0, []
    cases = _read(heldout)
    near = [text for label, text in cases if label == NONE]
    if near:
        alarms = sum(topics.check(text) is not None for text in near)
        yield Figure(f"false alarms, near misses ({len(near)} lines)", f"{alarms / len(near):.1%}")
    cases = [(label, text) for label, text in cases if label != NONE]
    for label, text in cases:
        began = time.perf_counter()
        found = topics.check(text)
        times.append(time.perf_counter() - began)
        noticed[label].append(found is not None)
        right += found is not None and found.name == label
    for label, hits in sorted(noticed.items()):
        yield Figure(f"noticed, {label} ({len(hits)} lines)", f"{sum(hits) / len(hits):.0%}")
    for name, labels in (("safety", set(noticed) - TALK_TOPICS), ("the talk", TALK_TOPICS)):
        hits = [hit for label in labels for hit in noticed[label]]
        yield Figure(f"noticed, {name} ({len(hits)} lines)", f"{sum(hits) / len(hits):.1%}", "95 %")
    yield Figure("right topic", f"{right / len(cases):.1%}")
    for path in map(Path, filter(None, os.environ.get("BENCH_ORDINARY", "").split(":"))):
        lines = _read(path)
        alarms = sum(topics.check(text) is not None for _, text in lines)
        yield Figure(f"false alarms, {path.stem} ({len(lines)} lines)", f"{alarms / len(lines):.2%}", "under 1 %")
    yield Figure("time for one utterance, median", f"{statistics.median(times) * 1000:.1f} ms", "10 ms")


def _read(path: Path) -> list[tuple[str, str]]:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [(row[0], row[-1]) for row in rows if len(row) > 1]
