"""How well the demo bank's agent serves what others have written: the table of docs/agent.md.

    BANKER_DATA=FOLDER python -m bench.run agent

FOLDER has the public sets as bench/public_sets.py reads them. Without it only the lists of bench/lists are measured.
Their topics are mapped to the demo bank's skills and pages in bench/public/. A topic counts as right if its page is
said, its tool is called or proposed, or it is one of two that the banker asks about.
"""

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from banker.cli.evaluation.labelled import Labelled
from banker.cli.evaluation.report import EvaluatedUtterance, evaluate
from banker.text.en.slots import Slot, find_amounts, find_dates, find_times
from bench import own_tools, public_sets
from bench.demo_agent import LISTS, demo_turns, evaluate_list, shares
from bench.figure import Figure
from bench.phrase_lines import phrase_lines
from bench.progress import progress

EVERY = 10
"""With `--quick`, one in ten utterances is taken."""
WISHES = ("unseen-wishes", "unseen-acts", "unseen-smalltalk")
NOW = datetime(2026, 11, 25, 9, 30)
DATES = ("date", "date_from", "date_to", "date_period")
TIMES = ("time", "time_from", "time_to")
AMOUNTS = ("amount_of_money",)
MOSTLY = 0.6
"""Share of the words marked in NLU++ that a slot must cover: "4th of each month" is not the 4th."""


def figures(quick: bool) -> Iterator[Figure]:
    """The rows of docs/agent.md that no conversation is needed for."""
    yield from own_tools.figures()
    wishes = [finding for name in WISHES for finding in evaluate_list(LISTS / f"{name}.tsv") if _is_wish(finding)]
    right, beside = shares(wishes)
    yield Figure(f"unseen ways of asking ({len(wishes)} lines)", right, beside)
    folder = os.environ.get("BANKER_DATA")
    if folder is not None:
        yield from _public(Path(folder), EVERY if quick else 1)
    yield Figure(
        "lines of patterns and phrase lists in agents/",
        str(len(list(phrase_lines()))),
        "python -m bench.phrase_lines",
    )
    yield from _time([finding.labelled.utterance for finding in wishes])


def _public(folder: Path, every: int) -> Iterator[Figure]:
    findings = _evaluated("Banking77", public_sets.banking77(folder)[::every])
    if findings:
        right, beside = shares(findings)
        yield Figure(f"Banking77: right topic ({len(findings)})", right, beside)
    for name, rows in (
        ("CLINC150, banking", public_sets.clinc_bank(folder)),
        ("CLINC150, all else", public_sets.clinc_others(folder)),
    ):
        findings = _evaluated(name, rows[::every])
        if findings:
            unasked = [finding for finding in findings if finding.unasked_tools(demo_turns().skills)]
            tickets = sum(finding.turn.found not in demo_turns().skills for finding in unasked)
            beside = f"{len(unasked)}, of them {tickets} a ticket offered after a safety text"
            yield Figure(
                f"{name}: a tool that was not asked for ({len(findings)})",
                f"{len(unasked) / len(findings):.1%}",
                beside,
            )
    spoken = public_sets.nlupp(folder)
    for name, kinds in (("dates", DATES), ("times", TIMES), ("amounts", AMOUNTS)):
        marked = [(one, words) for one in spoken for kind, words in one.slots.items() if kind in kinds]
        if marked:
            read = sum(_is_read(one.utterance, words, name) for one, words in marked)
            yield Figure(f"NLU++: {name} read ({len(marked)})", f"{read / len(marked):.1%}", "95 %")


def _evaluated(name: str, rows: Sequence[Labelled]) -> list[EvaluatedUtterance]:
    progress(f"{name}: {len(rows)} utterances")
    return evaluate(rows, demo_turns().play)


def _is_wish(finding: EvaluatedUtterance) -> bool:
    return "none" not in finding.labels


def _is_read(utterance: str, words: str, what: str) -> bool:
    """Whether one value is read from most of the words that are marked. Its correctness was judged by eye."""
    begin = utterance.lower().find(words.lower())
    end = begin + len(words)
    slots: Sequence[Slot[object]]
    if what == "dates":
        slots = find_dates(utterance, NOW.date())
    elif what == "times":
        slots = find_times(utterance, NOW, bare=True)
    else:
        slots = find_amounts(utterance, bare=True)
    covered = [min(slot.end, end) - max(slot.start, begin) for slot in slots if slot.start < end and begin < slot.end]
    return len(covered) == 1 and covered[0] >= MOSTLY * len(words)


def _time(utterances: Sequence[str]) -> Iterator[Figure]:
    """CPU of a whole first turn and of understanding alone, so that other work on the machine does not count."""
    whole, model = [], []
    for utterance in utterances:
        began = time.process_time()
        demo_turns().play(utterance)
        whole.append(time.process_time() - began)
    understander = demo_turns().understander
    for utterance in utterances:
        began = time.process_time()
        understander.understand(utterance)
        model.append(time.process_time() - began)
    yield Figure(
        "CPU of an utterance, median",
        f"{statistics.median(whole) * 1000:.0f} ms",
        f"safety, understanding and pages; understanding alone {statistics.median(model) * 1000:.0f} ms",
    )
