"""Commands to Redis over connections that a server closes, that time out, and that a fork must not share."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from banker.redisline import QUIET_SECONDS, RedisLine, Script
from tests.servers import RedisServer, wait_until

ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(redis_server: RedisServer, clock: Clock) -> Iterator[RedisLine]:
    pool = redis.ConnectionPool.from_url(redis_server.url, socket_timeout=0.5, socket_connect_timeout=0.5)
    line = RedisLine(pool, clock)
    line.call("DEL", "number")
    yield line
    pool.disconnect()


def test_one_connection_does_for_one_command_after_the_other(line: RedisLine) -> None:
    assert len({line.call("CLIENT", "ID") for _ in range(5)}) == 1


def test_a_connection_that_the_server_closed_while_it_was_quiet_is_noticed_before_its_use(
    line: RedisLine, redis_server: RedisServer, clock: Clock
) -> None:
    number = line.call("CLIENT", "ID")
    with redis.Redis.from_url(redis_server.url) as other:
        other.execute_command("CLIENT", "KILL", "ID", number)
    clock.now += QUIET_SECONDS + 0.1
    assert line.call("SET", "number", 1) == b"OK"
    assert line.call("CLIENT", "ID") != number


def test_one_that_was_closed_between_two_commands_costs_one_of_them(line: RedisLine, redis_server: RedisServer) -> None:
    number = line.call("CLIENT", "ID")
    with redis.Redis.from_url(redis_server.url) as other:
        other.execute_command("CLIENT", "KILL", "ID", number)
    with pytest.raises(redis.ConnectionError):
        line.call("SET", "number", 1)
    assert line.call("SET", "number", 1) == b"OK"


def test_commands_of_threads_that_wait_go_in_one_trip_and_each_gets_its_own_answer(
    line: RedisLine, redis_server: RedisServer
) -> None:
    line.call("PING")
    with ThreadPoolExecutor(12) as pool:
        with redis_server.frozen():
            first = pool.submit(line.call, "ECHO", "first")
            wait_until(lambda: line._trips._at_work and not line._trips._waiting)
            echoes = [pool.submit(line.call, "ECHO", str(number)) for number in range(10)]
            wrong = pool.submit(line.call, "NO-SUCH-COMMAND")
            wait_until(lambda: len(line._trips._waiting) == 11)
        assert [first.result(5), *(echo.result(5) for echo in echoes)] == [b"first", *(b"%d" % n for n in range(10))]
        with pytest.raises(redis.ResponseError):
            wrong.result(5)


@pytest.mark.parametrize("value", [b"bytes \xff\r\n", "t\u00e9xt", 12, 1.5, "", "x" * 100_000])
def test_every_kind_of_argument_arrives_as_it_was(line: RedisLine, value: str | bytes | float) -> None:
    assert line.call("ECHO", value) == (value if isinstance(value, bytes) else str(value).encode())


def test_a_silent_server_is_waited_for_once_however_many_wait(line: RedisLine, redis_server: RedisServer) -> None:
    line.call("PING")
    with redis_server.frozen(), ThreadPoolExecutor(6) as pool:
        first = pool.submit(line.call, "GET", "number")
        wait_until(lambda: line._trips._at_work and not line._trips._waiting)
        others = [pool.submit(line.call, "GET", "number") for _ in range(5)]
        wait_until(lambda: len(line._trips._waiting) == 5)
        for one in [first, *others]:
            with pytest.raises(redis.TimeoutError):
                one.result(5)
        assert line._connection._sock is None


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
