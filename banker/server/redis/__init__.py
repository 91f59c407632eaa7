"""The Redis client of a process: one server, Sentinel or Cluster.

Import this package only when Redis is configured: importing redis-py takes a sixth of a second.
"""

from banker.server.redis.client import RedisClient, open_redis
from banker.server.redis.cluster import LazyRedisCluster
from banker.server.redis.outage import RedisOutage
from banker.server.redis.start_check import redis_mistakes
from banker.server.redis.urls import RedisUrlError

__all__ = ["LazyRedisCluster", "RedisClient", "RedisOutage", "RedisUrlError", "open_redis", "redis_mistakes"]
