"""Fixtures with a media facade for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from banker.conversation.turns import greeting
from tests.rtc.facades import CustomerSession, MediaHarness


@pytest.fixture(autouse=True)
def _short_greeting_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Greet clients without audio in text sooner, to save time."""
    monkeypatch.setattr(greeting, "TEXT_ONLY_AFTER_S", 0.2)


@pytest.fixture
def fast_path(request: pytest.FixtureRequest) -> bool:
    """Whether the media use aiortc's internals; `both_paths` runs a test without them, too."""
    return bool(getattr(request, "param", True))


@pytest.fixture
def make_harness(tmp_path: Path, fast_path: bool) -> Iterator[Callable[..., MediaHarness]]:
    """Creates `MediaHarness` objects and closes them after the test."""
    harnesses: list[MediaHarness] = []

    def make(*arguments: Any, **options: Any) -> MediaHarness:
        harnesses.append(
            MediaHarness(tmp_path / f"harness-{len(harnesses)}", *arguments, fast_path=fast_path, **options)
        )
        return harnesses[-1]

    yield make
    for harness in harnesses:
        harness.close()


@pytest.fixture
def harness(make_harness: Callable[..., MediaHarness]) -> MediaHarness:
    """A service without a voice, on this machine's own addresses."""
    return make_harness()


@pytest.fixture
def customer(harness: MediaHarness) -> Iterator[CustomerSession]:
    """A customer with an open socket."""
    customer = harness.customer()
    yield customer
    customer.close()
