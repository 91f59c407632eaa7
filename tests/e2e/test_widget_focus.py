"""Nobody loses their place: the focus stays where one can go on, and nothing moves under one's hand."""

from pathlib import Path

from playwright.sync_api import Playwright, expect

from tests.e2e.bank import Customer
from tests.e2e.browser import chromium
from tests.servers import Gunicorn

WITHOUT_A_TRACE = """() => {
  const { shadowRoot } = document.querySelector("virtual-banker");
  shadowRoot.querySelector("textarea.words").value = "no";
  shadowRoot.querySelector("form").requestSubmit();
}"""
"""Words of the customer that touch no focus, as spoken ones do not."""


def test_who_stops_the_banker_by_keyboard_goes_on_at_the_message(customer: Customer) -> None:
    page = customer.sign_in().call().hear_greeting().page
    customer.write("What were my last transactions?")  # which takes long to say
    stop = customer.button("Stop speaking")
    expect(stop).to_be_visible(timeout=15_000)
    stop.focus()
    page.keyboard.press("Enter")
    expect(stop).to_be_hidden()
    expect(customer.input).to_be_focused()


def test_a_question_that_is_answered_by_words_leaves_the_focus_at_the_message(customer: Customer) -> None:
    page = customer.sign_in().call().hear_greeting().page
    customer.write("freeze my debit card")
    expect(customer.question).to_be_visible(timeout=20_000)
    customer.button("No").focus()
    page.evaluate(WITHOUT_A_TRACE)
    expect(customer.question).to_be_hidden(timeout=10_000)
    expect(customer.input).to_be_focused()


def test_escape_closes_the_settings_and_goes_back_to_their_button(customer: Customer) -> None:
    page = customer.sign_in().call().hear_greeting().page
    customer.button("Settings").click()
    face = page.get_by_label("Show the banker's face")
    face.focus()
    page.keyboard.press("Escape")
    expect(face).to_be_hidden()
    expect(customer.button("Settings")).to_be_focused()


def test_the_face_has_its_place_before_it_comes(customer: Customer) -> None:
    page = customer.sign_in().page
    page.evaluate("""() => {
      const open = navigator.mediaDevices.getUserMedia;
      const asked = new Promise((answer) => { window.allow = answer; });
      navigator.mediaDevices.getUserMedia = async (wanted) => { await asked; return open(wanted); };
    }""")
    video = page.locator("virtual-banker video")
    customer.call()
    expect(video).to_be_visible()
    place = "(element) => element.offsetTop"
    before = customer.state.evaluate(place) - video.evaluate(place)
    assert video.evaluate("(video) => video.videoWidth") == 0
    page.evaluate("allow()")
    customer.write("What were my last transactions?")
    expect(customer.button("Stop speaking")).to_be_visible(timeout=15_000)
    page.wait_for_function("(video) => video.videoWidth > 0", arg=video.element_handle())
    assert customer.state.evaluate(place) - video.evaluate(place) == before


def test_without_a_microphone_one_is_not_told_to_mute_it(
    service: Gunicorn, playwright: Playwright, tmp_path: Path
) -> None:
    with chromium(tmp_path, playwright=playwright) as context:
        customer = Customer(context.new_page(), service.url).sign_in().call()
        customer.button("Write instead").click()
        expect(customer.problem).to_have_text("")
        expect(customer.input).to_be_focused()
        expect(customer.button("Mute")).to_be_hidden()
        customer.button("Unmute").click()
        expect(customer.problem).to_contain_text("blocking the microphone")
        assert customer.failures() == []
