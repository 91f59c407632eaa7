"""Those who talk to one of the other systems: python -m bench.peers.users OFFER_URL SESSIONS"""

import sys
import time

import requests

from bench.calls import microphone, phase_of
from tests.client import LOOP, Browser


def begin(url: str, number: int) -> Browser:
    """Connect one user, whose microphone never pauses: these systems do not ask for `usedtx=1`."""
    browser = Browser(microphone=LOOP.run(microphone(phase_of(number), dtx=False)))
    offer = {"sdp": browser.offer(), "type": "offer"}
    if "/webrtc/" in url:
        offer["webrtc_id"] = f"user-{number}-{time.monotonic_ns()}"
    answer = requests.post(url, json=offer, timeout=30)
    answer.raise_for_status()
    browser.accept(answer.json()["sdp"])
    browser.wait_connected(30)
    return browser


def main() -> None:
    """Connect all, say so, and let each send a message a second; say of each line read how many packets came."""
    url, sessions = sys.argv[1], int(sys.argv[2])
    browsers = [begin(url, number) for number in range(sessions)]
    print("connected", flush=True)
    while True:
        for browser in browsers:
            time.sleep(1 / sessions)
            browser.send("ping")
            browser.audio.packets.clear()


if __name__ == "__main__":
    main()
