"""The media facade in the test's own process, and customers that call it without a socket."""

import array
import asyncio
import gc
import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from aioice.ice import StunProtocol
from aiortc import RTCIceCandidate

from banker.agents.tenant_agents import TenantAgent, UnavailableAgent
from banker.audit import Audit
from banker.config.loading import load
from banker.identity import EphemeralTokens
from banker.rtc import speech_engines
from banker.rtc.calls.registry import CallRegistry
from banker.rtc.facade import MediaFacade
from banker.rtc.peers.peer import Peer
from banker.server.metrics import Metrics
from banker.sessions import MemoryStore, Session, Sessions
from banker.speech import Recogniser
from banker.tools.toolbox import Toolbox
from tests.client import LOOP, Browser, Events
from tests.servers import config_environment, write_config


class ToneVoice:
    """Implements `speech.Synthesiser`: each text is a 1 kHz tone. `said` has the texts; `gate` blocks it."""

    name = "tone"
    sample_rate = 22_050

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.said: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def synthesise(self, text: str, rate: float = 1.0) -> Iterator[bytes]:
        self.said.append(text)
        assert self.gate.wait(10)
        samples = tone(self.seconds, self.sample_rate)
        yield samples[:4410]
        yield samples[4410:]


def tone(seconds: float, sample_rate: int, hertz: float = 1000.0) -> bytes:
    """A sine at half of full scale, s16 mono."""
    step = 2 * math.pi * hertz / sample_rate
    return array.array("h", (round(16000 * math.sin(step * n)) for n in range(round(seconds * sample_rate)))).tobytes()


def open_sockets_of_peers() -> int:
    """Open UDP sockets of the service's peers; those of the tests' browsers belong to another loop."""
    return sum(
        isinstance(found, StunProtocol)
        and isinstance(getattr(found, "transport", None), asyncio.DatagramTransport)
        and not found.transport.is_closing()
        and found.transport._loop is not LOOP._loop
        for found in gc.get_objects()
    )


both_paths = pytest.mark.parametrize("fast_path", [True, False], ids=["fast path", "public API"], indirect=True)
"""Runs a test with aiortc's internals and with its public API alone."""


def remote_candidates(peer: Peer) -> list[RTCIceCandidate]:
    """Addresses that a banker's peer sends checks to."""
    transceiver = peer._pc.getTransceivers()[0]
    candidates: list[RTCIceCandidate] = transceiver.receiver.transport.transport.getRemoteCandidates()
    return candidates


class MediaHarness:
    """A `MediaFacade` with sessions in memory.

    `service` has sections of banker.toml. Without a `voice` it serves text, without a `recogniser` it does not listen.
    """

    def __init__(
        self,
        folder: Path,
        voice: ToneVoice | None = None,
        service: Mapping[str, Any] | None = None,
        tenant_agent: TenantAgent | None = None,
        recogniser: Recogniser | None = None,
        fast_path: bool = True,
        **tenants: Any,
    ) -> None:
        demo = {"media": {"allow_private_candidates": True}}
        environment = config_environment() | {"BANKER_MEDIA__FAST_PATH": str(fast_path).lower()}
        self.config = load(write_config(folder, service or demo, **tenants), environment)
        self.store = MemoryStore(1000)
        self.sessions = Sessions(self.store, EphemeralTokens(self.config.secret_key))
        self.metrics = Metrics(True)
        tenant_agent = tenant_agent or TenantAgent(UnavailableAgent(), Toolbox())
        tenant_agents = dict.fromkeys(self.config.tenants, tenant_agent)
        self.media = MediaFacade(
            self.config, self.sessions, lambda: tenant_agents, Audit(None, self.metrics), self.metrics
        )
        with (
            mock.patch.object(speech_engines, "load_synthesiser", return_value=voice),
            mock.patch.object(speech_engines, "load_recogniser", return_value=recogniser),
        ):
            self.media.start()

    @property
    def calls(self) -> CallRegistry:
        return self.media._calls

    @property
    def peers(self) -> int:
        """How many peers are connected or connecting."""
        return len(self.calls.peers)

    def figure(self, name: str) -> float:
        """The value of a metric."""
        for line in self.metrics.exposition()[0].decode().splitlines():
            if line.startswith((f"{name} ", f"{name}_total ")):
                return float(line.split()[1])
        raise AssertionError(f"no metric {name}")

    def customer(self, *, lifetime: float | None = None, connect: bool = True) -> "CustomerSession":
        """A new session of the tenant `bank`; `lifetime` in seconds replaces the policy's."""
        tenant = self.config.tenants["bank"]
        session, _ = self.sessions.create(tenant=tenant, user_id="user-456", portal_context={}, claims={})
        if lifetime is not None:
            session = replace(session, session_id=session.session_id + "x", expires_at=time.time() + lifetime)
            self.store.create(session)
        customer = CustomerSession(self, session)
        if connect:
            customer.connect()
        return customer

    def close(self) -> None:
        self.media.close()
        self.store.close()


class CustomerSession:
    """One customer's session with a `MediaHarness`."""

    def __init__(self, harness: MediaHarness, session: Session) -> None:
        self.harness = harness
        self.session = session
        self.id = session.session_id
        self.events = Events()
        self.browsers: list[Browser] = []
        self.ice_servers: list[dict[str, Any]] = []

    @property
    def browser(self) -> Browser:
        return self.browsers[-1]

    def connect(self) -> None:
        """Attach a signaling socket."""
        self.ice_servers = self.harness.media.open(self.session, self.events.add)

    def new_browser(self, **options: Any) -> Browser:
        """A browser that has not offered yet; `options` are those of `Browser`."""
        return Browser(self.events, **options)

    def call(self, *, wait: bool = True, **options: Any) -> Browser:
        """Connect a peer; `options` are those of `Browser`."""
        self.browsers.append(self.new_browser(**options))
        self.browser.accept(self.offer(self.browser.offer()))
        if wait:
            self.browser.wait_connected()
        return self.browser

    def offer(self, sdp: str) -> str:
        return self.harness.media.offer(self.id, sdp)

    def send(self, event: Mapping[str, Any]) -> None:
        """Send an event over the socket."""
        self.harness.media.receive(self.id, event)

    def consent(self) -> None:
        self.send({"type": "consent.grant", "version": "v1"})

    def close(self) -> None:
        for browser in self.browsers:
            browser.close()
