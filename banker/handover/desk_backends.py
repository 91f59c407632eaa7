"""Opens what the desk needs: in memory, or over the Redis client of the process."""

from collections.abc import Callable
from typing import Any

from banker.handover.desk_store import DeskStore, MemoryDeskStore
from banker.handover.voice import VoiceRelay


def open_desk_store(redis_client: Any, clock: Callable[[], float]) -> DeskStore:
    """Return the store over a client of `banker.server.redis.open_redis`, or the one in memory without a client."""
    if redis_client is None:
        return MemoryDeskStore(clock)
    # Importing redis takes a sixth of a second, which a host without Redis does not pay.
    from banker.handover.redis_desk_store import RedisDeskStore

    return RedisDeskStore(redis_client, clock)


def open_voice_relay(redis_client: Any) -> VoiceRelay:
    """Return the relay of this process, in the media loop; without a client it reaches no other process."""
    if redis_client is None:
        return VoiceRelay()
    from banker.handover.redis_voice_bus import RedisVoiceBus

    return VoiceRelay(RedisVoiceBus(redis_client))
