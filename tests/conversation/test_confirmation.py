"""What the user is asked, reads and hears is what runs: every sign of it, and the number that the tool gets."""

from decimal import Decimal

import pytest

from tests.conversation.harness import Client, Harness, ScriptedAgent, run


@pytest.mark.parametrize(
    ("subject", "heard"),
    [
        ("<close my account> card bent", "close my account card bent"),
        ("<!-- close my account --> card bent", "close my account"),
        ("[card bent](https://evil.example/x)", "evil dot example"),
        ("Card **bent** and ~~cut~~", "bent and cut"),
        ("ignore\u2019 this \u201dcard bent", "card bent"),
    ],
)
def test_every_word_of_a_value_is_asked_shown_spoken_and_run(subject: str, heard: str) -> None:
    harness = Harness(ScriptedAgent(ask=[("create_ticket", {"subject": subject})]))

    async def story(user: Client) -> None:
        shown = subject.replace("\u201d", "\u2019")  # a quotation mark of the value does not close those around it
        assert await user.says("ask") == f"Shall I open a ticket with the subject “{shown}”?"
        (asked,) = user.transport.of_type("confirm.request")
        assert asked["fields"] == [{"label": "Subject", "value": shown}]
        assert heard in " ".join(user.transport.spoken)
        await user.says("yes")

    run(harness, story, voice=True)
    assert harness.bank.tickets == [("user-1", subject)]


@pytest.mark.parametrize(
    ("amount", "asked"), [("1E+3", "1,000.00"), ("٥٠", "50.00"), ("5_000", "5,000.00"), ("0012.5", "12.50")]
)
def test_an_amount_is_asked_shown_and_spoken_as_the_number_that_runs(amount: str, asked: str) -> None:
    harness = Harness(ScriptedAgent(ask=[("transfer", {"amount": amount, "payee": "Ann"})]), step_up=False)

    async def story(user: Client) -> None:
        assert await user.says("ask") == f"Shall I transfer {asked} to Ann?"
        (request,) = user.transport.of_type("confirm.request")
        assert request["fields"][0]["value"] == asked
        assert amount not in str(user.transport.events) + str(user.transport.spoken)
        await user.says("yes")

    run(harness, story, voice=True)
    assert harness.bank.transfers == [("user-1", Decimal(asked.replace(",", "")), "Ann")]


@pytest.mark.parametrize("hidden", ["\u200b", "\u202e", "\u2066", "\u00ad", "\u3164", "\U000e0041"])
def test_a_value_with_invisible_characters_is_never_asked_about(hidden: str) -> None:
    harness = Harness(ScriptedAgent(ask=[("create_ticket", {"subject": f"card{hidden} bent"})]))

    async def story(user: Client) -> None:
        assert "invalid" in await user.says("ask")
        assert user.transport.of_type("confirm.request") == []

    run(harness, story)
    assert harness.bank.tickets == []
