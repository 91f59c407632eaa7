"""JSON with exactly one meaning is parsed; the rest is refused with the reason."""

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
def test_json_with_one_meaning_is_parsed(value):
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)
        assert loads(text) == loads(text.encode()) == value


def test_an_escaped_surrogate_pair_is_one_character():
    assert loads(rb'"\ud83d\ude00"') == "😀"


@pytest.mark.parametrize(
    ("text", "reason"),
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
        ('"\\"[" ' + "[" * (MAX_DEPTH + 1), "deep"),
    ],
)
def test_json_without_exactly_one_meaning_is_refused_with_the_reason(text, reason):
    with pytest.raises(ValueError, match=reason) as refusal:
        loads(text)
    assert "\n" not in str(refusal.value)


def test_nul_characters_are_parsed_where_the_caller_allows_them():
    assert loads(r'{"a\u0000": ["\u0000"]}', allow_nul=True) == {"a\0": ["\0"]}
    with pytest.raises(ValueError, match="surrogate"):
        loads(r'"\u0000\ud800"', allow_nul=True)


def test_the_greatest_allowed_depth_is_parsed():
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)


@pytest.mark.parametrize("text", ["[" * 65_536, '{"a":' * 13_000, '"' + "[" * 65_000 + '"', "[" * 17 + "\\" * 65_000])
def test_64_kib_of_any_text_are_parsed_or_refused_within_half_a_second(text):
    before = time.process_time()
    with contextlib.suppress(ValueError):
        loads(text)
    assert time.process_time() - before < 0.5
