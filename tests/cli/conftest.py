"""What the tests of the audit trail's commands share: a Redis without a trail, and a service with one tenant."""

import pytest

from tests.audit.trails import KEY, redis_without_trail


@pytest.fixture
def client(redis_server):
    """A Redis client; there is no trail."""
    yield from redis_without_trail(redis_server)


@pytest.fixture
def environ(tmp_path):
    """The environment of a configuration with the tenant "bank"."""
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "bank.toml").write_text(
        'tenant_id = "bank"\n[identity]\nissuer = "https://b.example"\nalgorithms = ["HS256"]\nsecret_env = "S"\n'
    )
    return {"BANKER_CONFIG": str(tmp_path), "BANKER_SECRET_KEY": KEY.decode(), "S": "s" * 32}
