"""Connections that are rejected after they were let in, as ``ConnectionRejection`` promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.existence import ExistenceById
from drawbridge.request.absence import Existence
from drawbridge.request.connections import ConnectionState
from drawbridge.withdrawal.take_down import ConnectionExistence, ConnectionRejection
from local_aws_tests.sharing import pass_time
from tests.builders import ENDPOINT_ID, SERVICE_ID
from tests.contracts.accounts import Account, connected, offered
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.connection_rejection import InMemoryConnectionRejection

NOBODY = "vpce-00000000000000000"


@dataclass(frozen=True)
class LetIn:
    """A connection that was let in."""

    connections: ConnectionRejection
    existences: ConnectionExistence
    service_id: str
    endpoint_id: str
    delete: Callable[[], None]
    """Have the consumer delete its endpoint, until AWS lists no connection of it."""
    settle: Callable[[], None]
    """Have AWS show what it was told."""

    def existence(self, endpoint_id: str = "") -> Existence:
        return self.existences.connection(self.service_id, endpoint_id or self.endpoint_id)

    def reject(self, *endpoint_ids: str) -> dict[str, str]:
        return self.connections.answer(self.service_id, [*(endpoint_ids or (self.endpoint_id,))], accept=False)


def in_memory() -> LetIn:
    fake = InMemoryConnectionRejection()
    fake.there[ENDPOINT_ID] = ConnectionState.AVAILABLE
    return LetIn(fake, fake, SERVICE_ID, ENDPOINT_ID, fake.there.clear, lambda: None)


def on_aws(provider: Account, consumer: Account) -> LetIn:
    service = offered(provider)
    services = EndpointServices(provider.ec2)
    service_id, endpoint_id = service["ServiceId"], connected(consumer, service)
    services.answer(service_id, [endpoint_id], accept=True)
    pass_time(10)

    def delete() -> None:
        consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
        pass_time(24 * 3600)

    existences = ExistenceById(provider.client("ram"), provider.client("vpc-lattice"), provider.ec2)
    return LetIn(services, existences, service_id, endpoint_id, delete, lambda: pass_time(10))


@pytest.fixture(params=IMPLEMENTATIONS)
def let_in(request: pytest.FixtureRequest, provider: Account, consumer: Account) -> LetIn:
    return either(request, in_memory, lambda: on_aws(provider, consumer))


def test_what_is_live_is_rejected(let_in: LetIn) -> None:
    assert let_in.existence() is Existence.PRESENT

    assert let_in.reject() == {}
    let_in.settle()

    assert let_in.existence() is Existence.GONE


def test_what_was_rejected_is_not_rejected_again_and_that_has_a_reason(let_in: LetIn) -> None:
    let_in.reject()
    let_in.settle()

    refused = let_in.reject()

    assert refused.keys() == {let_in.endpoint_id}
    assert all(refused.values())
    assert let_in.existence() is Existence.GONE


def test_of_an_endpoint_that_has_no_connection_nothing_is_rejected_and_the_others_are(let_in: LetIn) -> None:
    refused = let_in.reject(NOBODY, let_in.endpoint_id)

    assert refused.keys() == {NOBODY}
    assert let_in.existence(NOBODY) is Existence.GONE
    let_in.settle()
    assert let_in.existence() is Existence.GONE


def test_of_an_endpoint_that_was_deleted_no_connection_is_there(let_in: LetIn) -> None:
    let_in.delete()

    assert let_in.reject().keys() == {let_in.endpoint_id}
    assert let_in.existence() is not Existence.PRESENT
