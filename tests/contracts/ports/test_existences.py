"""What exists, as ``Existences`` promises to say it of one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drawbridge.aws.existence import ExistenceById
from drawbridge.discovery.existence import Watched, existence_of
from drawbridge.request import EndpointConnectionRequest, ResourceShareRequest
from drawbridge.request.absence import Existence, Existences
from drawbridge.request.connections import ConnectionState
from local_aws_tests.sharing import pass_time
from tests.builders import ENDPOINT_ID, PROVIDER, RESOURCE_ARN, SERVICE_ID, SHARE_ARN
from tests.contracts.accounts import REGION, Account, connected, offered, shared
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.existence import InMemoryExistences

UNHEARD_OF = f"arn:aws:ram:{REGION}:{PROVIDER}:resource-share/00000000-0000-0000-0000-000000000000"
NOBODY = "vpce-00000000000000000"
DAY = 24 * 3600


@dataclass(frozen=True)
class Shared:
    """A share that is in effect and holds one resource, and its owner."""

    existences: Existences
    share_arn: str
    resource_arn: str
    delete_share: Callable[[], None]
    take_out: Callable[[], None]
    delete_resource: Callable[[], None]


def shared_in_memory() -> Shared:
    fake = InMemoryExistences()
    fake.shares.add(SHARE_ARN)
    fake.held.add(RESOURCE_ARN)

    def delete_share() -> None:
        fake.shares.clear()
        fake.held.clear()

    return Shared(fake, SHARE_ARN, RESOURCE_ARN, delete_share, fake.held.clear, fake.held.clear)


def shared_on_aws(provider: Account, consumer: Account) -> Shared:
    arn, share_arn = shared(provider, consumer)

    def delete_share() -> None:
        provider.ram.delete_resource_share(resourceShareArn=share_arn)

    def take_out() -> None:
        provider.ram.disassociate_resource_share(resourceShareArn=share_arn, resourceArns=[arn])
        pass_time(60)

    def delete_resource() -> None:
        provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn)
        pass_time(60)

    existences = ExistenceById(consumer.ram, consumer.lattice, consumer.ec2)
    return Shared(existences, share_arn, arn, delete_share, take_out, delete_resource)


@pytest.fixture(params=IMPLEMENTATIONS)
def sharing(request: pytest.FixtureRequest, new_account: NewAccount) -> Shared:
    return either(request, shared_in_memory, lambda: shared_on_aws(new_account(), new_account()))


def test_a_share_that_is_in_effect_is_there_with_what_it_holds(sharing: Shared) -> None:
    assert sharing.existences.share(sharing.share_arn) is Existence.PRESENT
    assert sharing.existences.resource(sharing.resource_arn) is Existence.PRESENT


@pytest.mark.parametrize("later", [0, 60, DAY])
def test_a_share_that_was_deleted_is_gone_with_what_it_held_however_long_it_is_listed(
    sharing: Shared, later: int
) -> None:
    sharing.delete_share()
    pass_time(later)

    assert sharing.existences.share(sharing.share_arn) is Existence.GONE
    pass_time(60)
    assert sharing.existences.resource(sharing.resource_arn) is Existence.GONE


def test_a_share_that_nobody_has_heard_of_is_gone(sharing: Shared) -> None:
    assert sharing.existences.share(UNHEARD_OF) is Existence.GONE


def test_of_a_share_that_shrinks_only_what_was_taken_out_is_gone(sharing: Shared) -> None:
    sharing.take_out()

    assert sharing.existences.resource(sharing.resource_arn) is Existence.GONE
    assert sharing.existences.share(sharing.share_arn) is Existence.PRESENT


def test_a_resource_that_was_deleted_is_gone(sharing: Shared) -> None:
    sharing.take_out()
    sharing.delete_resource()

    assert sharing.existences.resource(sharing.resource_arn) is Existence.GONE


@dataclass(frozen=True)
class Connected:
    """An endpoint that is connected with a service, and what becomes of it."""

    existences: Existences
    service_id: str
    endpoint_id: str
    reject: Callable[[], None]
    delete: Callable[[], None]
    """Until it is not even listed any longer."""
    connect_another: Callable[[], object]
    delete_service: Callable[[], None]

    def existence(self) -> Existence:
        return self.existences.connection(self.service_id, self.endpoint_id)


def connected_in_memory() -> Connected:
    fake = InMemoryExistences()
    fake.services.add(SERVICE_ID)
    fake.connections[ENDPOINT_ID] = ConnectionState.PENDING_ACCEPTANCE

    def become(endpoint_id: str, state: ConnectionState) -> Callable[[], None]:
        return lambda: fake.connections.update({endpoint_id: state})

    return Connected(
        fake,
        SERVICE_ID,
        ENDPOINT_ID,
        become(ENDPOINT_ID, ConnectionState.REJECTED),
        fake.connections.clear,
        become(NOBODY, ConnectionState.AVAILABLE),
        fake.services.clear,
    )


def connected_on_aws(provider: Account, consumer: Account) -> Connected:
    service = offered(provider)
    service_id = service["ServiceId"]
    endpoint_id = connected(consumer, service)

    def reject() -> None:
        provider.ec2.reject_vpc_endpoint_connections(ServiceId=service_id, VpcEndpointIds=[endpoint_id])

    def delete() -> None:
        consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
        pass_time(DAY)

    def delete_service() -> None:
        provider.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service_id])

    existences = ExistenceById(provider.ram, provider.lattice, provider.ec2)
    return Connected(
        existences, service_id, endpoint_id, reject, delete, lambda: connected(consumer, service), delete_service
    )


@pytest.fixture(params=IMPLEMENTATIONS)
def connecting(request: pytest.FixtureRequest, new_account: NewAccount) -> Connected:
    return either(request, connected_in_memory, lambda: connected_on_aws(new_account(), new_account()))


def test_a_connection_that_is_open_is_there(connecting: Connected) -> None:
    assert connecting.existence() is Existence.PRESENT


def test_a_connection_that_was_rejected_is_gone(connecting: Connected) -> None:
    connecting.reject()

    assert connecting.existence() is Existence.GONE


def test_a_connection_that_is_not_listed_is_gone_if_others_are(connecting: Connected) -> None:
    connecting.delete()
    connecting.connect_another()

    assert connecting.existence() is Existence.GONE


def test_where_nothing_is_listed_nothing_is_gone_as_long_as_the_service_is_there(connecting: Connected) -> None:
    connecting.delete()
    before = connecting.existence()
    connecting.delete_service()

    assert before is Existence.UNKNOWN
    assert connecting.existence() is Existence.GONE


def test_each_thing_is_asked_for_as_what_it_is(sharing: Shared, connecting: Connected) -> None:
    share = Watched(of=sharing.share_arn, request=ResourceShareRequest(share_arn=sharing.share_arn))
    resource = Watched(of=sharing.resource_arn)
    request = EndpointConnectionRequest(service_id=connecting.service_id, endpoint_id=connecting.endpoint_id)

    assert existence_of(share, sharing.existences) is Existence.PRESENT
    assert existence_of(resource, sharing.existences) is Existence.PRESENT
    connection = Watched(of=connecting.endpoint_id, request=request)
    assert existence_of(connection, connecting.existences) is Existence.PRESENT
