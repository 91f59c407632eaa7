"""Microphones and speakers: chosen, measured, unplugged in mid-call, in Chromium with its made-up devices."""

import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Playwright, expect

from tests.e2e.bank import Customer
from tests.e2e.browser import chromium
from tests.speech.sounds import RATE, pause, say


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Its microphones hear somebody count: a browser takes a mere tone away as noise. The banker may begin first."""
    folder = tmp_path_factory.mktemp("devices")
    raw = ["-r", str(RATE), "-c", "1", "-b", "16", "-e", "signed", "-t", "raw", "-"]
    counting = pause(4) + say("one two three four five six seven eight nine ten") * 20
    subprocess.run(["sox", "-q", *raw, "-r", "48000", folder / "voice.wav"], input=counting, check=True)
    with chromium(folder / "browser", folder / "voice.wav", playwright=playwright) as context:
        yield context


def talk(customer: Customer) -> Customer:
    """A call with a microphone, whatever is heard by it."""
    customer.sign_in().call()
    expect(customer.lines.first).to_contain_text("Hello", timeout=20_000)  # complete, or spoken over
    return customer


def another(select: Locator) -> str:
    """A choice that is not the one made; each has a name."""
    expect(select.locator("option").nth(1)).to_be_attached()
    assert all(select.locator("option").all_text_contents())
    values = select.locator("option").evaluate_all("(all) => all.map(({ value }) => value)")
    return next(str(value) for value in values if value != select.input_value())


def test_microphone_and_speaker_are_chosen_in_the_call_that_goes_on(customer: Customer) -> None:
    page = talk(customer).page
    customer.button("Settings").click()
    microphones = page.get_by_role("combobox", name="Microphone", exact=True)
    before = page.evaluate("tracks[0].getSettings().deviceId")
    other = another(microphones)
    assert microphones.input_value() == before
    microphones.select_option(other)
    page.wait_for_function(
        "() => tracks.length === 2 && peers.at(-1).getSenders().some(({ track }) => track === tracks[1])"
    )
    assert page.evaluate("tracks[1].getSettings().deviceId") == microphones.input_value() == other
    assert customer.microphones() == ["ended", "live"]
    assert page.evaluate("peers.length") == 1
    meter = page.get_by_role("meter", name="Microphone level")
    page.wait_for_function("(meter) => meter.value > 0.5", arg=meter.element_handle())
    customer.button("Mute").click()
    page.wait_for_function("(meter) => meter.value < 0.05", arg=meter.element_handle())
    speakers = page.get_by_role("combobox", name="Speaker", exact=True)
    other = another(speakers)
    speakers.select_option(other)
    page.wait_for_function(
        "(id) => document.querySelector('virtual-banker').shadowRoot.querySelector('audio').sinkId === id", arg=other
    )
    assert customer.failures() == []


def test_a_microphone_that_is_unplugged_is_told_and_can_be_tried_again(customer: Customer) -> None:
    page = talk(customer).page
    page.wait_for_function("() => peers.at(-1).connectionState === 'connected'")
    page.evaluate("tracks[0].dispatchEvent(new Event('ended'))")  # what a browser does then
    expect(customer.problem).to_contain_text("The microphone was disconnected.")
    expect(customer.state).to_have_text("Ready for your message", timeout=30_000)  # after the greeting
    assert [event["kind"] for event in customer.told("error")] == ["microphone-lost"]
    assert customer.microphones() == ["ended"]
    customer.write("Thank you")
    expect(customer.said).to_have_count(2, timeout=15_000)
    customer.button("Try the microphone again").click()
    expect(customer.problem).to_have_text("")
    page.wait_for_function("() => peers.at(-1).getSenders().some(({ track }) => track === tracks[1])")
    expect(customer.state).to_have_text("Listening", timeout=15_000)
    assert page.evaluate("peers.length") == 1
