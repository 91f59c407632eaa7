"""Counters and histograms for Prometheus; without `metrics.enabled` they cost a method call and count nothing."""

from typing import Any, Protocol

SECONDS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
STAGES = {
    "silence": "the user's silence that ends the turn.",
    "recognition": "what the recogniser took beyond that silence.",
    "thought": "from the words to the first sentence: agent and tools.",
    "voice": "from the first sentence to enough of its sound.",
    "sending": "from the sound to its first packet.",
}
"""One after another, without a gap."""


class Instrument(Protocol):
    """The calls of a Prometheus instrument that the house uses."""

    def inc(self, amount: float = 1) -> None: ...
    def set(self, value: float) -> None: ...
    def observe(self, amount: float) -> None: ...


class _Nothing:
    def inc(self, amount: float = 1) -> None:
        return None

    def set(self, value: float) -> None:
        return None

    def observe(self, amount: float) -> None:
        return None


class Metrics:
    """The instruments of one app. Labels never hold a user, a session or an account."""

    def __init__(self, enabled: bool) -> None:
        self._registry: Any = None
        if enabled:
            from prometheus_client import CollectorRegistry

            self._registry = CollectorRegistry()
        self.sessions_created = self._make("Counter", "banker_sessions_created", "Sessions created.")
        self.refused_identities = self._make(
            "Counter", "banker_refused_identities", "Requests without a proven identity."
        )
        self.limited_requests = self._make("Counter", "banker_limited_requests", "Requests over a rate limit.")
        self.audit_failures = self._make("Counter", "banker_audit_failures", "Audit entries that were not written.")
        self.sockets = self._make("Gauge", "banker_sockets", "Open signaling sockets.")
        self.peers = self._make("Gauge", "banker_peers", "Peers connected or connecting.")
        self.refused_peers = self._make("Counter", "banker_refused_peers", "Offers that found no room or no port.")
        self.dead_ice_servers = self._make(
            "Counter", "banker_dead_ice_servers", "STUN or TURN servers that did not answer."
        )
        self.packet_lateness = self._make(
            "Histogram",
            "banker_packet_lateness_seconds",
            "How late an audio packet left.",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
        )
        self._make_hearing()
        self.reply_stages = {
            name: self._make("Histogram", f"banker_reply_{name}_seconds", f"Of a spoken reply: {text}", buckets=SECONDS)
            for name, text in STAGES.items()
        }
        self.reply_seconds = self._make(
            "Histogram",
            "banker_reply_seconds",
            "From the end of the user's speech to the first packet of the reply: its stages added up.",
            buckets=SECONDS,
        )

    def _make_hearing(self) -> None:
        """What every turn of the user takes, answered or not."""
        seconds = SECONDS
        self.turn_end_seconds = self._make(
            "Histogram",
            "banker_turn_end_seconds",
            "From the end of the user's speech until its words were passed on.",
            buckets=seconds,
        )
        self.recognition_seconds = self._make(
            "Histogram",
            "banker_recognition_seconds",
            "A recognition, its waiting in the queue included.",
            buckets=seconds,
        )
        self.recognition_wait_seconds = self._make(
            "Histogram",
            "banker_recognition_wait_seconds",
            "What a recognition took beyond the silence that ends a turn.",
            buckets=(0.001, *seconds),
        )
        self.empty_turns = self._make("Counter", "banker_empty_turns", "Turns in which nothing was recognised.")
        self.refused_words = self._make(
            "Counter", "banker_refused_words", "Recognitions with words that were not believed."
        )
        self.failed_recognitions = self._make(
            "Counter", "banker_failed_recognitions", "Recognitions that failed or found no place in the queue."
        )

    def _make(self, kind: str, name: str, text: str, **options: Any) -> Instrument:
        if self._registry is None:
            return _Nothing()
        import prometheus_client

        instrument: Instrument = getattr(prometheus_client, kind)(name, text, registry=self._registry, **options)
        return instrument

    def exposition(self) -> tuple[bytes, str]:
        """The text that Prometheus scrapes, and its content type."""
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self._registry), CONTENT_TYPE_LATEST
