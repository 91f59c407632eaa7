"""Registers the services of this process, so that a gunicorn worker finds them behind any WSGI callable."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from weakref import WeakSet

from banker.config.settings import Config
from banker.server.metrics import Metrics


class LiveService(Protocol):
    """What a worker needs from a service. `banker.Banker` implements it."""

    @property
    def config(self) -> Config: ...

    @property
    def metrics(self) -> Metrics: ...

    @property
    def is_loaded(self) -> bool:
        """Whether the engines are loaded and the media thread runs."""

    @property
    def live_calls(self) -> int:
        """How many customers are connected."""

    def start_mistakes(self) -> list[str]:
        """Return a line for each reason not to start, once the host has registered its tools."""

    def start(self) -> None:
        """Load the engines and start the media thread; takes seconds."""

    def drain(self) -> None:
        """Refuse new calls, and send connected customers elsewhere. Returns at once."""

    def close(self) -> None:
        """End every call and release all resources."""


_services: "WeakSet[LiveService]" = WeakSet()


def register(service: LiveService) -> None:
    """Make a service known to the worker for as long as the application keeps it."""
    _services.add(service)


def live_services() -> list[LiveService]:
    """Return the services of this process; none before the application is loaded."""
    return list(_services)


@contextmanager
def thread_in_use() -> Iterator[None]:
    """Count a thread as busy while the block runs."""
    gauges = {service.metrics.threads_busy for service in live_services()}  # services may share a thread
    for gauge in gauges:
        gauge.inc()
    try:
        yield
    finally:
        for gauge in gauges:
            gauge.inc(-1)
