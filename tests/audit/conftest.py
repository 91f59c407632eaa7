"""A trail in a file, sealed with a key and without, and an empty one in Redis."""

import pytest

from banker.audit.chain import Seal
from banker.audit.file_trail import FileTrail
from tests.audit.trails import KEY, event, redis_without_trail


@pytest.fixture(params=[KEY, None], ids=["sealed with a key", "demo mode"])
def seal(request):
    return Seal(request.param)


@pytest.fixture
def path(tmp_path, seal):
    """A trail of eight entries."""
    path = tmp_path / "var" / "audit.jsonl"
    trail = FileTrail(path, seal)
    for number in range(1, 9):
        trail.append(event(time=1_800_000_000.0 + number, number=number))
    return path


@pytest.fixture
def client(redis_server):
    """A Redis client; the stream of the trail is empty."""
    yield from redis_without_trail(redis_server)
