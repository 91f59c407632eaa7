"""The lists that measure understanding are not learned from."""

import re

from banker.agents.safety.model import EXAMPLES as SAFETY
from banker.agents.scripted.skills.examples import DATA, read_lines
from banker.agents.scripted.skills.skill_files import PACKAGED, load_skills
from banker.cli.evaluation.labelled import read_labelled
from tests.servers import ROOT

LISTS = ROOT / "bench" / "lists"


def bare(text: str) -> str:
    """Return letters and digits alone, so that neither a sign nor a space tells two lines apart."""
    return re.sub(r"[\W_]+", "", text.lower())


def learned_lines() -> list[str]:
    files = [file for folder in (PACKAGED, DATA, SAFETY) for file in folder.glob("*.t[xs][tv]")]
    lines = [part for file in files for line in read_lines(file) for part in line.split("\t")]
    for skill in load_skills(None, ()).values():
        lines += skill.examples
    return lines


def test_no_line_of_a_held_out_list_stands_in_the_examples() -> None:
    held_out = {
        bare(row.utterance): path.name
        for path in LISTS.glob("*.tsv")
        for row in read_labelled(path.read_bytes(), path.name)
    }
    assert len(held_out) >= 2_000
    lines = learned_lines()
    assert len(lines) >= 5_000
    assert [(held_out[bare(line)], line) for line in lines if bare(line) and bare(line) in held_out] == []
