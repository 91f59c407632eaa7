"""The safety topics are found, also in one sentence of several, and ordinary bank questions are left alone."""

import pytest

from banker.agents.safety import SafetyTopics, load_safety_topics
from banker.agents.safety.model import SafetyModel


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("my mother died", "bereavement"),
        ("he wants a code", "scam"),
        ("they want me to use a safe account", "scam"),
        ("are you a human?", "human"),
        ("am I recorded?", "recording"),
        ("who sees this?", "privacy"),
        ("what can you do?", "abilities"),
        ("I withdraw my consent", "withdraw_consent"),
        ("you no longer have my permission to listen", "withdraw_consent"),
        ("I've got pills in my hand and I don't want to live", "self_harm"),
        ("a detective on the phone says I should hand him my savings", "scam"),
    ],
)
def test_a_topic_is_found(said: str, topic: str) -> None:
    topics = load_safety_topics()
    assert topics is not None
    found = topics.check(said)
    assert found is not None and found.name == topic
    assert found.is_about_the_talk == (topic not in ("bereavement", "scam", "self_harm"))


@pytest.mark.parametrize(
    "said",
    [
        "my card was declined and it's killing me",
        "my mother's maiden name",
        "I need to kill this direct debit",
        "what is a safe deposit box",
        "what is my balance",
        "my card was stolen on holiday",
        "I want to kill my standing order",
        "the battery of my phone is dead",
        "he wants to know the exchange rate",
        "My new card has not arrived yet. Can you help?",
        "I withdraw 200 dollars every week",
        "I don't agree with this charge",
        "12",
        "",
    ],
)
def test_an_ordinary_sentence_is_left_alone(said: str) -> None:
    topics = load_safety_topics()
    assert topics is not None
    assert topics.check(said) is None


def test_the_rest_of_what_was_said_is_kept_apart() -> None:
    topics = load_safety_topics()
    assert topics is not None
    found = topics.check("My mother died last week. What is my balance?")
    assert found is not None and (found.name, found.rest) == ("bereavement", "What is my balance?")


def test_without_the_encoder_spelling_decides() -> None:
    topics = SafetyTopics(SafetyModel())
    assert not topics.has_encoder
    found = topics.check("my mother died")
    assert found is not None and found.name == "bereavement"
