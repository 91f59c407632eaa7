"""What a wish for a ticket says it is about, without the words that ask for the ticket."""

import pytest

from banker.agents.scripted.tickets.subjects import subject_and_details


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        ("open a ticket, my statement is missing", "My statement is missing"),
        ("open a ticket my statement is missing", "My statement is missing"),
        ("My statement is missing, please open a ticket.", "My statement is missing"),
        ("my card is broken and I want to open a ticket", "My card is broken"),
        ("the app crashes when I log in, so open a ticket please", "The app crashes when I log in"),
        ("could you open a ticket about the wrong fee?", "The wrong fee"),
        ("raise an issue: app crashes on login", "App crashes on login"),
        ("make a ticket that says my address has changed", "My address has changed"),
        ("I'd like to file a complaint, the clerk was rude and unfriendly", "The clerk was rude and unfriendly"),
        ("open a ticket, where is my card?", "Where is my card?"),
        ("please open a new ticket for me, thanks", ""),
        ("open a ticket so somebody helps me", ""),
    ],
)
def test_the_subject_is_the_matter_and_not_the_wish(said: str, subject: str) -> None:
    assert subject_and_details(said) == (subject, "")


def test_what_is_told_at_length_goes_into_the_details_whole() -> None:
    said = "Hi, can you open a ticket? My card does not work. It was declined twice."
    assert subject_and_details(said) == ("My card does not work", "My card does not work. It was declined twice.")
