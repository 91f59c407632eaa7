"""Backchannels, requests to stop, unfinished sentences and dictated digits."""

import pytest

from banker.conversation.turns.endpointing import DICTATION_DELAY_S, UNFINISHED_DELAY_S, endpointing_delay
from banker.conversation.turns.idle import confirms_presence
from banker.conversation.turns.interruption import classify

BACKCHANNELS = (
    "mm-hm|Mm-hmm.|Mhm.|uh-huh|Uh huh.|Hmm.|Okay.|OK, okay.|right|All right.|Yes.|yeah|Yes, yes.|I see.|Got it.|Sure.|"
    "Uh-huh.|Uh-uh.|Mm hm.|M-hm.|Mmhmm.|Mm.|Mmm...|Hm.|Huh.|Um...|Uh...|Ah.|Oh.|Aha.|Ah-ha.|Eh.|Yep.|Uh-huh, yeah."
)
STOP_REQUESTS = (
    "stop|Stop!|Stop it.|Please stop.|No, stop.|Okay, stop talking.|Be quiet.|Quiet, please.|Enough.|Stop, stop, stop.|"
    "Uh, stop.|Mm-hmm, stop.|Stop now.|Just stop.|STOP|That's enough.|Hey, stop!"
)
WAIT_REQUESTS = (
    "wait|Wait a moment.|Wait, wait.|Hold on.|Hold on a second, please.|One moment.|Just a moment, please.|Hang on.|"
    "Uh, wait.|Hold on, hold on.|Okay, wait.|Wait, please.|No, wait.|Hang on a second.|Give me a second.|Just hold on."
)
WORDS = (
    "What is my balance?|stop my standing order|Please stop the payment.|I can't wait any longer|no|No, thank you.|"
    "right, and my savings?|yes but not that one|Okay, what about savings?|one moment ago I lost my card|thanks|hello"
)


@pytest.mark.parametrize("text", BACKCHANNELS.split("|"))
def test_a_backchannel_over_the_agent_is_recognised_unless_a_question_is_open(text: str) -> None:
    assert classify(text, over_agent=True, has_asked=False) == "backchannel"


@pytest.mark.parametrize("text", "Yes.|okay|right|Sure.|Yes, please.|no|Okay, do that.".split("|"))
def test_an_answer_is_words_while_a_question_is_open(text: str) -> None:
    assert classify(text, over_agent=True, has_asked=True) == "words"
    assert classify(text, over_agent=False, has_asked=True) == "words"


@pytest.mark.parametrize("text", STOP_REQUESTS.split("|"))
def test_a_stop_request_stops_the_agent(text: str) -> None:
    assert classify(text, over_agent=True, has_asked=False) == "stop"
    assert classify(text, over_agent=True, has_asked=True) in ("stop", "words")


@pytest.mark.parametrize("text", ["stop", "Please stop.", "Stop it."])
def test_stop_is_an_answer_to_a_question_and_in_silence(text: str) -> None:
    assert {classify(text, over_agent=over, has_asked=True) for over in (True, False)} == {"words"}
    assert classify(text, over_agent=False, has_asked=False) == "words"


@pytest.mark.parametrize("text", ["Be quiet.", "Shut up!", "Quiet, please."])
def test_a_request_for_quiet_is_never_answered(text: str) -> None:
    assert {classify(text, over_agent=over, has_asked=asked) for over in (True, False) for asked in (True, False)} == {
        "stop"
    }


@pytest.mark.parametrize("text", WAIT_REQUESTS.split("|"))
def test_a_request_to_wait_is_never_an_answer(text: str) -> None:
    assert {classify(text, over_agent=over, has_asked=asked) for over in (True, False) for asked in (True, False)} == {
        "wait"
    }


@pytest.mark.parametrize("text", WORDS.split("|"))
def test_real_words_are_words(text: str) -> None:
    assert classify(text, over_agent=True, has_asked=False) == "words"


@pytest.mark.parametrize(
    "text",
    ["Mama? Mama? Mama?", "beep beep beep beep", "balance balance balance balance balance", "the car the car the car"],
)
def test_a_word_said_over_and_over_is_no_turn(text: str) -> None:
    assert classify(text, over_agent=True, has_asked=False) == "backchannel"
    assert classify(text, over_agent=False, has_asked=False) == "backchannel"
    assert classify(text, over_agent=False, has_asked=True) == "unclear"


@pytest.mark.parametrize("text", ["no no no", "seven seven seven", "7, 7, 7, 7", "yes, yes, yes"])
def test_a_yes_a_no_and_digits_may_be_said_over_and_over(text: str) -> None:
    assert classify(text, over_agent=False, has_asked=True) == "words"


@pytest.mark.parametrize("text", ["", " ", "...", "[BLANK_AUDIO]", "(music)", "*coughs*", "?!"])
def test_text_without_words_is_nothing(text: str) -> None:
    assert classify(text, over_agent=True, has_asked=True) == "nothing"


UNFINISHED = (
    "I want to|I want to, um|um|Uh.|my account number is|My account number is...|can you|I would like to|"
    "tell me about the|what is the balance of my|and|see my balance,|I'd like|it's|I need a ticket because|send it to|"
    "Could you tell me?|Can you?|I would like to transfer.|"
    "Could you please check?|What is the fee for?|Do you?"
)
FINISHED = (
    "What is my balance?|I want to see my balance.|open a ticket|yes|no|stop|How do I log in?|I can't log in|"
    "who is it from?|I think so|yes it is|I lost my card|thank you|that is all|the first one|what are the fees|hold on|"
    "Who is it from?|Where does it come from?|What is this for?|Do you know where my card is?|Can you help?"
)


@pytest.mark.parametrize("text", UNFINISHED.split("|"))
def test_unfinished_words_have_a_longer_endpointing_delay(text: str) -> None:
    assert endpointing_delay(text, 0.6, number_expected=False) == UNFINISHED_DELAY_S


@pytest.mark.parametrize("text", FINISHED.split("|"))
def test_finished_words_have_the_tenants_endpointing_delay(text: str) -> None:
    assert endpointing_delay(text, 0.6, number_expected=False) == 0.6
    assert endpointing_delay(text, 1.2, number_expected=False) == 1.2


@pytest.mark.parametrize(
    "text", ["1234", "12 34", "four three two one", "it is double seven", "acc-789", "My IBAN is DE89"]
)
def test_dictated_digits_have_the_longest_endpointing_delay(text: str) -> None:
    assert endpointing_delay(text, 0.6, number_expected=True) == DICTATION_DELAY_S > 1.5


@pytest.mark.parametrize("text", ["one", "it's one"])
def test_one_is_a_digit_if_a_number_was_asked_for(text: str) -> None:
    assert endpointing_delay(text, 0.6, number_expected=True) == DICTATION_DELAY_S
    assert endpointing_delay("the other one", 0.6, number_expected=False) == 0.6


@pytest.mark.parametrize("text", ["yes", "Yes, I am.", "I'm still here.", "Yeah, sorry, still here.", "here"])
def test_a_short_answer_confirms_presence(text: str) -> None:
    assert confirms_presence(text)


@pytest.mark.parametrize("text", ["no", "yes, what is my balance", "where", ""])
def test_a_longer_answer_does_not_only_confirm_presence(text: str) -> None:
    assert not confirms_presence(text)
