"""Tampering with a trail is found, whatever was done to it."""

import json

import pytest

from banker.audit.chain import Head, Seal
from banker.audit.file_trail import FileTrail, head_path
from tests.audit.trails import KEY, assert_broken, event, lines_of, verdict, write


def test_an_untouched_trail_is_intact(path, seal):
    found = verdict(path, seal)
    assert (found.problem, found.line, found.entries) == (None, None, 8)
    assert (found.first, found.last) == ("2027-01-15T08:00:01.000Z", "2027-01-15T08:00:08.000Z")
    assert found.head == json.loads(lines_of(path)[-1])["hash"]


@pytest.mark.parametrize("number", [1, 4, 8])
@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace("user-1", "user-2"),
        lambda line: line.replace("number", "numbers"),
        lambda line: line.replace('{"event"', '{ "event"'),
        lambda line: line[:-1],
        lambda line: line + " ",
        lambda line: line.replace('"event"', '"event":"x","event"'),
        lambda line: "",
        lambda line: "null",
        lambda line: "\x00",
        lambda line: '{"seq":1}',
    ],
)
def test_a_changed_line_is_found_where_it_is(path, seal, number, change):
    lines = lines_of(path)
    lines[number - 1] = change(lines[number - 1])
    write(path, lines)
    assert_broken(path, seal, number, "changed")


@pytest.mark.parametrize("number", [1, 4, 7])
def test_a_removed_line_is_found_where_it_is_missing(path, seal, number):
    lines = lines_of(path)
    del lines[number - 1]
    write(path, lines)
    assert_broken(path, seal, number, f"removed: entry {number} is missing")


def test_several_removed_lines_are_named(path, seal):
    lines = lines_of(path)
    write(path, lines[:2] + lines[5:])
    assert_broken(path, seal, 3, "removed: entries 3 to 5 are missing")


@pytest.mark.parametrize("number", [1, 4, 8])
def test_an_added_line_is_found(path, seal, number):
    for added in (lines_of(path)[2], "", "{}", lines_of(path)[0].replace("user-1", "user-9")):
        whole = lines_of(path)
        write(path, [*whole[:number], added, *whole[number:]])
        if added == whole[2] and number < 3:
            assert_broken(path, seal, number + 1, "reordered")
        elif number == 8 and added != whole[2]:
            assert_broken(path, seal, 9, "changed")  # a line of nobody's at the end, where nothing follows
        else:
            assert_broken(path, seal, number + 1, "added")
        write(path, whole)


@pytest.mark.parametrize(("one", "other"), [(1, 2), (3, 4), (2, 7), (7, 8)])
def test_reordered_lines_are_noticed(path, seal, one, other):
    lines = lines_of(path)
    lines[one - 1], lines[other - 1] = lines[other - 1], lines[one - 1]
    write(path, lines)
    assert_broken(path, seal, one, "reordered")


@pytest.mark.parametrize("left", [0, 1, 7])
def test_a_cut_end_is_found(path, seal, left):
    write(path, lines_of(path)[:left])
    assert_broken(path, seal, left + 1, "cut end")


def test_an_end_cut_within_a_line_is_found(path, seal):
    path.write_text(path.read_text()[:-30])
    assert_broken(path, seal, 8, "changed")


def test_a_cut_end_is_found_after_more_was_written_too(path, seal):
    write(path, lines_of(path)[:5])
    FileTrail(path, seal).append(event("session.ended"))
    assert_broken(path, seal, 6, "removed: entries 6 to 8 are missing")


@pytest.mark.parametrize("text", [None, "", "{}", "8"])
def test_a_cut_end_is_not_hidden_by_a_head_that_is_gone_or_changed(path, seal, text):
    write(path, lines_of(path)[:5])
    head = head_path(path)
    head.unlink() if text is None else head.write_text(text)
    assert_broken(path, seal, 6, "cut end")
    FileTrail(path, seal).append(event("session.ended"))
    assert_broken(path, seal, 6, "cut end")
    assert json.loads(lines_of(path)[5])["event"] == "audit.resumed"


def test_the_whole_file_gone_is_found_when_more_was_written(path, seal):
    path.unlink()
    FileTrail(path, seal).append(event())
    assert_broken(path, seal, 1, "removed: entries 1 to 8 are missing")


def test_hashes_that_were_computed_again_without_the_key_do_not_verify(path):
    """The file and its head, rewritten by somebody who knows this code and can write to both."""
    seal = Seal(KEY if "hmac-sha256" in lines_of(path)[0] else None)
    for forger in (Seal(b"x" * 32), Seal(None)):
        lines, base = [], Head(0, "start")
        for number in range(1, 5):
            new, base = forger.next_lines(base if number > 1 else None, None, [event(number=number * 10)])
            lines += new
        write(path, lines)
        head_path(path).write_text(forger.head_line(base) + "\n")
        if seal.scheme == forger.scheme == "sha256":
            continue  # demo mode: anybody can, and the documentation says so
        assert_broken(path, seal, 1, "changed")


def test_a_replaced_last_line_is_found_in_demo_mode_too(tmp_path):
    path, seal = tmp_path / "audit.jsonl", Seal(None)
    for _ in range(3):
        FileTrail(path, seal).append(event())
    lines = lines_of(path)
    entry = {**json.loads(lines[-1]), "user": "user-9"}
    write(path, [*lines[:-1], seal.seal({name: value for name, value in entry.items() if name != "hash"})])
    assert_broken(path, seal, 3, "changed: the head has another hash")


def test_a_trail_written_with_another_key_is_reported(path):
    assert "another BANKER_SECRET_KEY" in verdict(path, Seal(b"o" * 32)).problem or "sha256" in lines_of(path)[0]
