"""Hypothesis strategies: arbitrary text, and text that resembles what the rules match."""

from __future__ import annotations

from hypothesis import strategies as st

LIKELY = """
    Your balance is **$1,234.56** as of 2026-11-24. | -$12.50 | ($5) | EUR 1.234,56 | 12 € | $1.2 million | $5–10
    | 3.5 % | 9:00-17:00 | 9:30 a.m. | Nov 24-26, 2026 | 24/11/2026 | 1980s | 21st | ½ | -5 °C | +1 555 010 9999 | 1-800
    | acc-789 | ****1234 | xxxx-1234 | DE89 3704 0044 0532 0130 00 | T-1042 | #1042 | Mr. Lee, e.g. | St. | ATMs
    | a@bank.example | https://bank.example/x?y | [a](b) | `code` | - item | 1. one | <b>x</b> &amp; | 👍🏽
    | … | — | a/b
""".split("|")
RAW = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="aAzm $€%.,:;!?-–—*_#`~|<>[]()/\\&@0123456789'\"\n½²…•", max_size=60),
    st.lists(st.sampled_from(LIKELY), max_size=4).map(" ".join),
)
