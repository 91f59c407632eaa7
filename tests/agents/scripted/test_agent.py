"""Talks with the form agent, as a customer has them."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated

import pytest

from banker.agents.knowledge import Finding
from banker.agents.scripted.agent import ScriptedAgent
from banker.agents.scripted.skills.skill_files import Skill
from banker.tools.parameters import Choices
from banker.tools.toolbox import Toolbox
from tests.agents.scripted.talk import ACCOUNTS, PAGES, SKILLS, Conversation, KeywordModel, accounts_of, bank, cards_of


def test_a_tool_is_called_with_all_values_of_one_sentence() -> None:
    talk = Conversation()
    shown = talk.say("transfer 50 dollars from checking to savings")
    assert shown == "Shall I transfer 50.00 USD from Everyday Checking to Rainy Day Savings?"
    assert talk.asks == "transfer_money"
    assert talk.say("yes") == "Done. Your transfer has the number 17."
    assert talk.calls == [
        ("transfer_money", {"from_account": "acc-789", "to_account": "acc-790", "amount": "50"}, "ok")
    ]


def test_missing_values_are_asked_for_one_by_one() -> None:
    talk = Conversation()
    assert "from" in talk.say("I'd like to transfer money").lower()
    assert talk.say("from checking").startswith("Which account should it go to")
    assert talk.say("the second one") == "How much?"
    assert "Shall I transfer 12.50 USD" in talk.say("twelve fifty")
    assert talk.asks == "transfer_money"


def test_a_correction_changes_the_value_and_asks_again() -> None:
    talk = Conversation()
    talk.say("transfer 50 dollars from checking to savings")
    assert "Shall I transfer 15.00 USD" in talk.say("no, 15 not 50")
    assert "Friday, November 27, 2026" in talk.say("make that friday")
    assert "from Rainy Day Savings to Everyday Checking" in talk.say("yes but from savings")
    assert talk.calls == []


def test_yes_may_repeat_what_is_asked() -> None:
    talk = Conversation()
    talk.say("freeze my visa")
    assert talk.asks == "freeze_card"
    assert talk.say("Yes, freeze it") == "Your card is frozen."


def test_the_other_card_is_meant() -> None:
    talk = Conversation()
    talk.say("freeze my visa")
    assert "Debit ending 2210" in talk.say("no, the other card")
    assert talk.say("👍") == "Your card is frozen."
    assert talk.calls == [("freeze_card", {"card": "card-2"}, "ok")]


def test_a_question_in_between_is_answered_and_the_form_goes_on() -> None:
    talk = Conversation()
    talk.say("transfer money from checking to savings")
    shown = talk.say("what's my balance?")
    assert "$1,234.56" in shown
    assert shown.endswith("How much?")
    assert "transfer 20.00 USD" in talk.say("20 bucks")


def test_a_question_without_a_form_in_between_is_answered_and_the_form_goes_on() -> None:
    talk = Conversation()
    talk.say("transfer money from checking to savings")
    assert talk.say("what are your opening hours?") == ("We are open from nine to five. How much?")


def test_forget_it_cancels_the_form() -> None:
    talk = Conversation()
    talk.say("transfer money from checking to savings")
    assert talk.say("forget it") == "Okay, I won't transfer money."
    assert talk.say("yes") == "Good. What can I do for you?"
    assert talk.calls == []


def test_no_declines_and_another_wish_follows() -> None:
    talk = Conversation()
    talk.say("transfer 5 dollars from checking to savings")
    shown = talk.say("no, what's my balance?")
    assert "I won't transfer money" in shown and "$1,234.56" in shown
    assert talk.asks == ""


def test_several_wishes_are_served_the_urgent_one_first() -> None:
    talk = Conversation()
    shown = talk.say("transfer 5 dollars from checking to savings and freeze my debit card")
    assert talk.asks == "freeze_card" and "Debit ending 2210" in shown
    shown = talk.say("yes")
    assert "Your card is frozen." in shown and "You also wanted to transfer money." in shown
    assert talk.asks == "transfer_money"
    talk.say("yes")
    assert [call[0] for call in talk.calls] == ["freeze_card", "transfer_money"]


def test_the_same_question_is_asked_twice_at_most() -> None:
    talk = Conversation()
    first = talk.say("freeze a card")
    assert "card" in first
    assert talk.say("blue elephants").startswith("I can't find “blue elephants”.")
    third = talk.say("blue elephants")
    assert "Shall I open a ticket" in third
    assert "Shall I open a ticket with the subject “Freeze your card”" in talk.say("yes")


def test_what_the_bank_lacks_is_admitted() -> None:
    assert Conversation().say("I want to pay a bill") == "I can't pay bills here."


def test_a_doubtful_wish_is_asked_back() -> None:
    talk = Conversation()
    assert talk.say("perhaps the balance") == "Would you like me to check your balance?"
    assert "$1,234.56" in talk.say("yes")


def test_a_denied_wish_is_not_served() -> None:
    talk = Conversation()
    talk.say("please don't freeze my card")
    assert talk.asks == "" and talk.calls == []


def test_a_short_question_after_an_answer_is_about_the_same() -> None:
    talk = Conversation()
    assert "$1,234.56" in talk.say("how much is in checking?")
    assert "$8,200.00" in talk.say("and savings?")


def test_a_list_is_said_row_by_row() -> None:
    talk = Conversation()
    assert talk.say("show my transactions since monday") == "Here they are. November 20, 2026: Grocer, -$12.50."
    assert talk.calls[0][1] == {"since": "2026-11-23"}


def test_a_free_text_is_taken_as_it_is_said() -> None:
    talk = Conversation()
    assert talk.say("open a ticket") == "Please tell me what it is about."
    assert "“my card was swallowed in Rome”" in talk.say("my card was swallowed in Rome")


def test_a_point_in_time_is_asked_for_in_two_steps() -> None:
    talk = Conversation()
    assert talk.say("book an appointment about a loan next tuesday") == "At what time?"
    assert "December 1, 2026, 2:30" in talk.say("half past two") and talk.asks == "book_appointment"


def test_numbers_and_yes_or_no_are_asked_for() -> None:
    talk = Conversation()
    assert talk.say("I'd like to rate you") == "How many stars from 1 to 5?"
    assert talk.say("five") == "Would you come again?"
    talk.say("no")
    assert talk.calls == [("rate", {"stars": 5, "again": False}, "ok")]


def test_a_refusal_of_the_tool_is_said_in_its_words() -> None:
    talk = Conversation()
    talk.say("transfer 9500 dollars from checking to savings")
    assert talk.say("yes") == "You don't have that much."


def test_money_does_not_go_to_where_it_comes_from() -> None:
    talk = Conversation()
    assert "go to" in talk.say("transfer 5 dollars from checking to checking")
    assert "from Everyday Checking to Rainy Day Savings?" in talk.say("savings")


def test_a_yes_to_nothing_does_nothing() -> None:
    talk = Conversation()
    assert talk.say("yes") == "Good. What can I do for you?"
    assert talk.calls == []


def test_the_last_words_are_repeated() -> None:
    talk = Conversation()
    said = talk.say("what are your opening hours?")
    assert talk.say("say that again") == said


def test_a_question_is_answered_from_the_pages_with_a_link() -> None:
    talk = Conversation()
    assert talk.say("what does a withdrawal abroad cost?") == "A withdrawal abroad costs two dollars."
    assert talk.links == [{"text": "Paying abroad", "url": "https://bank.example/#abroad"}]


def test_the_pages_answer_a_question_in_between() -> None:
    talk = Conversation()
    talk.say("transfer money from checking to savings")
    assert talk.say("how long does it take?") == ("A transfer takes one day. How much?")


def test_a_list_without_a_template_is_said_in_general_words() -> None:
    toolbox = Toolbox()
    toolbox.add(lambda caller: {"loans": ["A", "B"]}, name="get_account_status", description="Balance.")
    assert Conversation(toolbox).say("balance") == "A. B."


def test_the_bank_s_own_sentence_tells_the_whole_result() -> None:
    toolbox = Toolbox()
    result = {"count": 2, "loans": [{"id": 1}, {"id": 2}]}
    toolbox.add(lambda caller: result, name="get_account_status", description="x", says="You have {count} loans.")
    assert Conversation(toolbox).say("balance") == "You have 2 loans."


def test_two_wishes_share_the_card_that_one_of_them_names() -> None:
    toolbox = bank()

    @toolbox.tool(confirm=True, summary="replace the card {card}")
    def rate_card(caller, card: Annotated[str, Choices(cards_of)]) -> dict:
        """Replace a card."""
        return {}

    talk = Conversation(toolbox)
    talk.agent = ScriptedAgent({**SKILLS, "rate": Skill("rate", "rate_card", "replace your card")}, KeywordModel())
    assert "Visa" in talk.say("please freeze my visa and then I'd like to rate you")
    assert "Shall I replace the card Visa ending 4711?" in talk.say("yes")


def test_a_yes_to_do_you_mean_may_add_a_value() -> None:
    talk = Conversation()
    assert talk.say("perhaps move money from checking to savings") == "Would you like me to transfer money?"
    assert "Shall I transfer 950.00 USD from Everyday" in talk.say("yes but make it 950")


def test_a_doubtful_wish_that_is_complete_is_proposed_at_once() -> None:
    talk = Conversation()
    assert "Shall I transfer 900.00 USD" in talk.say("perhaps move 900 dollars from checking to savings")
    assert talk.asks == "transfer_money"


def test_from_and_to_are_kept_apart_where_their_choices_differ() -> None:
    toolbox = Toolbox()

    @toolbox.tool(confirm=True, summary="send {amount} from {from_account} to {to_account}")
    def transfer_money(
        caller,
        to_account: Annotated[str, Choices(lambda caller: {**ACCOUNTS, "omar": ["Omar"]})],
        amount: Decimal,
        from_account: Annotated[str, Choices(accounts_of)] = "acc-789",
    ) -> dict:
        """Send money."""
        return {}

    for said in ("move 5 dollars from checking to savings", "transfer to savings 5 dollars from checking"):
        talk = Conversation(toolbox)
        assert talk.say(said) == "Shall I send 5.00 from Everyday Checking to Rainy Day Savings?"


def test_the_pages_answer_what_no_tool_can() -> None:
    assert Conversation().say("pay a bill abroad") == "A withdrawal abroad costs two dollars."


@pytest.mark.parametrize(
    ("said", "score", "answer"),
    [
        ("what are transactions?", 1.05, "A transfer takes one day."),
        ("what are transactions?", 0.95, "Here they are."),
        ("freeze my Visa", 1.05, "Shall I freeze the card Visa ending 4711?"),
        ("freeze my Visa", 1.15, "A transfer takes one day."),
        ("pay a bill", 0.70, "A transfer takes one day."),
        ("freeze my Visa, transfer 5 dollars to savings", 0.95, "Shall I freeze the card Visa ending 4711?"),
        ("show my transactions and my balance", 1.05, "A transfer takes one day."),
    ],
)
def test_a_page_answers_if_it_is_surer_than_a_skill_or_its_tool_is_not_here(
    said: str, score: float, answer: str
) -> None:
    page = replace(PAGES["how long"], score=score)
    talk = Conversation(finding=Finding(page, nearest=(page,)))
    assert talk.say(said).startswith(answer)


def test_pages_in_doubt_do_not_take_the_place_of_what_is_certainly_not_here() -> None:
    pages = tuple(replace(page, score=0.7) for page in PAGES.values())
    talk = Conversation(finding=Finding(offers=pages, nearest=pages))
    assert talk.say("pay a bill") == "I can't pay bills here."


def test_a_page_that_is_likely_is_said_and_the_next_one_offered() -> None:
    pages = tuple(replace(page, score=0.7) for page in PAGES.values())
    talk = Conversation(finding=Finding(offers=pages, nearest=pages, likely=pages[0]))
    said = talk.say("what does the moon cost")
    assert said.startswith(pages[0].text)
    assert said.endswith("?") and pages[1].title.lower() in said.lower()


def test_both_cards_are_frozen_one_after_the_other() -> None:
    talk = Conversation()
    assert "freeze the card Visa" in talk.say("freeze both cards")
    assert "freeze the card Debit" in talk.say("yes")
    talk.say("yes")
    assert [call[1]["card"] for call in talk.calls] == ["card-1", "card-2"]


def test_a_name_that_the_bank_does_not_have_is_admitted() -> None:
    talk = Conversation()
    shown = talk.say("transfer 5 dollars from checking to Bob Smith")
    assert shown.startswith("I can't find “Bob Smith”. Which account should it go to")
    assert talk.say("what's the balance of my holiday account?").startswith("I can't find “holiday account”. Which one")


def test_a_subject_is_taken_without_the_words_around_it() -> None:
    talk = Conversation()
    talk.say("open a ticket")
    assert "with the subject “rent”?" in talk.say("it's about my rent")


def test_what_follows_a_wish_is_its_subject() -> None:
    talk = Conversation()
    assert "with the subject “My rent was paid twice”?" in talk.say("open a ticket, my rent was paid twice")


def test_other_values_do_not_use_up_a_question() -> None:
    talk = Conversation()
    for said in ("transfer money", "to savings", "50 dollars", "tomorrow"):
        assert "from account" in talk.say(said).lower()
    assert "Shall I transfer 50.00 USD from Everyday Checking" in talk.say("checking")


def test_an_answer_to_do_you_mean_may_be_a_value() -> None:
    talk = Conversation()
    talk.say("perhaps move money")
    assert "from account" in talk.say("to savings").lower()


def test_a_period_has_two_ends() -> None:
    talk = Conversation()
    talk.say("my transactions in october")
    talk.say("my transactions yesterday")
    talk.say("my transactions since monday")
    assert [call[1] for call in talk.calls] == [
        {"since": "2026-10-01", "until": "2026-10-31"},
        {"since": "2026-11-24", "until": "2026-11-24"},
        {"since": "2026-11-23"},
    ]


def test_a_confirmation_is_said_twice_at_most_between_other_questions() -> None:
    talk = Conversation()
    talk.say("transfer 20 dollars from checking to savings")
    assert "Shall I" in talk.say("when are the opening hours?")
    third = talk.say("when are the opening hours?")
    assert "Shall I" not in third
    assert "I can still transfer money: just say yes or no." in third
    talk.say("yes")
    assert [call[0] for call in talk.calls] == ["transfer_money"]


def test_a_transfer_that_failed_is_taken_up_with_another_amount() -> None:
    talk = Conversation()
    talk.say("transfer 9500 dollars from checking to savings")
    assert talk.say("yes") == "You don't have that much."
    assert "transfer 20.00 USD from Everyday Checking to Rainy Day Savings" in talk.say("ok then 20")


def test_two_transfers_in_one_sentence_are_both_asked_about() -> None:
    talk = Conversation()
    first = talk.say(
        "transfer 20 dollars from checking to savings and then transfer 5 dollars from savings to checking"
    )
    assert "transfer 20.00 USD" in first
    assert "transfer 5.00 USD" in talk.say("yes")


def test_choices_that_the_bank_cannot_name_let_no_default_answer() -> None:
    toolbox = Toolbox()

    def failing(caller: object) -> dict[str, list[str]]:
        raise OSError("the ledger is away")

    @toolbox.tool
    def get_account_status(caller, account_id: Annotated[str | None, Choices(failing)] = None) -> dict:
        """Balance of an account."""
        return {"name": "Checking", "balance": Decimal(1), "currency": "USD"}

    talk = Conversation(toolbox)
    assert (
        talk.say("the balance of my savings") == "I'm sorry, something went wrong, and I couldn't check your balance."
    )
    assert talk.calls == []


def test_a_question_is_no_free_text_but_may_be_what_a_ticket_is_about() -> None:
    talk = Conversation()
    assert "about" in talk.say("open a ticket")
    assert "why was I charged a fee" in talk.say("why was I charged a fee")
    assert talk.asks == "create_ticket"


def test_what_is_told_before_the_yes_belongs_to_the_subject() -> None:
    talk = Conversation()
    talk.say("open a ticket about a wrong fee")
    assert "“A wrong fee; they took it in March”" in talk.say("they took it in March").replace("“a ", "“A ")
