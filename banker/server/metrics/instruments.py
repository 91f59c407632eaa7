"""Makes prometheus_client's counters, gauges and histograms, or such that do nothing. Imported only when enabled."""

import functools
from typing import TYPE_CHECKING, Any, Protocol

from banker.server.metrics.shared_files import are_shared

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class Instrument(Protocol):
    """What the service calls of a Prometheus counter, gauge or histogram."""

    def inc(self, amount: float = 1) -> None: ...
    def set(self, value: float) -> None: ...
    def observe(self, amount: float) -> None: ...
    def labels(self, *values: str) -> "Instrument": ...


class _NoInstrument:
    def inc(self, amount: float = 1) -> None:
        return None

    def set(self, value: float) -> None:
        return None

    def observe(self, amount: float) -> None:
        return None

    def labels(self, *values: str) -> "_NoInstrument":
        return self


class Instruments:
    """Makes the instruments of one service.

    Workers that count together have one set of files a process, so there all services of a process have the same
    instruments.
    """

    def __init__(self, enabled: bool) -> None:
        self._registry: CollectorRegistry | None = None
        if enabled:
            self._registry = _process_registry() if are_shared() else _new_registry()

    def counter(self, name: str, text: str, *labels: str) -> Instrument:
        """Make a counter, whose name gets the suffix `_total`."""
        return self._make("Counter", name, text, labels)

    def gauge(self, name: str, text: str, *labels: str) -> Instrument:
        """Make a gauge, which is the sum over the workers that live."""
        return self._make("Gauge", name, text, labels, ("multiprocess_mode", "livesum"))

    def histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Instrument:
        """Make a histogram with these upper bounds."""
        return self._make("Histogram", name, text, labels, ("buckets", buckets))

    def _make(self, kind: str, name: str, text: str, labels: tuple[str, ...], *options: tuple[str, Any]) -> Instrument:
        if self._registry is None:
            return _NoInstrument()
        make = _made_once if are_shared() else _made
        return make(self._registry, kind, name, text, labels, options)

    def exposition(self) -> tuple[bytes, str]:
        """Return what Prometheus scrapes, and its content type."""
        from prometheus_client import generate_latest
        from prometheus_client.exposition import CONTENT_TYPE_LATEST
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = self._registry
        if are_shared():
            registry = _new_registry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        assert registry is not None, "there is nothing to scrape"  # noqa: S101
        return generate_latest(registry), CONTENT_TYPE_LATEST


def _new_registry() -> "CollectorRegistry":
    from prometheus_client import CollectorRegistry

    return CollectorRegistry()


_process_registry = functools.cache(_new_registry)


def _made(
    registry: "CollectorRegistry",
    kind: str,
    name: str,
    text: str,
    labels: tuple[str, ...],
    options: tuple[tuple[str, Any], ...],
) -> Instrument:
    import prometheus_client

    make = getattr(prometheus_client, kind)
    instrument: Instrument = make(f"banker_{name}", text, labels, registry=registry, **dict(options))
    return instrument


_made_once = functools.cache(_made)
