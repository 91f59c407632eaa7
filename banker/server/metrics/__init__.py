"""Prometheus metrics of a service. Without `metrics.enabled` every instrument does nothing."""

from collections.abc import Iterable, Mapping

from banker.server.metrics.instruments import Instrument, Instruments

__all__ = ["CAUSES", "CHANNELS", "ENGINES", "STAGES", "Instrument", "Metrics"]

SECONDS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Buckets for durations that a user notices."""
DELAYS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Buckets for delays of packets, which are 20 ms apart."""
STAGES = {
    "silence": "silence at the end of the turn (endpointing)",
    "recognition": "recognition beyond that silence",
    "thought": "from the final transcript to the agent's first sentence, tool calls included",
    "voice": "from the first sentence to enough synthesised audio",
    "sending": "from synthesised audio to its first RTP packet",
}
"""The stages of a spoken reply, in this order and without gaps."""
CAUSES = {
    "identity": "the credentials prove nothing",
    "rate_limit": "too many requests of one user, tenant or address",
    "sockets": "no room for another WebSocket",
    "peers": "no room for another call",
    "user_share": "one user has as much as a user may have",
    "udp_port": "no UDP port is free",
    "draining": "the worker is going away",
    "store": "Redis does not answer",
}
"""Why requests, handshakes and offers are refused."""
CHANNELS = ("spoken", "typed")
"""How a turn of a user came."""
ENGINES = ("hearing", "voice")
"""The engine queues: recognition and synthesis."""
HANDOVERS = ("taken", "returned", "ended", "abandoned", "cancelled", "lost", "unavailable", "elsewhere")
"""What becomes of the wish for a person."""
RATINGS = ("up", "down")
"""How customers rate a talk after it."""
WAITS = (5, 15, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600)
"""Buckets for the wait for a person, in seconds."""
REASONS = ("ended", "expired", "operator", "idle")
"""Why a session ends."""


class Metrics:
    """The instruments of one service. Labels have few values, and never hold a user, a session or an account.

    Where gunicorn runs several workers, those of one server count together (`banker.server.metrics.shared_files`).
    """

    def __init__(self, enabled: bool) -> None:
        self._instruments = Instruments(enabled)
        make = self._instruments
        self.sessions_created = make.counter("sessions_created", "Sessions created.")
        self._calls_ended = make.counter("calls_ended", "Calls ended with their session.", "reason")
        _each(self._calls_ended, REASONS)
        self.rejections = _each(make.counter("rejections", "Requests, handshakes and offers refused.", "cause"), CAUSES)
        self.audit_failures = make.counter("audit_failures", "Audit entries that could not be written.")
        self._add_levels(make)
        self._add_conversation(make)
        self._add_handovers(make)
        self._add_recognition(make)
        self._add_delays(make)

    def call_ended(self, reason: str) -> None:
        """Count a call that ended with its session. A newer worker may know more reasons than `REASONS`."""
        self._calls_ended.labels(reason).inc()

    def _add_levels(self, make: Instruments) -> None:
        """Add what is used at the moment, and of how much."""
        self.calls = make.gauge("calls", "Sessions in the hands of a worker: connected, or just disconnected.")
        self.peers = make.gauge("peers", "Peer connections that are connected or connecting.")
        self.peers_limit = make.gauge("peers_limit", "Peer connections that there is room for.")
        self.sockets = make.gauge("sockets", "Open signaling WebSockets.")
        self.threads_busy = make.gauge("threads_busy", "Threads that answer a request or hold a WebSocket.")
        self.threads_limit = make.gauge("threads_limit", "Threads for requests and WebSockets.")
        self.engine_jobs = _each(make.gauge("engine_jobs", "Jobs in an engine's queue or at work.", "engine"), ENGINES)
        self.engine_jobs_limit = _each(
            make.gauge("engine_jobs_limit", "Jobs that an engine's queue takes.", "engine"), ENGINES
        )
        self.dead_ice_servers = make.counter("dead_ice_servers", "STUN or TURN servers that did not answer.")

    def _add_conversation(self, make: Instruments) -> None:
        self.turns = _each(make.counter("turns", "Turns of users.", "channel"), CHANNELS)
        self.not_understood = make.counter("not_understood", "Turns that the scripted agent did not understand.")
        self.person_offers = make.counter("person_offers", "Replies that offered or named a person to turn to.")
        self.ratings = _each(make.counter("ratings", "Talks that customers have rated.", "rating"), RATINGS)
        self._tool_calls = make.counter("tool_calls", "Calls of the bank's tools by outcome.", "tool", "outcome")

    def _add_handovers(self, make: Instruments) -> None:
        self.handovers_waiting = make.gauge("handovers_waiting", "Customers who wait for a colleague.")
        self.handovers = _each(make.counter("handovers", "Hand-overs to colleagues.", "outcome"), HANDOVERS)
        self.handover_wait_seconds = make.histogram(
            "handover_wait_seconds", "From the wish for a person to the colleague who takes the talk.", WAITS
        )

    def tool_called(self, tool: str, outcome: str) -> None:
        """Count a call of a tool that a tenant allows, by the status of its result."""
        self._tool_calls.labels(tool, outcome).inc()

    def _add_recognition(self, make: Instruments) -> None:
        """Add what every spoken turn of a user costs, whether it is answered or not."""
        self.turn_end_seconds = make.histogram(
            "turn_end_seconds", "From the end of the user's speech to the final transcript.", SECONDS
        )
        self.recognition_seconds = make.histogram(
            "recognition_seconds", "A recognition, including its wait in the engine queue.", SECONDS
        )
        self.recognition_wait_seconds = make.histogram(
            "recognition_wait_seconds", "Recognition beyond the silence that ends a turn.", (0.001, *SECONDS)
        )
        self.empty_turns = make.counter("empty_turns", "Spoken turns with an empty transcript.")
        self.refused_words = make.counter("refused_words", "Recognitions of which words were rejected as hallucinated.")
        self.failed_recognitions = make.counter(
            "failed_recognitions", "Recognitions that failed or found the engine queue full."
        )

    def _add_delays(self, make: Instruments) -> None:
        stage_seconds = make.histogram("reply_stage_seconds", "Stages of a spoken reply.", SECONDS, "stage")
        self.reply_stages = _each(stage_seconds, STAGES)
        self.reply_seconds = make.histogram(
            "reply_seconds", "From the end of the user's speech to the first RTP packet of the reply.", SECONDS
        )
        self.packet_lateness = make.histogram(
            "packet_lateness_seconds", "Delay of an audio packet behind its playout schedule.", DELAYS
        )
        self.loop_lag = make.histogram(
            "loop_lag_seconds", "Delay of a timer in the media loop, sampled twice a second.", DELAYS
        )

    def exposition(self) -> tuple[bytes, str]:
        """Return what Prometheus scrapes, and its content type."""
        return self._instruments.exposition()


def _each(family: Instrument, values: Iterable[str]) -> Mapping[str, Instrument]:
    """Return the instrument of each value of a label. All exist from the start, so that a rate begins at zero."""
    return {value: family.labels(value) for value in values}
