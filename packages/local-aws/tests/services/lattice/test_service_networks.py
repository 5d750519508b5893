"""Service networks and VPC Lattice's services on the local AWS."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local_aws.fault_injection.faults import CallFault, faults
from local_aws.services.quotas import lowered
from local_aws_tests.accounts import REGION, Person, hearing, person, refusal
from local_aws_tests.lattice_shares import associate, network, network_endpoint, shared
from local_aws_tests.sharing import first_vpc, pass_time, resource_configuration, share


def found(caller: Person, identifier: str) -> dict[str, Any]:
    answer: dict[str, Any] = caller.lattice.get_service_network(serviceNetworkIdentifier=identifier)
    return answer


def service(owner: Person, name: str = "orders", **params: Any) -> dict[str, Any]:
    made: dict[str, Any] = owner.lattice.create_service(name=name, **params)
    return made


def delete(caller: Person, made: dict[str, Any]) -> None:
    caller.lattice.delete_service_network(serviceNetworkIdentifier=made["id"])


def test_a_network_is_shareable_by_default_which_never_changes() -> None:
    """Trap 13."""
    owner = person()

    by_default = owner.lattice.create_service_network(name="by-default")
    private = network(owner, "private")
    changed = owner.lattice.update_service_network(serviceNetworkIdentifier=private["arn"], authType="AWS_IAM")

    assert re.fullmatch("sn-0[0-9a-f]{16}", private["id"])
    assert private["arn"] == f"arn:aws:vpc-lattice:{REGION}:{owner.account_id}:servicenetwork/{private['id']}"
    assert found(owner, by_default["id"])["sharingConfig"] == {"enabled": True}
    assert found(owner, private["arn"])["sharingConfig"] == {"enabled": False}
    assert changed["authType"] == "AWS_IAM"
    assert found(owner, private["id"])["authType"] == "AWS_IAM"


def test_a_name_is_taken_once_in_an_account() -> None:
    owner, other = person(), person()
    network(owner)

    assert refusal(lambda: network(owner)) == "ConflictException"
    assert network(other)["name"] == "network"
    assert refusal(lambda: network(owner, "Not-A-Name")) == "ValidationException"


def test_a_network_that_is_shared_is_seen_and_not_changed() -> None:
    owner, sharee, stranger = person(), person(), person()
    made = network(owner, shareable=True)

    shared(owner, made["arn"], sharee)

    assert found(sharee, made["arn"])["id"] == made["id"]
    assert [each["arn"] for each in sharee.lattice.list_service_networks()["items"]] == [made["arn"]]
    assert stranger.lattice.list_service_networks()["items"] == []
    assert refusal(lambda: found(stranger, made["arn"])) == "ResourceNotFoundException"
    assert refusal(lambda: delete(sharee, made)) == "AccessDeniedException"


def test_a_network_that_was_made_not_to_be_shared_is_not() -> None:
    owner, sharee = person(), person()
    made = network(owner, shareable=False)

    assert refusal(lambda: share(owner, made["arn"], sharee)) == "InvalidParameterException"


@pytest.mark.parametrize("entity", ["resource configuration", "VPC", "service", "endpoint"])
def test_a_network_stays_as_long_as_anything_is_associated_with_it(entity: str) -> None:
    """Trap 18."""
    owner = person()
    made = network(owner)
    vpc_id, _ = first_vpc(owner)
    if entity == "resource configuration":
        associate(owner, made["id"], resource_configuration(owner))
    elif entity == "VPC":
        owner.lattice.create_service_network_vpc_association(serviceNetworkIdentifier=made["id"], vpcIdentifier=vpc_id)
    elif entity == "service":
        owner.lattice.create_service_network_service_association(
            serviceNetworkIdentifier=made["id"], serviceIdentifier=service(owner)["id"]
        )
    else:
        network_endpoint(owner, made["arn"])

    assert refusal(lambda: delete(owner, made)) == "ConflictException"


def test_a_network_counts_its_associations_and_goes_when_there_are_none() -> None:
    owner = person()
    made = network(owner)
    first = associate(owner, made["id"], resource_configuration(owner))
    pass_time(5)

    row = owner.lattice.list_service_networks()["items"][0]
    owner.lattice.delete_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=first["id"])
    pass_time(5)
    delete(owner, made)

    assert row["numberOfAssociatedResourceConfigurations"] == 1
    assert found_none(owner)


def found_none(owner: Person) -> bool:
    return bool(owner.lattice.list_service_networks()["items"] == [])


def test_a_client_token_gives_the_same_network_even_once_it_is_deleted() -> None:
    """Trap 19."""
    owner = person()
    first = network(owner, clientToken="t" * 64)
    delete(owner, first)

    again = network(owner, clientToken="t" * 64)

    assert again["id"] == first["id"]
    assert refusal(lambda: found(owner, first["id"])) == "ResourceNotFoundException"
    assert refusal(lambda: network(owner, "other", clientToken="t" * 64)) == "ConflictException"
    assert refusal(lambda: network(owner, "other", clientToken="t" * 65)) == "ValidationException"


def test_more_networks_than_the_quota_are_refused_with_402() -> None:
    """Trap 18."""
    owner = person()
    network(owner, "first")

    with lowered(networks_per_region=1), pytest.raises(owner.lattice.exceptions.ServiceQuotaExceededException) as error:
        network(owner, "second")

    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402


def test_networks_services_and_their_associations_have_tags() -> None:
    owner = person()
    made = network(owner, tags={"team": "orders"})
    offered = service(owner)
    resource = associate(owner, made["id"], resource_configuration(owner), tags={"team": "orders"})

    for arn in (made["arn"], offered["arn"], resource["arn"]):
        owner.lattice.tag_resource(resourceArn=arn, tags={"team": "orders", "cost": "1"})
        owner.lattice.untag_resource(resourceArn=arn, tagKeys=["cost"])
        assert owner.lattice.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "orders"}

    assert refusal(lambda: person().lattice.list_tags_for_resource(resourceArn=resource["arn"])) == (
        "ResourceNotFoundException"
    )


def test_policies_are_kept_with_networks_and_services() -> None:
    owner = person()
    made, offered = network(owner, authType="AWS_IAM"), service(owner)
    policy = '{"Version":"2012-10-17","Statement":[]}'

    state = owner.lattice.put_auth_policy(resourceIdentifier=made["id"], policy=policy)["state"]
    owner.lattice.put_resource_policy(resourceArn=offered["arn"], policy=policy)

    assert state == "Active"
    assert owner.lattice.get_resource_policy(resourceArn=offered["arn"])["policy"] == policy


def test_a_service_takes_a_while_and_has_a_name_of_its_own() -> None:
    owner = person()
    offered = service(owner, customDomainName="orders.example.com", authType="AWS_IAM")
    request = {"serviceIdentifier": offered["arn"]}

    pass_time(5)
    active = owner.lattice.get_service(**request)
    owner.lattice.update_service(**request, authType="NONE")

    assert (offered["status"], active["status"]) == ("CREATE_IN_PROGRESS", "ACTIVE")
    name = rf"orders-0[0-9a-f]{{16}}\.[0-9a-f]{{7}}\.vpc-lattice-svcs\.{REGION}\.on\.aws"
    assert re.fullmatch(name, active["dnsEntry"]["domainName"])
    assert owner.lattice.list_services()["items"][0]["customDomainName"] == "orders.example.com"
    assert owner.lattice.get_service(**request)["authType"] == "NONE"
    assert refusal(lambda: service(owner)) == "ConflictException"
    assert owner.lattice.list_listeners(serviceIdentifier=offered["id"])["items"] == []


def test_a_service_that_failed_to_be_created_shows_it() -> None:
    owner = person()

    with faults.injected(CallFault("vpc-lattice:CreateService", "fails-later", account=owner.account_id)):
        offered = service(owner)
    pass_time(5)

    failed = owner.lattice.get_service(serviceIdentifier=offered["id"])
    assert (failed["status"], bool(failed["failureMessage"])) == ("CREATE_FAILED", True)


def test_a_service_is_associated_and_its_owner_gets_an_event() -> None:
    """Trap 3."""
    provider, consumer = person(), person()
    offered, made = service(provider), network(consumer)
    shared(provider, offered["arn"], consumer)
    both = {"serviceNetworkIdentifier": made["id"], "serviceIdentifier": offered["arn"]}

    with hearing() as events:
        created = consumer.lattice.create_service_network_service_association(**both)
        pass_time(5)
        request = {"serviceNetworkServiceAssociationIdentifier": created["id"]}
        active = provider.lattice.get_service_network_service_association(**request)
        twice = refusal(lambda: consumer.lattice.create_service_network_service_association(**both))
        held = refusal(lambda: provider.lattice.delete_service(serviceIdentifier=offered["id"]))
        provider.lattice.delete_service_network_service_association(**request)
        pass_time(5)

    assert re.fullmatch("snsa-0[0-9a-f]{16}", created["id"])
    assert (created["status"], active["status"]) == ("CREATE_IN_PROGRESS", "ACTIVE")
    assert active["dnsEntry"] == provider.lattice.get_service(serviceIdentifier=offered["id"])["dnsEntry"]
    # Each account sees itself in the association's ARN.
    assert [arn.split(":")[4] for arn in (created["arn"], active["arn"])] == [consumer.account_id, provider.account_id]
    assert (twice, held) == ("ConflictException", "ConflictException")
    assert [(each.account_id, each.detail["eventName"]) for each in events] == [
        (provider.account_id, "CreateServiceNetworkServiceAssociationBySharee"),
        (consumer.account_id, "DeleteServiceNetworkServiceAssociationByOwner"),
    ]
    assert {each.detail_type for each in events} == {"AWS Service Event via CloudTrail"}
    assert events[0].detail["resources"] == [
        {
            "accountId": provider.account_id,
            "type": "AWS::VpcLattice::ServiceNetworkServiceAssociation",
            "ARN": active["arn"],
        }
    ]
    assert refusal(lambda: consumer.lattice.get_service_network_service_association(**request)) == (
        "ResourceNotFoundException"
    )
