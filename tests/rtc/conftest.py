"""Rooms of one test each."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from banker.conversation import greeting
from tests.rtc.facades import Room, TurnContext


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that cannot hear is greeted in text sooner, for the sake of the tests' time."""
    monkeypatch.setattr(greeting, "TEXT_ONLY_AFTER_S", 0.2)


@pytest.fixture
def fast_path(request: pytest.FixtureRequest) -> bool:
    """Whether the media use aiortc's internals; `both_paths` runs a test without them, too."""
    return bool(getattr(request, "param", True))


@pytest.fixture
def make_room(tmp_path: Path, fast_path: bool) -> Iterator[Callable[..., Room]]:
    """Makes `Room`s, and closes them after the test."""
    rooms: list[Room] = []

    def make(*arguments: Any, **options: Any) -> Room:
        rooms.append(Room(tmp_path / f"room-{len(rooms)}", *arguments, fast_path=fast_path, **options))
        return rooms[-1]

    yield make
    for room in rooms:
        room.close()


@pytest.fixture
def room(make_room: Callable[..., Room]) -> Room:
    """A room without a voice, on this machine's own addresses."""
    return make_room()


@pytest.fixture
def talk(room: Room) -> Iterator[TurnContext]:
    """A customer whose socket is open."""
    talk = room.talk()
    yield talk
    talk.close()
