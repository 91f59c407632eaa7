"""Which words of a recognition are within limits."""

import pytest

from banker.speech import Recognition, Segment
from banker.speech.asr.recognition_result import Limits

LIMITS = Limits(-1.3, 0.6, certain=-0.7)


@pytest.mark.parametrize(
    ("segment", "credible"),
    [
        (Segment("Thank you.", 0.1, -0.35, 0.6), True),
        (Segment("Yes.", 0.55, -0.2, 0.3), True),
        (Segment("Yes.", 0.7, -0.2, 0.3), True),
        (Segment("Thank you for watching.", 0.8, -0.9, 1.0), False),
        (Segment("So", 0.2, -1.6, 0.4), False),
        (Segment("no no no no no no no no no no no no", 0.1, -0.2, 3.1), False),
    ],
)
def test_improbable_and_repeated_words_are_refused(segment: Segment, credible: bool) -> None:
    assert Recognition((segment,)).within(LIMITS) == (segment.text if credible else "")
    assert Recognition((segment,)).text == segment.text


def test_the_credible_segments_remain() -> None:
    both = Recognition((Segment(" I lost my card."), Segment("you", 0.9, -1.0)))
    assert both.within(LIMITS) == "I lost my card."
    assert both.text == "I lost my card. you"


@pytest.mark.parametrize("text", ["", " ", "...", "♪"])
def test_punctuation_alone_is_no_text(text: str) -> None:
    assert Recognition((Segment(text),)).text == ""
