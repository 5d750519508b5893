"""The objects that are taken down, as ``ObjectDeletion`` promises to show and delete them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.aws.object_deletion import ObjectDeletions
from drawbridge.errors import ConflictError, GoneError
from drawbridge.withdrawal.steps import GONE, ObjectState, ObservedObject
from drawbridge.withdrawal.take_down import ObjectDeletion
from local_aws_tests.sharing import pass_time
from tests.builders import NETWORK_ARN
from tests.contracts.accounts import Account
from tests.contracts.owned_objects import OWNED, owned_object, vpc_association
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.object_deletion import InMemoryObjectDeletions

PRESENT = ObservedObject(state=ObjectState.PRESENT)
DELETING = ObservedObject(state=ObjectState.DELETING)
every_kind = pytest.mark.parametrize("kind", OwnedKind)


@dataclass(frozen=True)
class Deleting:
    """An account with objects of ours."""

    objects: ObjectDeletion
    make: Callable[[OwnedKind], OwnedObject]
    use: Callable[[OwnedObject], OwnedObject]
    """Put something into a network, and return it: AWS does not delete the network as long as it is there."""
    settle: Callable[[], None]
    """Have AWS bring to its end what is on its way."""


def in_memory() -> Deleting:
    fake = InMemoryObjectDeletions()

    def make(kind: OwnedKind) -> OwnedObject:
        fake.there[f"{kind}-1"] = PRESENT
        return OwnedObject(id=f"{kind}-1", kind=kind, arn=NETWORK_ARN)

    def use(network: OwnedObject) -> OwnedObject:
        used_by = make(OwnedKind.VPC_ASSOCIATION)
        fake.depended_on[network.id] = used_by.id
        return used_by

    return Deleting(fake, make, use, fake.finish)


def on_aws(account: Account) -> Deleting:
    return Deleting(
        ObjectDeletions(account.ec2, account.lattice, owner="drawbridge"),
        lambda kind: owned_object(account, kind),
        lambda network: vpc_association(account, network.arn, OWNED),
        lambda: pass_time(600),
    )


@pytest.fixture(params=IMPLEMENTATIONS)
def deleting(request: pytest.FixtureRequest, account: Account) -> Deleting:
    return either(request, in_memory, lambda: on_aws(account))


@every_kind
def test_what_is_there_is_ours_until_it_is_deleted_and_gone(deleting: Deleting, kind: OwnedKind) -> None:
    made = deleting.make(kind)
    assert deleting.objects.observe(made) == PRESENT

    deleting.objects.delete(made)
    deleting.settle()

    assert deleting.objects.observe(made) == GONE


@pytest.mark.parametrize("kind", [each for each in OwnedKind if each is not OwnedKind.SERVICE_NETWORK])
def test_what_is_being_deleted_is_there_until_aws_has_come_to_an_end(deleting: Deleting, kind: OwnedKind) -> None:
    made = deleting.make(kind)

    deleting.objects.delete(made)

    assert deleting.objects.observe(made).state is ObjectState.DELETING


@pytest.mark.parametrize(
    ("kind", "id_"),
    [
        (OwnedKind.ENDPOINT, "vpce-0123456789abcdef0"),
        (OwnedKind.NETWORK_ENDPOINT, "vpce-0123456789abcdef0"),
        (OwnedKind.RESOURCE_ASSOCIATION, "snra-0123456789abcdef0"),
        (OwnedKind.RESOURCE_ASSOCIATION, "snsa-0123456789abcdef0"),
        (OwnedKind.VPC_ASSOCIATION, "snva-0123456789abcdef0"),
        (OwnedKind.SERVICE_NETWORK, "sn-0123456789abcdef0"),
    ],
)
def test_what_is_not_there_is_gone_and_not_deleted(deleting: Deleting, kind: OwnedKind, id_: str) -> None:
    made = deleting.make(OwnedKind.SERVICE_NETWORK)
    missing = OwnedObject(id=id_, kind=kind, arn=f"{made.arn.rpartition('/')[0]}/{id_}")

    assert deleting.objects.observe(missing) == GONE
    with pytest.raises(GoneError):
        deleting.objects.delete(missing)


@every_kind
def test_whatever_is_deleted_again_stays_gone(deleting: Deleting, kind: OwnedKind) -> None:
    made = deleting.make(kind)
    deleting.objects.delete(made)
    deleting.settle()

    # EC2 shows an endpoint for a while after it was deleted.
    with suppress(GoneError):
        deleting.objects.delete(made)

    assert deleting.objects.observe(made) == GONE


def test_a_network_is_not_deleted_while_something_is_in_it(deleting: Deleting) -> None:
    network = deleting.make(OwnedKind.SERVICE_NETWORK)
    used_by = deleting.use(network)
    deleting.settle()

    with pytest.raises(ConflictError):
        deleting.objects.delete(network)

    assert deleting.objects.observe(network) == PRESENT
    assert deleting.objects.observe(used_by) == PRESENT


def test_a_network_is_deleted_once_nothing_is_in_it(deleting: Deleting) -> None:
    network = deleting.make(OwnedKind.SERVICE_NETWORK)
    used_by = deleting.use(network)
    deleting.settle()
    deleting.objects.delete(used_by)
    deleting.settle()

    deleting.objects.delete(network)
    deleting.settle()

    assert deleting.objects.observe(network) == GONE
