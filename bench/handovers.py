"""Hand-overs: ten at once, the delay of the voice that is passed on, and take-overs with a worker killed in between."""

import json
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from banker.rtc.audio_out.opus_encoder import encode
from bench.figure import Figure
from tests.client import LOOP, Browser, Events, Refused
from tests.e2e.bank import SILENT, bank
from tests.handover.desks import Desk
from tests.servers import Gunicorn, RedisServer, wait_until
from tests.speaking import CONSENT, Mouth, Talker, _mouth
from tests.speech.sounds import say

AT_ONCE = 10
TAKE_OVERS = 50
WORKERS = 2
PCM_RATE = 16_000


def figures(quick: bool) -> Iterator[Figure]:
    """Customers at one host and colleagues at another one, over Redis, all of it on this machine."""
    with ExitStack() as started:
        folder = Path(started.enter_context(tempfile.TemporaryDirectory()))
        redis = RedisServer()
        started.callback(redis.close)
        environ = {**SILENT, "BANKER_REDIS_URL": redis.url}
        hosts = [bank(folder, environ=environ, workers=WORKERS) for _ in range(2)]
        for host in hosts:
            started.callback(host.close)
        yield from _at_once(hosts)
        yield from _bridge(hosts, 3 if quick else 10)
        yield from _take_overs(hosts, redis, 5 if quick else TAKE_OVERS)


def _at_once(hosts: list[Gunicorn]) -> Iterator[Figure]:
    """From the colleague's click to the summary before them, for ten customers at once."""
    maria = Desk(hosts[1].url)
    maria.talks()
    with ExitStack() as talking:
        customers = [talking.enter_context(Waiting(hosts[0].url)) for _ in range(AT_ONCE)]
        began = time.monotonic()

        def take(customer: Talker) -> float:
            maria.take(str(customer.session["session_id"]))
            return time.monotonic() - began

        with ThreadPoolExecutor(AT_ONCE) as at_once:
            waits = list(at_once.map(take, customers))
        _end(customers)
    yield Figure(f"{AT_ONCE} hand-overs at once: taken to joined, median", f"{statistics.median(waits):.2f} s")
    yield Figure(f"{AT_ONCE} hand-overs at once: the last one", f"{max(waits):.2f} s")


def _bridge(hosts: list[Gunicorn], count: int) -> Iterator[Figure]:
    """From the first packet of a word at the customer to its arrival at the colleague."""
    for name, desk_host in (("one process", hosts[0]), ("two hosts over Redis", hosts[1])):
        maria = Desk(desk_host.url)
        maria.talks()
        with Waiting(hosts[0].url) as customer:
            session_id = str(customer.session["session_id"])
            customer.mouth = LOOP.run(_mouth())
            customer.call(microphone=customer.mouth)
            maria.take(session_id)
            with maria.attending(session_id):
                ear = Browser(Events(), microphone=LOOP.run(_mouth()))
                ear.accept(maria.act(session_id, "offer", sdp=ear.offer())["sdp"])
                ear.wait_connected()
                delays = [_delay(customer, ear) for _ in range(count)]
                ear.close()
            _end([customer])
        yield Figure(f"voice passed on, {name}, median", f"{statistics.median(delays) * 1000:.0f} ms", "150 ms")


def _delay(customer: Talker, ear: Browser) -> float:
    """How much later a word's last packet is received than it was sent. Nothing decodes it, so it is known again."""
    pcm = say("Good morning.")
    last = encode([pcm], PCM_RATE).packets[-1]
    since = len(ear.audio.packets)
    said = customer.say(pcm).wait()
    found = lambda: [packet[3] for packet in ear.audio.packets[since:] if packet[2] == last]  # noqa: E731
    wait_until(found, 10, "the last packet of a word")
    return max(0.0, found()[-1] - said.ended)


