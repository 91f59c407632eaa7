"""What a caller sees of a Redis that was demoted, as it happens in a fail-over, while connections to it are held."""

from tests.http.test_errors import assert_error
from tests.servers import RedisServer, wait_until


def test_a_demoted_redis_is_not_ready_and_every_call_works_again_after_its_promotion(start):
    server, other = RedisServer(), RedisServer()
    try:
        service = start(redis_url=server.url)
        session = service.session()
        wait_until(lambda: service.call("GET", "/health/ready").status_code == 200, limit=30, what="being ready")
        server.cli("replicaof", "127.0.0.1", str(other.port))
        assert_error(service.call("GET", "/health/ready"), 503)
        assert_error(service.create(), 503)
        assert_error(service.refresh(session["session_id"], service.token()), 503)
        server.cli("replicaof", "no", "one")
        assert service.call("GET", "/health/ready").status_code == 200
        assert service.create().status_code == 201
    finally:
        server.close()
        other.close()
