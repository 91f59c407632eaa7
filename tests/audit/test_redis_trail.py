"""The trail in a Redis stream: many writers, tampering, and a Redis Cluster."""

import json

from banker.audit.chain import Seal
from banker.audit.redis_trail import HEAD, STREAM, RedisTrail, read_stream
from banker.audit.verify import verify
from banker.server.redis import open_redis
from tests.audit.trails import (
    KEY,
    assert_all_there,
    assert_each_thread_is_in_order,
    event,
    write_at_once,
    write_with_threads,
)


def test_threads_that_share_a_stream_lose_no_entry_and_keep_their_order(client):
    write_with_threads(RedisTrail(client, Seal(KEY)))
    assert_each_thread_is_in_order(*read_stream(client))


def test_many_threads_of_many_processes_write_one_intact_stream(client, redis_server):
    write_at_once(redis_server.url)
    assert_all_there(*read_stream(client))


def test_a_stream_longer_than_a_page_is_read_completely(client):
    trail = RedisTrail(client, Seal(KEY))
    for _ in range(1001):
        trail.append(event())
    assert verify(*read_stream(client), Seal(KEY)).entries == 1001
    assert verify(*read_stream(client), Seal(KEY)).problem is None


def test_tampering_with_the_stream_is_found(client):
    trail = RedisTrail(client, Seal(KEY))
    for number in range(6):
        trail.append(event(number=number))
    ids = [entry_id for entry_id, _ in client.xrange(STREAM)]
    client.xdel(STREAM, ids[2])
    found = verify(*read_stream(client), Seal(KEY))
    assert (found.line, found.problem) == (3, "removed: entry 3 is missing before it")
    client.xtrim(STREAM, maxlen=2, approximate=False)
    assert verify(*read_stream(client), Seal(KEY)).problem.startswith("removed: entries 1 to 4")
    client.delete(STREAM)
    assert verify(*read_stream(client), Seal(KEY)).problem.startswith("cut end: entries 1 to 6")
    trail.append(event())
    assert verify(*read_stream(client), Seal(KEY)).problem.startswith("removed: entries 1 to 6")
    client.delete(HEAD)
    trail.append(event())
    assert [json.loads(line)["event"] for line in read_stream(client)[0]][1] == "audit.resumed"


def test_a_cluster_takes_stream_and_head_in_one_slot(redis_cluster):
    client = open_redis(redis_cluster.url, 2.0)
    RedisTrail(client, Seal(KEY)).append(event())
    assert verify(*read_stream(client), Seal(KEY)).problem is None
    client.close()
