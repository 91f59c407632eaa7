"""JSON with exactly one meaning is parsed; the rest is refused with the reason."""

import contextlib
import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from banker.strict_json import MAX_DEPTH, loads, round_trip
from tests.outcomes import outcome

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True, database=None)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
TOKENS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"',
    "\\",
    "\\u0000",
    "\\ud83d",
    "\\ude00",
    "0",
    "-",
    "1e9",
    "e",
    ".",
    "true",
    " ",
    "NaN",
]


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


@BOUNDED
@given(JSON, st.booleans(), st.none() | st.integers(0, 3))
def test_whatever_json_can_say_arrives_as_it_was_said(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert loads(text) == loads(text.encode()) == round_trip(value) == value


@BOUNDED
@given(st.text(max_size=60) | st.lists(st.sampled_from(TOKENS), max_size=14).map("".join) | st.binary(max_size=40))
@example("\ud800")
@example("[1e400]")
def test_any_text_is_refused_with_a_value_error_or_means_what_python_reads(text):
    value = outcome(loads, text, refusal=ValueError)
    if isinstance(value, ValueError):
        assert type(value) is ValueError and str(value).encode()
    else:
        assert value == json.loads(text)
        assert round_trip(value) == value


ANYTHING = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


@BOUNDED
@given(ANYTHING)
def test_any_python_value_is_refused_with_a_value_error_or_becomes_plain_json(value):
    plain = outcome(round_trip, value, refusal=ValueError)
    if not isinstance(plain, ValueError):
        assert round_trip(plain) == plain
