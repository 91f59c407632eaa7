"""How many questions the demo bank's pages answer, and how many of other people's questions get a page.

    python -m bench.knowledge [FILE.tsv...]

A file has the header `topic<TAB>utterance` or `label<TAB>utterance`. A label is the topic of the same name:
`card_arrival` is the page's `{#card-arrival}`. Lines with another label should get no page. Without files it is
bench/lists/knowledge, which was written for choosing the thresholds. A column `about` names the topic that was said
last, with which the question goes on; several topics may then be right, with spaces between them.
"""

import csv
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from banker.agents.knowledge import KnowledgeBase, read_pages
from banker.agents.sentence_encoder import packaged_encoder
from banker.agents.tenant_agents import load_knowledge
from banker.config.tenant import KnowledgeSettings
from bench.figure import Figure

PAGES = Path(__file__).parents[1] / "config" / "knowledge" / "demo"
LISTS = Path(__file__).with_name("lists") / "knowledge"


def figures(quick: bool, files: Sequence[Path] = ()) -> Iterator[Figure]:
    """Each file: questions that have a page, and those that have none."""
    settings = KnowledgeSettings(path=PAGES)
    passages = read_pages(settings, [])
    titles = {passage.topic: passage.title for passage in passages}
    packaged_encoder()  # shared with the understanding
    began = time.perf_counter()
    knowledge = load_knowledge(settings)
    assert knowledge is not None
    yield Figure(f"pages indexed ({len(passages)} passages)", f"{time.perf_counter() - began:.2f} s", "under 1 s")
    began = time.perf_counter()
    for number in range(200):
        knowledge.look_up(f"how long does transfer number {number} take")
    yield Figure("time of a search", f"{(time.perf_counter() - began) * 5:.1f} ms", "5 ms")
    for name, base in (("", knowledge), (", by words only", KnowledgeBase(passages))):
        for path in files or sorted(LISTS.glob("*.tsv")):
            yield from _of_file(path, base, titles, name)


def _of_file(path: Path, knowledge: KnowledgeBase, titles: Mapping[str, str], name: str) -> Iterator[Figure]:
    with path.open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    if lines and "about" in lines[0]:
        yield _asked_on(path, knowledge, titles, lines, name)
        return
    rows = [(_topic(line), line["utterance"]) for line in lines]
    found = [(topic if topic in titles else None, knowledge.look_up(text)) for topic, text in rows]
    known = [(topic, finding) for topic, finding in found if topic is not None]
    strangers = [finding for topic, finding in found if topic is None]
    if known:
        right = sum(f.answer is not None and f.answer.topic == topic for topic, f in known)
        wrong = sum(f.answer is not None and f.answer.topic != topic for topic, f in known)
        offered = sum(topic in [passage.topic for passage in f.offers] for topic, f in known)
        asked = sum(bool(f.offers) for _, f in known)
        yield Figure(
            f"pages, {path.stem}{name}: right ({len(known)} questions)",
            f"{(right + offered) / len(known):.1%}",
            f"answered {right / len(known):.1%}, wrong answer {wrong / len(known):.1%}, "
            f"offered {asked / len(known):.1%}, among them {offered / len(known):.1%}",
        )
    if strangers:
        answered = sum(finding.answer is not None for finding in strangers)
        yield Figure(
            f"pages, {path.stem}{name}: without a page, answered ({len(strangers)})",
            f"{answered / len(strangers):.1%}",
            f"{answered} answered, {sum(bool(finding.offers) for finding in strangers)} asked back",
        )


def _asked_on(
    path: Path, knowledge: KnowledgeBase, titles: Mapping[str, str], lines: Sequence[dict[str, str]], name: str
) -> Figure:
    answers = [knowledge.look_up(line["utterance"], about=titles[line["about"]]).answer for line in lines]
    found = [("no-page" if answer is None else answer.topic) for answer in answers]
    wrong = [topic for topic, line in zip(found, lines, strict=True) if topic not in line["topic"].split()]
    right, wrong_page = len(lines) - len(wrong), sum(topic != "no-page" for topic in wrong)
    return Figure(
        f"pages, {path.stem}{name}: right ({len(lines)} questions)", f"{right / len(lines):.1%}",
        f"wrong page {wrong_page / len(lines):.1%}",
    )  # fmt: skip


def _topic(row: dict[str, str]) -> str:
    label = row.get("topic") or row.get("label") or ""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")


if __name__ == "__main__":
    for row in figures(quick=False, files=[Path(name) for name in sys.argv[1:]]):
        print(f"{row.name:72} {row.value:>8}  {row.goal}", flush=True)
