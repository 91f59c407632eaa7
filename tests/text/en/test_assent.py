"""Plain answers: yes, no, and what is neither."""

import pytest

from banker.text.en.assent import answer

YES = """yes|Yes!|yeah|yep|yup|sure|ok|okay|please|yes please|yes please do|yeah sure go ahead|go ahead|do it|of course
absolutely|all right|um, yes|yes yes yes|yes, thank you|yes, that's right|Yes, open it please|yes, open the ticket
sure, why not|yep 👍|please do|I do|sounds good|correct
looks good to me|that works for me|I approve|yes I'm sure|good to go"""
NO = """no|No.|nope|nah|no thanks|no thank you|don't|Don’t|do not|please don't|no, don't do it|don't open it|never mind
don't open the ticket|not now|of course not|absolutely not|no no no|no, that's fine|cancel|stop it|no, forget it
I changed my mind|that's wrong|nothing else, thanks|I'd rather not|thank you, no"""
NEITHER = """yes but change the subject|yes, what's my balance|yes and open another one|yes no|no yes|no, yes|yes?|mm-hm
I guess|maybe|if you must|hold on|wait|thanks|right|go|not yes|yes to all of it|no problem|no, the savings account
don't you know|no money left|ok but not now|yes I lost my card|sure you can't|do it tomorrow|the yes card|i said
yes, transfer 500 dollars|no, what about my card||   |?|so|that is|open it|великолепно"""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *((text, "yes") for line in YES.splitlines() for text in line.split("|")),
        *((text, "no") for line in NO.splitlines() for text in line.split("|")),
        *((text, None) for line in NEITHER.splitlines() for text in line.split("|")),
    ],
)
def test_only_a_plain_yes_or_no_is_an_answer(text: str, meant: str | None) -> None:
    assert answer(text) == meant


def test_a_long_text_is_rejected_quickly() -> None:
    assert answer("yes um " * 5000) is None
    assert answer("um um um um um um um um um um um um um um um um um um um um um umx") is None
