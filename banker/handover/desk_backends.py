"""Opens the desk's store and voice relay, in memory or over the process's Redis client."""

from collections.abc import Callable
from typing import Any

from banker.handover.desk_store import DeskStore, MemoryDeskStore
from banker.handover.voice import VoiceRelay


def open_desk_store(redis_client: Any, clock: Callable[[], float]) -> DeskStore:
    """Return the store over a client of `open_redis`; without a client, the store in memory."""
    if redis_client is None:
        return MemoryDeskStore(clock)
    # Imported on first use: importing redis takes 0.17 s.
    from banker.handover.redis_desk_store import RedisDeskStore

    return RedisDeskStore(redis_client, clock)


def open_voice_relay(redis_client: Any) -> VoiceRelay:
    """Return the relay of this process. Call it in the media loop. Without a client it reaches no other process."""
    if redis_client is None:
        return VoiceRelay()
    from banker.handover.voice.redis_bus import RedisVoiceBus

    return VoiceRelay(RedisVoiceBus(redis_client))
