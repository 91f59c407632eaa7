"""JSON that means one thing, or an error that says why not."""

import contextlib
import json
import time

import pytest

from banker.strict_json import MAX_DEPTH, loads


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -1,
        1.5,
        1e308,
        10**300,
        "",
        "Grüß Gott 😀",
        'brackets in text: [[[[[[[[[[[[[[[[[[[[[[ {{{{{{{ \\" ',
        [],
        {},
        [1, [2, {"a": [None]}]],
        {"": "", "a": {"a": 1}},
        ["x"] * 5000,
    ],
)
def test_what_has_one_meaning_is_read(value):
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)
        assert loads(text) == loads(text.encode()) == value


def test_an_escaped_surrogate_pair_is_one_character():
    assert loads(rb'"\ud83d\ude00"') == "😀"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not JSON"),
        ("nul", "not JSON"),
        ("{}{}", "not JSON"),
        ("[1,]", "not JSON"),
        ("01", "not JSON"),
        ("\ufeff{}", "not JSON"),
        ('"tab\tinside"', "not JSON"),
        ("// comment\n1", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"\xed\xa0\x80", "not UTF-8"),
        (b'"\xc0\x80"', "not UTF-8"),
        ("NaN", "NaN"),
        ("[Infinity]", "Infinity"),
        ("-Infinity", "Infinity"),
        ("1e400", "too large"),
        ("[-1.0e+9999]", "too large"),
        ("9" * 5000, "too long"),
        ('{"a":1,"a":1}', "twice"),
        (r'{"a":1,"\u0061":2}', "twice"),
        ('[{"b":{"a":1,"a":2}}]', "twice"),
        (r'"\u0000"', "NUL"),
        (r'{"\u0000":1}', "NUL"),
        (r'["a\ud800"]', "surrogate"),
        (r'"\ude00\ud83d"', "surrogate"),
        ('"\ud800"', "surrogate"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "deep"),
        ('{"a":' * 100_000, "deep"),
    ],
)
def test_what_has_none_or_two_is_refused_with_a_reason(text, told):
    with pytest.raises(ValueError, match=told) as refusal:
        loads(text)
    assert "\n" not in str(refusal.value)


def test_as_deep_as_it_may_be_is_read():
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)


@pytest.mark.parametrize("text", ["[" * 65_536, '{"a":' * 13_000, '"' + "[" * 65_000 + '"', "[" * 17 + "\\" * 65_000])
def test_no_64_kib_cost_more_than_a_moment(text):
    before = time.process_time()
    with contextlib.suppress(ValueError):
        loads(text)
    assert time.process_time() - before < 0.5
