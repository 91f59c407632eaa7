"""A person talks with the banker in a real Chromium: asks, interrupts, dictates; each with the voice alone."""

import array
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from banker.server.metrics import STAGES
from bench.metrics import environment, values
from examples.bank import Bank
from tests.e2e.bank import Customer
from tests.e2e.browser import chromium, close_page, received_sound, speak, with_a_mouth
from tests.listening import figures, transcribe
from tests.servers import ROOT, Gunicorn, wait_until
from tests.speaking import Talker
from tests.speech.sounds import RATE, say

GREETED_SECONDS = 8
"""The silence at the start of the microphone's file, longer than the greeting on a machine with time."""
LOUD = 600
PATIENCE = 60
"""Seconds after which a wait has failed. A voice may take long to begin on a machine with too much to do."""
LINES = "virtual-banker .lines li"
SAID = f"{LINES}.banker:not(.partial)"
STATE = "virtual-banker .state"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bank") / "bank.sqlite3"
    Bank(path).accounts("demo-customer")
    with sqlite3.connect(path) as books:
        books.execute("UPDATE accounts SET cents = 431752 WHERE id = 'acc-789'")
    return path


@pytest.fixture(scope="module")
def service(database: Path) -> Iterator[Gunicorn]:
    environ = {"BANKER_DEMO": "1", "BANK_DATABASE": str(database), **environment()}
    server = Gunicorn(ROOT / "config", environ=environ, ready=True)
    yield server
    server.close()


@pytest.fixture(scope="module")
def browser_with_a_mouth(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    autoplay = ("--autoplay-policy=no-user-gesture-required",)
    with chromium(tmp_path_factory.mktemp("mouth"), flags=autoplay, playwright=playwright) as context:
        with_a_mouth(context)
        yield context


@pytest.fixture
def page(browser_with_a_mouth: BrowserContext) -> Iterator[Page]:
    """A page whose microphone hears what `speak` says."""
    page = browser_with_a_mouth.new_page()
    yield page
    close_page(page)


def microphone_file(path: Path, spoken: bytes) -> Path:
    """A WAV that is silent while the banker greets, then says this, and is silent for a minute."""
    raw = ["-r", str(RATE), "-c", "1", "-b", "16", "-e", "signed", "-t", "raw", "-"]
    effects = ["gain", "-3", "pad", str(GREETED_SECONDS), "60"]
    subprocess.run(["sox", "-q", *raw, "-r", "48000", path, *effects], input=spoken, check=True)
    return path


def call(page: Page, url: str) -> None:
    Customer(page, url).sign_in().call().hear_greeting()
    expect(page.locator(STATE)).to_contain_text("Listening", timeout=1_000 * PATIENCE)


def answered(page: Page, number: int) -> str:
    """Return what the banker has said after `number` turns, including the greeting."""
    expect(page.locator(SAID)).to_have_count(number, timeout=1_000 * PATIENCE)
    expect(page.locator(STATE)).to_contain_text("Listening", timeout=1_000 * PATIENCE)
    return page.locator(SAID).last.text_content() or ""


def names_the_balance(heard: str) -> bool:
    """Whether a transcript has $4,317.52."""
    return "431752" in figures(heard)


def loudness(page: Page) -> list[bool]:
    """For each 20 ms that the page has received since the recording began, whether there is a voice in it."""
    samples = array.array("h", received_sound(page)[44:])
    return [max(map(abs, samples[at : at + 320])) > LOUD for at in range(0, len(samples) - 320, 320)]


def hear_the_banker(page: Page, seconds: float) -> None:
    """Until so much more of a voice was received."""
    heard = sum(loudness(page))
    wait_until(lambda: sum(loudness(page)) >= heard + 50 * seconds, PATIENCE, f"{seconds} s of the banker's voice")


def hear_on(page: Page, seconds: float) -> list[bool]:
    """Until so much more was received, silence or not, and what `loudness` says of it.

    The recorder is up to a quarter of a second late: what it has by now is what was received before.
    """
    received = len(loudness(page)) + 25
    wait_until(lambda: len(loudness(page)) >= received + 50 * seconds, PATIENCE, f"{seconds} s of sound")
    return loudness(page)[received:]


def test_a_spoken_question_gets_the_balance_that_stands_in_the_books(
    service: Gunicorn, playwright: Playwright, tmp_path: Path
) -> None:
    microphone = microphone_file(tmp_path / "question.wav", say("What is the balance of my account?"))
    with chromium(tmp_path / "profile", microphone, playwright=playwright) as browser:
        page = browser.new_page()
        Customer(page, service.url).sign_in().call()  # on a busy machine, the question interrupts the greeting
        shown = answered(page, 2)
        assert "4,317.52" in shown, page.locator(LINES).all_text_contents()
        assert page.locator(f"{LINES}.user:not(.partial)").count() == 1
        wait_until(
            lambda: names_the_balance(transcribe(received_sound(page))),
            limit=PATIENCE,
            what="the balance in what the browser has received",
        )
        assert page.evaluate("failures") == []


def test_who_speaks_over_the_answer_silences_the_banker(service: Gunicorn, page: Page) -> None:
    call(page, service.url)
    speak(page, say("What were my last transactions?"))
    expect(page.locator(STATE)).to_contain_text("Speaking", timeout=1_000 * PATIENCE)
    hear_the_banker(page, 1.5)
    speak(page, say("Stop, please."))
    expect(page.locator(SAID)).to_have_count(2, timeout=1_000 * PATIENCE)
    assert (page.locator(SAID).last.text_content() or "").endswith(" …")
    assert not any(hear_on(page, 3)), "the rest of the answer is not heard"
    speak(page, say("What are your opening hours?"))
    assert "nine to five" in answered(page, 3)


def test_a_loudspeaker_that_the_microphone_hears_interrupts_nothing_and_a_stop_over_it_does(
    service: Gunicorn, page: Page
) -> None:
    call(page, service.url)
    page.evaluate("echo(0.3, 0.08)")
    states = len(page.evaluate("told"))
    customer = Customer(page, service.url)
    customer.write("What is the balance of my account?")
    answer = answered(page, 2)
    assert "4,317.52" in answer and not answer.endswith(" …"), page.locator(LINES).all_text_contents()
    hear_on(page, 1)
    # A machine with too much to do lets the sound jump, and the voice pauses for that: the answer is whole anyway.
    told = [each["state"] for each in page.evaluate("told")[states:] if each["name"] == "state"]
    assert told[-2:] == ["speaking", "listening"]
    assert page.locator(f"{LINES}.user").count() == 1
    customer.write("What were my last transactions?")
    expect(page.locator(STATE)).to_contain_text("Speaking", timeout=1_000 * PATIENCE)
    hear_the_banker(page, 2)
    speak(page, say("Stop!"))
    expect(page.locator(SAID)).to_have_count(3, timeout=1_000 * PATIENCE)
    assert (page.locator(SAID).last.text_content() or "").endswith(" …")
    assert page.locator(f"{LINES}.user").last.text_content() == "You: Stop."


def test_by_voice_and_keyboard_from_the_consent_to_the_ticket_on_the_page(service: Gunicorn, page: Page) -> None:
    customer = Customer(page, service.url).sign_in()
    for control in ("Talk to the banker", "I agree"):
        expect(customer.button(control)).to_be_visible(timeout=1_000 * PATIENCE)
        customer.tab_to(control)
        page.keyboard.press("Enter")
    customer.hear_greeting()
    expect(customer.state).to_contain_text("Listening", timeout=1_000 * PATIENCE)
    for number, (words, reply) in enumerate(
        (
            ("What is the balance of my account?", "4,317.52"),
            ("I want to open a ticket.", "about"),
            ("My card payment was declined in the supermarket.", "Shall I open a ticket"),
        ),
        start=2,
    ):
        speak(page, say(words))
        assert reply in answered(page, number), page.locator(LINES).all_text_contents()
    expect(customer.question).to_contain_text("payment was declined")
    speak(page, say("Yes, please."))
    assert "is open" in answered(page, 5), page.locator(LINES).all_text_contents()
    expect(customer.question).to_be_hidden()
    lines = customer.lines.count()
    customer.tab_to("Mute")
    page.keyboard.press("Enter")
    expect(customer.state).to_have_text("You're muted")
    speak(page, say("What are your opening hours?"))
    hear_on(page, 2)  # more than an answer takes to begin
    assert customer.lines.count() == lines, page.locator(LINES).all_text_contents()
    customer.tab_to("Hang up")
    page.keyboard.press("Enter")
    expect(customer.problem).to_have_text("The conversation has ended.", timeout=1_000)
    assert page.evaluate("mouth.stream.getTracks().map((track) => track.readyState)") == ["ended"]
    assert customer.failures() == []
    page.goto(f"{service.url}/tickets")
    ticket = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="payment was declined"))
    expect(ticket).to_have_count(1)
    expect(ticket).to_contain_text("supermarket")


