"""Prometheus metrics of one service. Without `metrics.enabled` every instrument does nothing."""

from typing import Any, Protocol

SECONDS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Buckets for durations that a user notices."""
STAGES = {
    "silence": "silence at the end of the turn (endpointing)",
    "recognition": "recognition beyond that silence",
    "thought": "from the final transcript to the agent's first sentence, tool calls included",
    "voice": "from the first sentence to enough synthesised audio",
    "sending": "from synthesised audio to its first RTP packet",
}
"""The stages of a spoken reply, in this order and without gaps."""


class Instrument(Protocol):
    """What the service calls of a Prometheus counter, gauge or histogram."""

    def inc(self, amount: float = 1) -> None: ...
    def set(self, value: float) -> None: ...
    def observe(self, amount: float) -> None: ...


class _NoInstrument:
    def inc(self, amount: float = 1) -> None:
        return None

    def set(self, value: float) -> None:
        return None

    def observe(self, amount: float) -> None:
        return None


class Metrics:
    """The instruments of one service. Labels never hold a user, a session or an account."""

    def __init__(self, enabled: bool) -> None:
        self._registry: Any = None
        if enabled:
            from prometheus_client import CollectorRegistry

            self._registry = CollectorRegistry()
        self.sessions_created = self._counter("sessions_created", "Sessions created.")
        self.refused_identities = self._counter("refused_identities", "Requests that failed authentication.")
        self.limited_requests = self._counter("limited_requests", "Requests refused by a rate limit.")
        self.audit_failures = self._counter("audit_failures", "Audit entries that could not be written.")
        self.sockets = self._gauge("sockets", "Open signaling WebSockets.")
        self.peers = self._gauge("peers", "Peer connections that are connected or connecting.")
        self.refused_peers = self._counter("refused_peers", "Offers refused for lack of capacity or of a UDP port.")
        self.dead_ice_servers = self._counter("dead_ice_servers", "STUN or TURN servers that did not answer.")
        self.packet_lateness = self._histogram(
            "packet_lateness_seconds",
            "Delay of an audio packet behind its playout schedule.",
            (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
        )
        self._add_recognition()
        self.reply_stages = {
            stage: self._histogram(f"reply_{stage}_seconds", f"Stage of a spoken reply: {text}.")
            for stage, text in STAGES.items()
        }
        self.reply_seconds = self._histogram(
            "reply_seconds", "From the end of the user's speech to the first RTP packet of the reply."
        )

    def _add_recognition(self) -> None:
        """Add what every spoken turn of a user costs, whether it is answered or not."""
        self.turn_end_seconds = self._histogram(
            "turn_end_seconds", "From the end of the user's speech to the final transcript."
        )
        self.recognition_seconds = self._histogram(
            "recognition_seconds", "A recognition, including its wait in the engine queue."
        )
        self.recognition_wait_seconds = self._histogram(
            "recognition_wait_seconds", "Recognition beyond the silence that ends a turn.", (0.001, *SECONDS)
        )
        self.empty_turns = self._counter("empty_turns", "Spoken turns with an empty transcript.")
        self.refused_words = self._counter(
            "refused_words", "Recognitions of which words were rejected as hallucinated."
        )
        self.failed_recognitions = self._counter(
            "failed_recognitions", "Recognitions that failed or found the engine queue full."
        )

    def _counter(self, name: str, text: str) -> Instrument:
        return self._make("Counter", name, text)

    def _gauge(self, name: str, text: str) -> Instrument:
        return self._make("Gauge", name, text)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...] = SECONDS) -> Instrument:
        return self._make("Histogram", name, text, buckets=buckets)

    def _make(self, kind: str, name: str, text: str, **options: Any) -> Instrument:
        if self._registry is None:
            return _NoInstrument()
        import prometheus_client

        make = getattr(prometheus_client, kind)
        instrument: Instrument = make(f"banker_{name}", text, registry=self._registry, **options)
        return instrument

    def exposition(self) -> tuple[bytes, str]:
        """Return what Prometheus scrapes, and its content type."""
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self._registry), CONTENT_TYPE_LATEST
