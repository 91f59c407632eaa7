"""What a real Chromium plays and shows of the banker: the whole greeting, and a mouth that is with the sound."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Playwright, expect

from banker.config.loading import load
from banker.rtc.video.avatar import Avatar
from banker.rtc.video.avatar_track import LOUD, SILENT
from tests.e2e.bank import GREETING, Customer, bank
from tests.e2e.browser import chromium, inbound, peer_statistics, received_sound
from tests.listening import transcribe
from tests.servers import ROOT, Gunicorn, wait_until

OFF_MS = 40
STEP_MS = 5
AROUND = 50
"""Blocks before and after one that tell when it was played."""
SIZE = 80
"""Pixels, across and down, of the picture that is looked at; the mouth is in `MOUTH` of it, and moves there."""
MOUTH = (slice(35, 70), slice(20, 60))

# What is shown, when the browser says that it is on the screen; what is heard, when the player takes it (10 ms a block).
# A block's loudness is the one that `banker.rtc.audio_out.opus_encoder` tells the face: the root of the mean of the samples.
WATCH = """() => {
  window.shown = []; window.played = [];
  const video = document.querySelector("virtual-banker").shadowRoot.querySelector("video");
  const canvas = new OffscreenCanvas(SIZE, SIZE).getContext("2d", { willReadFrequently: true });
  const look = (now, { expectedDisplayTime }) => {
    canvas.drawImage(video, 0, 0, SIZE, SIZE);
    const { data } = canvas.getImageData(0, 0, SIZE, SIZE);
    shown.push([expectedDisplayTime, Array.from({ length: SIZE * SIZE }, (_, at) => data[4 * at])]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  const { track } = peers.at(-1).getReceivers().find(({ track }) => track.kind === "audio");
  const blocks = new MediaStreamTrackProcessor({ track }).readable.getReader();
  const hear = ({ value, done }) => {
    if (done) return;
    const samples = new Float32Array(value.numberOfFrames);
    value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
    const mean = samples.reduce((sum, sample) => sum + Math.abs(sample), 0) / samples.length;
    played.push([performance.now(), 1000 * value.numberOfFrames / value.sampleRate, Math.sqrt(4 * mean)]);
    value.close();
    blocks.read().then(hear);
  };
  blocks.read().then(hear);
}""".replace("SIZE", str(SIZE))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """The demo, whose voice takes its time."""
    server = bank(tmp_path_factory.mktemp("bank"), environ={"BANKER_SPEECH__RECOGNISER": "none"})
    yield server
    server.close()


def demo_avatar() -> Avatar:
    tenant = load(None, {"BANKER_DEMO": "1"}).tenants["demo"]
    return Avatar.load(ROOT / "config" / "avatars" / tenant.avatar, tenant.config.theme["primaryColor"])


def openness(pictures: list[list[int]]) -> Any:
    """How far the mouth is open in each picture, as the row of the manifest's mouths: that of the most similar one."""
    avatar = demo_avatar()
    rows = {mouth: row for row, mouths in enumerate(avatar.manifest.mouths) for mouth in mouths}
    known = [next((row for mouth, row in rows.items() if mouth in name), 0) for name in avatar.names]
    drawn = [avatar.image(name).reformat(SIZE, SIZE, "rgb24").to_ndarray()[:, :, 0] for name in avatar.names]
    stencils = np.array(drawn, float)[:, *MOUTH]
    seen = np.array(pictures, float).reshape(-1, SIZE, SIZE)[:, *MOUTH]
    return np.array([known[np.abs(stencils - one).mean(axis=(1, 2)).argmin()] for one in seen])


def loudness(blocks: list[list[float]]) -> tuple[Any, Any]:
    """When each block was played, and how far its loudness would open the mouth.

    The player consumes blocks evenly, but some reports reach the page late. The earliest report within a second gives
    the time of those around it.
    """
    told, lasts, levels = np.array(blocks).T
    ends = lasts.cumsum()
    levels = np.where(levels < SILENT, 0, 1 + np.floor(3 * (levels - SILENT) / (LOUD - SILENT))).clip(0, 3)
    late = np.pad(told - ends, AROUND, mode="edge")
    return ends + np.lib.stride_tricks.sliding_window_view(late, 2 * AROUND + 1).min(axis=1), levels


def lag_of_the_mouth(page: Page) -> tuple[float, float]:
    """By how many ms the mouth follows the sound (negative: it is ahead), and how well it fits there, up to 1."""
    shown, (ends, levels) = page.evaluate("shown"), loudness(page.evaluate("played"))
    times, mouths = np.array([time for time, _ in shown]), openness([picture for _, picture in shown])
    clock = np.arange(ends[0], ends[-1], STEP_MS)
    sound = levels[np.searchsorted(ends, clock).clip(0, len(levels) - 1)]
    mouth = mouths[(np.searchsorted(times, clock, side="right") - 1).clip(0)]
    shifts = range(-400, 401, STEP_MS)
    fits = [np.corrcoef(sound, np.roll(mouth, -shift // STEP_MS))[0, 1] for shift in shifts]
    best = int(np.argmax(fits))
    return shifts[best], fits[best]


def test_the_mouth_is_with_the_sound_in_what_the_browser_shows_and_plays(customer: Customer) -> None:
    page = customer.sign_in().call().page
    page.wait_for_function("() => peers.at(-1)?.connectionState === 'connected'", timeout=15_000)
    page.evaluate(WATCH)
    customer.hear_greeting()
    customer.write("When are you open?")
    expect(customer.said).to_have_count(2, timeout=20_000)
    expect(customer.state).to_have_text("Listening", timeout=20_000)
    lag, fit = lag_of_the_mouth(page)
    assert abs(lag) <= OFF_MS, (lag, fit)
    assert fit > 0.4, (lag, fit)
    # The browser keeps the two in step by the clock of the sender's reports, since both are of one stream.
    reports = peer_statistics(page, "remote-outbound-rtp")
    assert {report["kind"] for report in reports if report["reportsSent"] > 0} == {"audio", "video"}
    streams = page.evaluate("peers.at(-1).remoteDescription.sdp.match(/^a=msid:\\S+/gm)")
    assert len(streams) == 2 and len(set(streams)) == 1
    print(f"the mouth follows the sound by {lag} ms (fit {fit:.2f})")


def test_a_person_clicks_agrees_hears_and_reads_the_greeting(customer: Customer) -> None:
    page = customer.sign_in().call().page
    expect(customer.said).to_have_text(f"Banker: {GREETING}", timeout=20_000)
    assert page.evaluate("peers.at(-1).connectionState") == "connected"
    expect(customer.state).to_have_text("Listening")
    wait_until(
        lambda: re.search("^hello.* demo bank .*today$", transcribe(received_sound(page))),
        limit=30,
        what="the greeting being heard, its first word and its last",
    )
    sound, picture = inbound(page, "audio")["packetsReceived"], inbound(page, "video")
    assert (picture["frameWidth"], picture["frameHeight"], picture["pliCount"]) == (320, 320, 0)
    wait_until(lambda: inbound(page, "video")["framesDecoded"] > picture["framesDecoded"] + 3, 10, "the face moving on")
    assert inbound(page, "audio")["packetsReceived"] <= sound + 2  # in silence nothing is sent
    expect(page.locator("virtual-banker").get_by_role("timer")).to_have_text("30 min left")
    assert customer.failures() == []
    assert customer.problem.text_content() == ""
    assert [event["line"] for event in customer.told("connected")] == ["voice"]


def test_without_permission_one_still_hears_and_is_told_to_write(
    service: Gunicorn, playwright: Playwright, tmp_path: Path
) -> None:
    with chromium(tmp_path, playwright=playwright) as context:
        customer = Customer(context.new_page(), service.url).sign_in().call()
        expect(customer.problem).to_contain_text("blocking the microphone", timeout=10_000)
        expect(customer.button("Try the microphone again")).to_be_visible()
        customer.hear_greeting()
        wait_until(lambda: "demo bank" in transcribe(received_sound(customer.page)), 30, "the greeting")
        assert [event["kind"] for event in customer.told("error")] == ["microphone-refused"]