def _take_overs(hosts: list[Gunicorn], redis: RedisServer, count: int) -> Iterator[Figure]:
    """A colleague takes a talk, a worker is killed, the colleague writes, the customer reads it once, and both hear.

    Every second time it is the worker that has the customer, otherwise one of the colleague's host; of each two in turn
    the first dies before the customer knows of the colleague, the second while they talk.
    """
    kept = 0
    for number in range(count):
        maria = Desk(hosts[1].url)
        maria.talks()
        with Waiting(hosts[0].url) as customer:
            session_id = str(customer.session["session_id"])
            customer.mouth = LOOP.run(_mouth())
            customer.call(microphone=customer.mouth)
            maria.act(session_id, "take")
            with maria.attending(session_id), Headset(maria, session_id) as headset:
                if number % 4 >= 2:
                    headset.hears_and_is_heard_by(customer)
                record = json.loads(redis.cli("get", f"banker:{{{session_id}}}:session"))
                has_customer = number % 2 == 0
                os.kill(int(record["worker"].split("/")[1]) if has_customer else hosts[1].workers[0], signal.SIGKILL)
                if has_customer:
                    customer.come_back()
                    customer.mouth = LOOP.run(_mouth())
                    customer.call(microphone=customer.mouth)
                words = f"This is message {number}."
                wait_until(lambda maria=maria, s=session_id, w=words: _sent(maria, s, w), 90, "the desk")
                with suppress(AssertionError):
                    wait_until(lambda c=customer, w=words: _times(c, w) == 1, 30)
                kept += _times(customer, words) == 1 and headset.hears_and_is_heard_by(customer)
            _end([customer])
        for host in hosts:
            wait_until(lambda host=host: len(host.workers) == WORKERS, 60, "another worker")
    yield Figure(f"{count} take-overs with a worker killed in between: kept", f"{kept}", f"{count}")


class Headset:
    """A colleague's voice in one talk. It is offered again while nothing comes through, as the desk's page does."""

    def __init__(self, maria: Desk, session_id: str) -> None:
        self._maria = maria
        self._id = session_id
        self._browser: Browser | None = None
        self._mouth: Mouth

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._browser is not None:
            self._browser.close()

    def hears_and_is_heard_by(self, customer: Talker) -> bool:
        """Whether a word of each reaches the other, within a minute."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            browser = self._browser
            if browser is not None and _arrives(customer.mouth, browser) and _arrives(self._mouth, customer.browser):
                return True
            self._offer()
        return False

    def _offer(self) -> None:
        self.__exit__()
        self._mouth = LOOP.run(_mouth())
        self._browser = browser = Browser(Events(), microphone=self._mouth)
        with suppress(AssertionError, OSError):
            browser.accept(self._maria.act(self._id, "offer", sdp=browser.offer())["sdp"])
            browser.wait_connected()


def _arrives(mouth: Mouth, ear: Browser) -> bool:
    """Whether the last packet of a word arrives, as it was sent."""
    pcm = say("Good morning.")
    last = encode([pcm], PCM_RATE).packets[-1]
    since = len(ear.audio.packets)
    mouth.say(pcm).wait()
    with suppress(AssertionError):
        wait_until(lambda: any(packet[2] == last for packet in ear.audio.packets[since:]), 3)
        return True
    return False


def _sent(maria: Desk, session_id: str, words: str) -> bool:
    """Whether the message was accepted; a repeated one has the same key."""
    try:
        maria.see(session_id)
        maria.say(session_id, words, key=words)
    except (AssertionError, OSError):
        return False
    return True


def _times(customer: Talker, words: str) -> int:
    """How many turns have these words: a turn that was sent again after a reconnect has the same number."""
    return len({turn["turn"] for turn in customer.turns("banker") if turn["text"] == words})


class Waiting(Talker):
    """A customer in writing who waits for a person."""

    def __enter__(self) -> Self:
        self.create()
        self.come_back()  # the worker that answers may have just begun
        self.consent(CONSENT)
        self.wait_turn("banker", 1, 60)
        self.send({"type": "handover.request"})
        self.events.wait_for("handover", 60, state="waiting")
        return self


def _end(customers: list[Talker]) -> None:
    for customer in customers:
        with suppress(Refused, AssertionError, OSError):
            customer.end()
