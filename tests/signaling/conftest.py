"""A service for the signaling tests, and customers whose connections are closed when a test ends."""

from collections.abc import Callable, Iterator

import pytest

from tests.client import Customer
from tests.servers import Gunicorn, write_config


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """gunicorn with at most 12 WebSockets, 9 for one user, and two tenants."""
    service = {
        "server": {"threads": 16, "max_sockets": 12, "max_sockets_per_user": 9, "socket_idle_seconds": 3600},
        "media": {"allow_private_candidates": True},
    }
    server = Gunicorn(write_config(tmp_path_factory.mktemp("service"), service, bank={}, rival={}), ready=True)
    yield server
    server.close()


@pytest.fixture
def new_customer(service: Gunicorn) -> Iterator[Callable[..., Customer]]:
    """Returns a function that makes a customer with a session."""
    customers: list[Customer] = []

    def make(url: str = service.url, **options: str) -> Customer:
        customers.append(Customer(url, **options))
        customers[-1].create()
        return customers[-1]

    yield make
    for customer in customers:
        customer.close()


@pytest.fixture
def customer(new_customer: Callable[..., Customer]) -> Customer:
    """A customer with a session and no WebSocket yet."""
    return new_customer()


@pytest.fixture
def connected(customer: Customer) -> Customer:
    """A customer whose WebSocket is open."""
    customer.connect()
    return customer
