"""The Redis client of a process: one server, Sentinel or Cluster.

Import this package only when Redis is configured: importing redis-py takes a sixth of a second.
"""

from banker.server.redis.client import RedisClient, open_redis
from banker.server.redis.urls import RedisUrlError

__all__ = ["RedisClient", "RedisUrlError", "open_redis"]
