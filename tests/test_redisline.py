"""Commands to Redis over connections that a server closes, that time out, and that a fork must not share."""

import os
from collections.abc import Iterator

import pytest
import redis

from banker.redisline import RedisLine, Script
from tests.servers import RedisServer

ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


@pytest.fixture
def line(redis_server: RedisServer) -> Iterator[RedisLine]:
    pool = redis.ConnectionPool.from_url(redis_server.url, socket_timeout=0.5, socket_connect_timeout=0.5)
    line = RedisLine(pool)
    line.call("DEL", "number")
    yield line
    pool.disconnect()


def test_one_connection_does_for_one_command_after_the_other(line: RedisLine) -> None:
    assert len({line.call("CLIENT", "ID") for _ in range(5)}) == 1


def test_a_connection_that_the_server_has_closed_is_noticed_before_its_use(
    line: RedisLine, redis_server: RedisServer
) -> None:
    number = line.call("CLIENT", "ID")
    with redis.Redis.from_url(redis_server.url) as other:
        other.execute_command("CLIENT", "KILL", "ID", number)
    assert line.call("SET", "number", 1) == b"OK"
    assert line.call("CLIENT", "ID") != number


def test_a_script_that_the_server_has_forgotten_is_sent_again(line: RedisLine) -> None:
    assert line.run(ADD, ["number"], [2]) == 2
    line.call("SCRIPT", "FLUSH")
    assert line.run(ADD, ["number"], [3]) == 5


def test_an_error_of_the_server_is_raised_and_the_connection_goes_on(line: RedisLine) -> None:
    number = line.call("CLIENT", "ID")
    with pytest.raises(redis.ResponseError):
        line.call("NO-SUCH-COMMAND")
    assert line.call("CLIENT", "ID") == number


def test_an_answer_that_came_too_late_is_nobody_elses(line: RedisLine, redis_server: RedisServer) -> None:
    line.call("SET", "number", "late")
    with redis_server.frozen(), pytest.raises(redis.TimeoutError):
        line.call("GET", "number")
    assert line.call("ECHO", "mine") == b"mine"


def test_a_server_that_is_down_is_found_again() -> None:
    server = RedisServer()
    try:
        line = RedisLine(redis.ConnectionPool.from_url(server.url, socket_timeout=0.5, socket_connect_timeout=0.5))
        line.call("PING")
        server.stop()
        for _ in range(2):
            with pytest.raises(redis.ConnectionError):
                line.call("PING")
        server.start()
        assert line.call("PING") in (b"PONG", True)
        line.pool.disconnect()
    finally:
        server.close()


def test_a_fork_has_connections_of_its_own(line: RedisLine) -> None:
    number = line.call("CLIENT", "ID")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, str(line.call("CLIENT", "ID")).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        assert int(answer.read()) != number
    assert os.waitpid(child, 0)[1] == 0
    assert line.call("CLIENT", "ID") == number
