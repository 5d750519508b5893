"""Resource configurations in service networks on the local AWS."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local_aws.fault_injection.faults import CallFault, faults
from local_aws.services.quotas import lowered
from local_aws_tests.accounts import REGION, Person, hearing, person, refusal
from local_aws_tests.lattice_shares import (
    associate,
    association,
    child,
    disassociate,
    group,
    named_configuration,
    network,
    shared,
    shared_configuration,
)
from local_aws_tests.sharing import pass_time, resource_configuration, share


def listed(caller: Person, **params: Any) -> list[dict[str, Any]]:
    pages = caller.lattice.get_paginator("list_service_network_resource_associations").paginate(**params)
    return [item for page in pages for item in page["items"]]


def allow_shareable(provider: Person, arn: str) -> None:
    provider.lattice.update_resource_configuration(
        resourceConfigurationIdentifier=arn, allowAssociationToShareableServiceNetwork=True
    )
    pass_time(5)


def test_an_association_shows_its_name_late_and_not_on_creation() -> None:
    """Trap 12."""
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)
    made_in = network(consumer)

    made = associate(consumer, made_in["id"], arn)
    pass_time(3)
    active = association(consumer, made)
    pass_time(4)
    named = association(consumer, made)

    assert (made["status"], "dnsEntry" in made) == ("CREATE_IN_PROGRESS", False)
    assert (active["status"], "dnsEntry" in active) == ("ACTIVE", False)
    configuration_id = arn.rpartition("/")[2]
    name = rf"{made['id']}\.{configuration_id}\.[0-9a-f]{{7}}\.vpc-lattice-rsc\.{REGION}\.on\.aws"
    assert re.fullmatch(name, named["dnsEntry"]["domainName"])
    assert named["serviceNetworkName"] == "network"
    assert (named["createdBy"], named["isManagedAssociation"]) == (consumer.account_id, False)
    assert listed(consumer, serviceNetworkIdentifier=made_in["arn"])[0]["dnsEntry"] == named["dnsEntry"]


def test_listings_need_a_network_or_a_configuration() -> None:
    owner = person()
    made_in, first, second = network(owner), resource_configuration(owner, "first-db"), resource_configuration(owner)
    associate(owner, made_in["id"], first)
    made = associate(owner, made_in["id"], second)

    assert [each["id"] for each in listed(owner, resourceConfigurationIdentifier=second)] == [made["id"]]
    assert len(listed(owner, serviceNetworkIdentifier=made_in["id"])) == 2
    assert refusal(lambda: listed(owner)) == "ValidationException"


def test_a_second_association_of_the_same_is_a_conflict() -> None:
    """Trap 18."""
    owner = person()
    made_in, arn = network(owner), resource_configuration(owner)
    associate(owner, made_in["id"], arn)

    with pytest.raises(owner.lattice.exceptions.ConflictException, match="already exists") as error:
        associate(owner, made_in["id"], arn)

    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_a_failed_association_stays_and_prevents_another() -> None:
    """Trap 16."""
    owner = person()
    made_in, arn = network(owner), resource_configuration(owner)
    fault = CallFault(
        "vpc-lattice:CreateServiceNetworkResourceAssociation", "fails-later", account=owner.account_id, times=1
    )

    with faults.injected(fault):
        made = associate(owner, made_in["id"], arn)
        pass_time(10)
        failed = association(owner, made)
        again = refusal(lambda: associate(owner, made_in["id"], arn))
        disassociate(owner, made)
        pass_time(5)
        second = associate(owner, made_in["id"], arn)
        pass_time(5)

    assert failed["status"] == "CREATE_FAILED"
    assert failed["failureReason"]
    assert "dnsEntry" not in failed
    assert again == "ConflictException"
    assert association(owner, second)["status"] == "ACTIVE"


def test_a_deletion_that_failed_leaves_the_association() -> None:
    owner = person()
    made = associate(owner, network(owner)["id"], resource_configuration(owner))
    pass_time(10)
    fault = CallFault("vpc-lattice:DeleteServiceNetworkResourceAssociation", "fails-later", account=owner.account_id)

    with faults.injected(fault):
        gone = disassociate(owner, made)
        pass_time(5)

    assert (gone["status"], association(owner, made)["status"]) == ("DELETE_IN_PROGRESS", "DELETE_FAILED")


def test_a_shareable_network_refuses_a_configuration_that_does_not_allow_it() -> None:
    """Trap 13."""
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)
    by_default = consumer.lattice.create_service_network(name="by-default")

    refused = refusal(lambda: associate(consumer, by_default["id"], arn))
    private = associate(consumer, network(consumer)["id"], arn)
    allow_shareable(provider, arn)
    allowed = associate(consumer, by_default["id"], arn)

    assert refused == "ValidationException"
    assert private["status"] == allowed["status"] == "CREATE_IN_PROGRESS"


def test_two_entities_that_are_both_shared_with_the_caller_are_not_associated() -> None:
    """Trap 14."""
    provider, owner, consumer = person(), person(), person()
    arn = resource_configuration(provider)
    allow_shareable(provider, arn)
    shared(provider, arn, consumer)
    made_in = network(owner, shareable=True)
    shared(owner, made_in["arn"], consumer)

    assert refusal(lambda: associate(consumer, made_in["arn"], arn)) == "AccessDeniedException"


def test_the_owner_of_a_configuration_may_bring_it_into_a_shared_network() -> None:
    provider, owner = person(), person()
    arn = resource_configuration(provider)
    allow_shareable(provider, arn)
    made_in = network(owner, shareable=True)
    shared(owner, made_in["arn"], provider)

    with hearing() as events:
        by_id = refusal(lambda: associate(provider, made_in["id"], arn))
        made = associate(provider, made_in["arn"], arn)
        pass_time(5)
        disassociate(owner, made)
        pass_time(5)

    assert by_id == "ResourceNotFoundException"
    assert [(each.account_id, each.detail["eventName"]) for each in events] == [
        (owner.account_id, "CreateServiceNetworkResourceAssociationBySharee"),
        (provider.account_id, "DeleteServiceNetworkResourceAssociationByOwner"),
    ]


def test_a_configuration_is_associated_only_once_it_is_shared_and_accepted() -> None:
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share(provider, arn, consumer)
    made_in = network(consumer)
    pass_time(5)

    assert refusal(lambda: associate(consumer, made_in["id"], arn)) == "ResourceNotFoundException"


def test_an_association_outlives_the_share_it_came_by() -> None:
    """Trap 31."""
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share_arn = shared(provider, arn, consumer)
    made = associate(consumer, network(consumer)["id"], arn)
    pass_time(10)

    provider.ram.delete_resource_share(resourceShareArn=share_arn)
    pass_time(60)

    assert association(consumer, made)["status"] == "ACTIVE"
    assert association(consumer, made)["dnsEntry"]
    other = network(consumer, "other")
    assert refusal(lambda: associate(consumer, other["id"], arn)) == "ResourceNotFoundException"


def test_either_owner_ends_an_association_and_the_other_gets_an_event() -> None:
    """Trap 3."""
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)
    made_in = network(consumer)

    with hearing() as events:
        for owner in (provider, consumer):
            made = associate(consumer, made_in["id"], arn)
            pass_time(5)
            disassociate(owner, made)
            pass_time(5)

    assert [(each.account_id, each.detail["eventName"].removeprefix("CreateServiceNetwork")) for each in events] == [
        (provider.account_id, "ResourceAssociationBySharee"),
        (consumer.account_id, "DeleteServiceNetworkResourceAssociationByOwner"),
        (provider.account_id, "ResourceAssociationBySharee"),
        (provider.account_id, "DeleteServiceNetworkResourceAssociationBySharee"),
    ]
    assert events[0].detail["resources"][0]["ARN"] == arn
    assert {each.detail["eventType"] for each in events} == {"AwsServiceEvent"}
    assert listed(consumer, serviceNetworkIdentifier=made_in["id"]) == []


def test_an_association_in_progress_can_not_be_ended() -> None:
    owner = person()
    made = associate(owner, network(owner)["id"], resource_configuration(owner))

    assert refusal(lambda: disassociate(owner, made)) == "ConflictException"


def test_a_configuration_in_a_network_can_not_be_deleted() -> None:
    owner = person()
    arn = resource_configuration(owner)
    made = associate(owner, network(owner)["id"], arn)
    pass_time(5)

    held = refusal(lambda: owner.lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn))
    disassociate(owner, made)
    pass_time(5)
    owner.lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn)

    assert held == "ConflictException"


def test_a_group_of_which_some_can_be_used_is_partial() -> None:
    """Trap 16."""
    owner = person()
    parent = group(owner, "first-db")
    made = associate(owner, network(owner)["id"], parent["arn"])
    pass_time(10)
    whole = association(owner, made)["status"]

    with faults.injected(CallFault("vpc-lattice:CreateResourceConfiguration", "fails-later", account=owner.account_id)):
        child(owner, parent, "second-db")
    pass_time(10)

    assert whole == "ACTIVE"
    assert association(owner, made)["status"] == "PARTIAL"
    assert "dnsEntry" not in association(owner, made)


def test_children_are_listed_on_request_each_with_its_name() -> None:
    owner = person()
    parent = group(owner, "first-db", "second-db")
    made_in = network(owner)
    made = associate(owner, made_in["id"], parent["arn"])
    pass_time(10)

    alone = listed(owner, serviceNetworkIdentifier=made_in["id"])
    rows = listed(owner, serviceNetworkIdentifier=made_in["id"], includeChildren=True)
    by_name = {row["resourceConfigurationName"]: row for row in rows}

    assert [row["id"] for row in alone] == [made["id"]]
    assert set(by_name) == {"group", "first-db", "second-db"}
    first = by_name["first-db"]
    assert first["dnsEntry"]["domainName"].startswith(f"{first['id']}.{first['resourceConfigurationId']}.")
    assert association(owner, first)["status"] == "ACTIVE"
    assert refusal(lambda: disassociate(owner, first)) == "ConflictException"


def test_a_child_is_associated_by_its_group_only() -> None:
    owner = person()
    parent = group(owner)
    alone = child(owner, parent, "first-db")

    assert refusal(lambda: associate(owner, network(owner)["id"], alone["arn"])) == "ValidationException"


def test_whether_names_are_private_is_settled_when_the_association_is_made() -> None:
    """Trap 15."""
    provider, consumer = person(), person()
    arn = named_configuration(provider)
    shared(provider, arn, consumer)

    without = associate(consumer, network(consumer)["id"], arn)
    with_names = associate(consumer, network(consumer, "named")["id"], arn, privateDnsEnabled=True)
    pass_time(10)

    assert (without["privateDnsEnabled"], with_names["privateDnsEnabled"]) == (False, True)
    assert "privateDnsEntry" not in association(consumer, without)
    named = association(consumer, with_names)
    assert named["privateDnsEntry"]["domainName"] == "db.example.com"
    assert named["domainVerificationStatus"] == "VERIFIED"
    assert not hasattr(consumer.lattice, "update_service_network_resource_association")


def test_a_client_token_gives_the_same_association_even_once_it_is_gone() -> None:
    """Trap 19."""
    owner = person()
    made_in, arn = network(owner), resource_configuration(owner)
    first = associate(owner, made_in["id"], arn, clientToken="one")
    pass_time(5)

    again = associate(owner, made_in["id"], arn, clientToken="one")
    other = refusal(lambda: associate(owner, made_in["id"], arn, clientToken="one", privateDnsEnabled=True))
    disassociate(owner, first)
    pass_time(5)
    reused = associate(owner, made_in["id"], arn, clientToken="one")

    assert (again["id"], again["status"]) == (first["id"], "ACTIVE")
    assert other == "ConflictException"
    assert (reused["id"], reused["status"]) == (first["id"], "DELETE_IN_PROGRESS")
    assert refusal(lambda: association(owner, reused)) == "ResourceNotFoundException"
    assert refusal(lambda: associate(owner, made_in["id"], arn, clientToken="t" * 65)) == "ValidationException"


def test_more_configurations_than_the_quota_are_refused_with_402() -> None:
    """Trap 18."""
    owner = person()
    made_in = network(owner)
    associate(owner, made_in["id"], resource_configuration(owner, "first-db"))
    second = resource_configuration(owner)

    with (
        lowered(configurations_per_network=1),
        pytest.raises(owner.lattice.exceptions.ServiceQuotaExceededException) as error,
    ):
        associate(owner, made_in["id"], second)

    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402
    assert error.value.response["serviceCode"] == "vpc-lattice"


def test_the_associations_of_a_groups_children_are_listed_with_it() -> None:
    owner = person()
    parent = group(owner, "one", "two")
    other = resource_configuration(owner)
    made_in = network(owner)
    made = associate(owner, made_in["id"], parent["arn"])
    associate(owner, made_in["id"], other)
    pass_time(10)
    filters = {"serviceNetworkIdentifier": made_in["id"], "resourceConfigurationIdentifier": parent["arn"]}

    alone, with_children = listed(owner, **filters), listed(owner, **filters, includeChildren=True)

    assert [each["id"] for each in alone] == [made["id"]]
    assert sorted(each["resourceConfigurationName"] for each in with_children) == ["group", "one", "two"]