def test_what_the_service_says_of_its_latency_is_what_the_customer_waited(service: Gunicorn) -> None:
    with Talker(service.url) as talker:
        talker.begin()
        before, packets = values(service), len(talker.browser.audio.packets)
        ended = talker.say(say("What is the balance of my account?")).wait().ended
        wait_until(lambda: len(talker.browser.audio.packets) > packets, PATIENCE, "the answer")
        waited = talker.browser.audio.packets[packets][3] - ended
        talker.wait_turn("banker", 2, PATIENCE)
        after = values(service)

    def added(metric: str) -> list[float]:
        whole = f"banker_reply_seconds_{metric}"
        names = [whole, *(f'banker_reply_stage_seconds_{metric}{{stage="{stage}"}}' for stage in STAGES)]
        return [after[name] - before[name] for name in names]

    assert added("count") == [1] * (1 + len(STAGES))
    whole, *stages = added("sum")
    assert whole == pytest.approx(sum(stages))
    assert whole == pytest.approx(waited, abs=0.3)


def test_two_sessions_that_talk_at_once_do_not_hear_each_other(service: Gunicorn) -> None:
    with Talker(service.url) as one, Talker(service.url) as other:
        one.begin()
        other.begin()
        greeted = [len(talker.browser.audio.packets) for talker in (one, other)]
        one.say(say("What is the balance of my account?"))
        other.say(say("What are your opening hours?", "en-gb+f3"))
        answers = one.wait_turn("banker", 2, PATIENCE)["text"], other.wait_turn("banker", 2, PATIENCE)["text"]
        one.wait_listening()
        other.wait_listening()
        assert "4,317.52" in answers[0]
        assert "nine to five" in answers[1]
        assert "balance" in one.turns("user")[0]["text"].lower()
        assert "open" in other.turns("user")[0]["text"].lower()
        assert len(one.turns("user")) == len(other.turns("user")) == 1
        heard = [transcribe(talker.heard(since)) for talker, since in zip((one, other), greeted, strict=True)]
        assert names_the_balance(heard[0])
        assert "friday" not in heard[0]
        assert not names_the_balance(heard[1])
        assert "friday" in heard[1]
