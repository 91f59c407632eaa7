"""A real Chromium with a microphone that is fed from a file, and an ear on what it receives."""

import base64
import contextlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from tests.speech.sounds import wav

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
]

NO_UDP = ("--webrtc-ip-handling-policy=disable_non_proxied_udp", "--force-webrtc-ip-handling-policy")
"""Flags of a browser whose calls leave by TCP or not at all."""

# Records every audio track that a peer connection receives, from its first packet on; keeps the connections, the
# microphone's tracks, what the widget told the page, and whatever went wrong.
EAR = """
window.heard = []; window.peers = []; window.failures = []; window.tracks = []; window.told = [];
addEventListener("error", (event) => failures.push(event.message));
addEventListener("unhandledrejection", (event) => failures.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => failures.push(`CSP: ${event.violatedDirective}`));
for (const name of ["connected", "consent", "transcript", "state", "tool-called", "tool-finished", "confirm", "confirm-over", "rating", "step-up", "step-up-over", "ended", "error"])
  addEventListener(`banker:${name}`, (event) => told.push({ name, ...event.detail }));
const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (open) navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await open(wanted);
  tracks.push(...stream.getTracks());
  return stream;
};
const Real = RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...options) {
    super(...options);
    peers.push(this);
    this.addEventListener("track", ({ track }) => {
      if (track.kind !== "audio") return;
      const recorder = new MediaRecorder(new MediaStream([track]));
      recorder.ondataavailable = (event) => heard.push(event.data);
      recorder.start(250);
    });
  }
};
"""
# A microphone that says what `speak` gives it, when it is given.
MOUTH = """
navigator.mediaDevices.getUserMedia = async () => {
  window.studio = new AudioContext({ sampleRate: 48000 });
  window.mouth = studio.createMediaStreamDestination();
  return mouth.stream;
};
// From now on it hears the loudspeaker, too.
window.echo = (loudness, seconds) => {
  const [{ track }] = peers.at(-1).getReceivers().filter((receiver) => receiver.track.kind === "audio");
  const late = new DelayNode(studio, { delayTime: seconds }), soft = new GainNode(studio, { gain: loudness });
  studio.createMediaStreamSource(new MediaStream([track])).connect(late).connect(soft).connect(mouth);
};
window.speak = async (wav) => {
  const bytes = Uint8Array.from(atob(wav), (letter) => letter.charCodeAt(0));
  const source = studio.createBufferSource();
  source.buffer = await studio.decodeAudioData(bytes.buffer);
  source.connect(mouth);
  source.start();
  return new Promise((resolve) => {
    source.onended = () => resolve();
  });
};
"""
COLLECT = """async () => {
  const bytes = new Uint8Array(await new Blob(heard).arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}"""


@contextmanager
def chromium(
    folder: Path,
    microphone: Path | None = None,
    flags: tuple[str, ...] = (),
    playwright: Playwright | None = None,
) -> Iterator[BrowserContext]:
    """A browser whose microphone plays `microphone` (WAV) once; without one there is no permission for any.

    `playwright`: one that runs already, for several browsers at a time.
    """
    options = [*FLAGS, *flags]
    if microphone is not None:
        options += ["--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}%noloop"]
    with contextlib.ExitStack() as started:
        playwright = playwright or started.enter_context(sync_playwright())
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=CHROMIUM, headless=True, args=options, viewport={"width": 900, "height": 900}
        )
        context.add_init_script(EAR)
        try:
            yield context
        finally:
            context.close()


def close_page(page: Page) -> None:
    """Close a page whatever it is doing.

    Chromium acknowledges the request and drops it while a navigation commits, and Playwright then waits for ever
    (https://issues.chromium.org/issues/536385539). So the page's own navigation is replaced by one that is waited for.
    """
    page.goto("about:blank")
    page.close()


def with_a_mouth(browser: BrowserContext) -> None:
    """Give the pages of this browser a microphone that hears nothing but what `speak` says."""
    browser.add_init_script(MOUTH)


def speak(page: Page, pcm: bytes) -> None:
    """Say this (s16 mono, 16 kHz) into the page's microphone, to its end."""
    page.evaluate("(wav) => speak(wav)", base64.b64encode(wav(pcm)).decode())


def received_sound(page: Page) -> bytes:
    """What the page's peers have received so far, as a WAV of s16 mono at 16 kHz."""
    recording = base64.b64decode(page.evaluate(COLLECT))
    samples = bytearray()
    if recording:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        with av.open(io.BytesIO(recording)) as container:
            for frame in container.decode(audio=0):
                for part in resampler.resample(frame):
                    samples += bytes(part.planes[0])[: part.samples * 2]
    return wav(bytes(samples))


def peer_statistics(page: Page, kind: str) -> list[dict[str, Any]]:
    """Chromium's own statistics of the last peer, of one type of report (https://www.w3.org/TR/webrtc-stats/)."""
    script = """async (type) => {
      const all = [...(await peers.at(-1).getStats()).values()];
      return all.filter((report) => report.type === type).map((report) => ({ ...report }));
    }"""
    statistics: list[dict[str, Any]] = page.evaluate(script, kind)
    return statistics


def inbound(page: Page, kind: str) -> dict[str, Any]:
    """What the last peer receives of a kind, audio or video, by Chromium's own statistics."""
    return next((report for report in peer_statistics(page, "inbound-rtp") if report["kind"] == kind), {})
