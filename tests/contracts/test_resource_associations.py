"""What consumers have associated with this account's resource configurations, as the adapter promises to delete it."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.aws.resource_associations import ResourceAssociations
from drawbridge.errors import AccessDeniedError, ConflictError, GoneError, ThrottledError, UpstreamError
from drawbridge.intake.disassociation.associations import AssociationKind, ConsumerAssociation, ConsumerAssociations
from local_aws_tests.lattice_shares import associate, group, network, resource_endpoint, shared
from local_aws_tests.sharing import pass_time, resource_configuration, share
from tests.contracts.accounts import Account, answering, empty_first_pages, refusing
from tests.contracts.conftest import NewAccount

ARN = "arn:aws:vpc-lattice:us-east-1:111111111111:resourceconfiguration/rcfg-00000000000000000"
ENDPOINT, NETWORK = (
    ConsumerAssociation(id=f"{each}-00000000000000001", kind=kind, resource_arn=ARN, account_id="222222222222")
    for each, kind in (("rea", AssociationKind.ENDPOINT), ("snra", AssociationKind.NETWORK))
)


def associations_of(provider: Account) -> ConsumerAssociations:
    return ResourceAssociations(provider.lattice, provider.account_id)


def made(consumer: Account, arn: str) -> tuple[str, str]:
    """Associate a shared resource configuration in both ways; return the endpoint's id, and the network's ARN."""
    endpoint = resource_endpoint(consumer, arn)
    of_consumer = network(consumer)
    associate(consumer, of_consumer["id"], arn)
    pass_time(60)
    return endpoint["VpcEndpointId"], of_consumer["arn"]


@pytest.mark.parametrize("is_group", [True, False])
def test_what_every_consumer_made_is_listed_and_deleted_one_by_one(
    provider: Account, consumer: Account, new_account: NewAccount, is_group: bool
) -> None:
    other, associations = new_account(), associations_of(provider)
    arn = group(provider, "orders", "widgets")["arn"] if is_group else resource_configuration(provider)
    for account in (consumer, other):
        shared(provider, arn, account)
    expected = [
        (account.account_id, kind, through)
        for account in (consumer, other)
        for kind, through in zip(AssociationKind, made(account, arn), strict=True)
    ]

    with empty_first_pages():
        found = associations.of(arn)
    for each in found:
        if each.account_id == consumer.account_id:
            associations.delete(each)
    at_once = [each for each in associations.of(arn) if each.account_id == consumer.account_id]
    pass_time(120)

    assert sorted((each.account_id, each.kind, each.through) for each in found) == sorted(expected)
    assert {each.resource_arn for each in found} == {arn}
    assert not any(each.is_managed or each.is_going for each in found)
    assert [(each.kind, each.is_going) for each in at_once] == [(AssociationKind.NETWORK, True)]
    assert {each.account_id for each in associations.of(arn)} == {other.account_id}


def test_what_the_owner_s_own_account_made_is_the_owner_s(provider: Account) -> None:
    arn = resource_configuration(provider)
    associate(provider, network(provider)["id"], arn)

    (found,) = associations_of(provider).of(arn)

    assert found.account_id == provider.account_id


def test_what_a_service_of_aws_made_says_so(provider: Account) -> None:
    row = {"id": NETWORK.id, "createdBy": NETWORK.account_id, "isManagedAssociation": True, "status": "ACTIVE"}

    with answering(provider.lattice, "list_resource_endpoint_associations", {"items": []}) as stubbed:
        stubbed.add_response("list_service_network_resource_associations", {"items": [row]})
        (found,) = associations_of(provider).of(ARN)

    assert (found.is_managed, found.is_going, found.resource_arn, found.through) == (True, False, ARN, "")


def test_this_account_s_resource_configurations_are_listed_without_children_and_without_what_others_share(
    provider: Account, consumer: Account
) -> None:
    of_group, own = group(provider, "orders", "widgets")["arn"], resource_configuration(provider)
    shared(consumer, resource_configuration(consumer), provider)

    with empty_first_pages():
        found = associations_of(provider).configurations()

    assert found == {of_group, own}


def test_what_is_listed_with_a_child_s_arn_is_the_group_s(provider: Account) -> None:
    row = {"id": ENDPOINT.id, "vpcEndpointOwner": ENDPOINT.account_id, "resourceConfigurationArn": f"{ARN[:-1]}1"}

    with answering(provider.lattice, "list_resource_endpoint_associations", {"items": [row]}) as stubbed:
        stubbed.add_response("list_service_network_resource_associations", {"items": []})
        (found,) = associations_of(provider).of(ARN)

    assert (found.resource_arn, found.account_id) == (ARN, ENDPOINT.account_id)


def test_what_aws_does_not_say_of_an_endpoint_is_nobody_s(provider: Account) -> None:
    row = {"id": ENDPOINT.id}

    with answering(provider.lattice, "list_resource_endpoint_associations", {"items": [row]}) as stubbed:
        stubbed.add_response("list_service_network_resource_associations", {"items": []})
        (found,) = associations_of(provider).of(ARN)

    assert (found.account_id, found.through) == ("", "")


def test_what_is_being_made_can_t_be_deleted_yet(provider: Account, consumer: Account) -> None:
    arn = resource_configuration(provider)
    shared(provider, arn, consumer)
    associate(consumer, network(consumer)["id"], arn)
    associations = associations_of(provider)
    (found,) = associations.of(arn)

    with pytest.raises(ConflictError, match=f"delete {found.id}: ConflictException"):
        associations.delete(found)
    pass_time(60)
    associations.delete(found)
    pass_time(60)

    assert associations.of(arn) == []


@pytest.mark.parametrize("each", [ENDPOINT, NETWORK], ids=lambda each: str(each.kind))
def test_what_is_not_there_is_gone(provider: Account, each: ConsumerAssociation) -> None:
    with pytest.raises(GoneError):
        associations_of(provider).delete(each)


def test_of_what_is_somebody_else_s_nothing_is_told(provider: Account, consumer: Account) -> None:
    arn = resource_configuration(provider)
    share(provider, arn, consumer)

    with pytest.raises(AccessDeniedError, match=f"list the endpoints of {arn}"):
        associations_of(consumer).of(arn)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDeniedException", AccessDeniedError),
        ("ThrottlingException", ThrottledError),
        ("InternalServerException", UpstreamError),
    ],
)
@pytest.mark.parametrize(
    ("operation", "do"),
    [
        ("list_resource_configurations", lambda associations: associations.configurations()),
        ("list_resource_endpoint_associations", lambda associations: associations.of(ARN)),
        ("delete_resource_endpoint_association", lambda associations: associations.delete(ENDPOINT)),
        ("delete_service_network_resource_association", lambda associations: associations.delete(NETWORK)),
    ],
)
def test_what_aws_answers_instead_is_raised(
    provider: Account, operation: str, do: Any, code: str, error: type[Exception]
) -> None:
    with refusing(provider.lattice, operation, code), pytest.raises(error, match="AWS says no"):
        do(associations_of(provider))
