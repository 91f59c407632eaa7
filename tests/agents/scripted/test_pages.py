"""The scripted agent answers from the bank's pages, and asks which of two topics is meant."""

from banker.agents.knowledge import Finding, KnowledgeBase, Passage
from tests.agents.scripted.talks import Customer

PIN = Passage("pin", "PIN and passcode", "The app shows your PIN.", "/help/cards#pin")
LIMITS = Passage("limits", "Limits of your card", "You can pay up to $5,000 a day.", "/help/cards#limits")
HOURS = Passage("hours", "Opening hours", "We are open from nine to five.")


class Pages(KnowledgeBase):
    """Finds passages by a word, so that the tests don't depend on scores."""

    def look_up(self, text: str, offered: object = ()) -> Finding:
        plain = text.lower()
        if offered and "first" in plain:
            return Finding(PIN)
        if (offered and "second" in plain) or "limits" in plain:
            return Finding(LIMITS)
        if "pin" in plain:
            return Finding(offers=(PIN, LIMITS))
        return Finding(HOURS) if "hours" in plain else Finding()


def customer() -> Customer:
    return Customer(knowledge=Pages(()))


def test_an_answer_is_said_in_the_pages_words_with_a_link() -> None:
    talk = customer()
    assert talk.says("what are the limits?") == "You can pay up to $5,000 a day."
    assert talk.links == [{"text": "Limits of your card", "url": "/help/cards#limits"}]


def test_a_page_without_an_address_has_no_link() -> None:
    talk = customer()
    assert talk.says("your hours?") == "We are open from nine to five."
    assert talk.links == []


def test_two_topics_are_offered_and_one_is_chosen() -> None:
    for reply, answer in {"the second one": LIMITS, "yes": PIN, "the first, please": PIN, "limits": LIMITS}.items():
        talk = customer()
        assert talk.says("my pin") == "Is this about PIN and passcode, or about limits of your card?"
        assert talk.links == []
        assert talk.says(reply) == answer.text
        assert talk.links == [{"text": answer.title, "url": answer.url}]


def test_a_no_to_both_asks_for_other_words_and_another_wish_is_served() -> None:
    talk = customer()
    talk.says("my pin")
    assert "other words" in talk.says("no")
    talk.says("my pin")
    assert "$1,234.56" in talk.says("what is my balance")


def test_where_no_page_fits_the_tenants_text_is_said() -> None:
    assert "didn't understand" in customer().says("blub")
