"""VPC endpoints of type Resource, as the adapter promises to make and show them."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.association import WantedAssociation
from drawbridge.association.associate import EndpointState, client_token
from drawbridge.aws.resource_endpoints import ResourceEndpoints
from drawbridge.errors import AccessDeniedError, ConflictError, GoneError, QuotaExceededError
from tests.builders import wanted
from tests.contracts.accounts import REGION, Account, answering, refusing, shared
from tests.local_aws.accounts import first_vpc, pass_time


def endpoints_of(consumer: Account, owner: str = "drawbridge") -> ResourceEndpoints:
    return ResourceEndpoints(consumer.ec2, owner=owner)


@pytest.fixture
def association(provider: Account, consumer: Account) -> WantedAssociation:
    """Give one that is wanted of a share that was accepted."""
    arn, share_arn = shared(provider, consumer)
    vpc_id, subnet_ids = first_vpc(consumer)
    return wanted(
        resource_arn=arn,
        share_arn=share_arn,
        provider=provider.account_id,
        vpc_id=vpc_id,
        subnet_ids=tuple(subnet_ids[:1]),
    )


def described(consumer: Account, endpoint_id: str) -> dict[str, Any]:
    (found,) = consumer.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    endpoint: dict[str, Any] = found
    return endpoint


def test_trap_11_an_endpoint_is_made_of_type_resource_where_it_is_wanted(
    consumer: Account, association: WantedAssociation
) -> None:
    made = endpoints_of(consumer).create(association, "token")

    there = described(consumer, made.endpoint_id)
    assert made.state is EndpointState.PENDING
    assert there["VpcEndpointType"] == "Resource"
    assert (there["VpcId"], tuple(there["SubnetIds"])) == (association.vpc_id, association.subnet_ids)
    assert there["ResourceConfigurationArn"] == association.resource_arn
    assert there["PrivateDnsEnabled"] is False
    assert [group["GroupName"] for group in there["Groups"]] == ["default"]
    assert {tag["Key"]: tag["Value"] for tag in there["Tags"]} == {
        "drawbridge:owner": "drawbridge",
        "drawbridge:binding": association.binding,
        "drawbridge:resource-configuration": association.resource_arn,
        "Name": association.name,
    }


def test_an_endpoint_gets_the_security_groups_that_are_wanted(
    consumer: Account, association: WantedAssociation
) -> None:
    group = consumer.ec2.create_security_group(GroupName="db", Description="db", VpcId=association.vpc_id)["GroupId"]

    made = endpoints_of(consumer).create(wanted_with(association, security_group_ids=(group,)), "token")

    assert [each["GroupId"] for each in described(consumer, made.endpoint_id)["Groups"]] == [group]


def test_the_security_groups_of_an_endpoint_are_told_and_can_be_changed(
    consumer: Account, association: WantedAssociation
) -> None:
    first, second, third = (
        consumer.ec2.create_security_group(GroupName=name, Description=name, VpcId=association.vpc_id)["GroupId"]
        for name in "abc"
    )
    endpoints = endpoints_of(consumer)
    made = endpoints.create(wanted_with(association, security_group_ids=(first, second)), "token")

    endpoints.change_groups(made.endpoint_id, add=frozenset({third}), remove=frozenset({first}))

    (found,) = endpoints.find(association)
    assert made.security_group_ids == {first, second}
    assert found.security_group_ids == {second, third}


def test_an_endpoint_without_wanted_groups_has_the_default_one(
    consumer: Account, association: WantedAssociation
) -> None:
    made = endpoints_of(consumer).create(association, "token")

    assert {each["GroupId"] for each in described(consumer, made.endpoint_id)["Groups"]} == made.security_group_ids
    assert len(made.security_group_ids) == 1


@pytest.mark.parametrize(
    ("code", "error"), [("InvalidVpcEndpointId.NotFound", GoneError), ("UnauthorizedOperation", AccessDeniedError)]
)
def test_a_change_of_groups_that_aws_refuses_is_an_error(consumer: Account, code: str, error: type[Exception]) -> None:
    with refusing(consumer.ec2, "modify_vpc_endpoint", code), pytest.raises(error, match="vpce-0"):
        endpoints_of(consumer).change_groups("vpce-0", add=frozenset({"sg-0"}), remove=frozenset())


def test_trap_17_private_names_are_those_of_verified_domains_only(
    consumer: Account, association: WantedAssociation
) -> None:
    made = endpoints_of(consumer).create(wanted_with(association, private_dns="verified"), "token")

    there = described(consumer, made.endpoint_id)
    assert there["PrivateDnsEnabled"] is True
    assert there["DnsOptions"]["PrivateDnsPreference"] == "VERIFIED_DOMAINS_ONLY"


def test_trap_19_the_same_token_gives_the_same_endpoint(consumer: Account, association: WantedAssociation) -> None:
    endpoints = endpoints_of(consumer)
    token = client_token(association, 1)

    first, again = endpoints.create(association, token), endpoints.create(association, token)
    later = endpoints.create(association, client_token(association, 2))

    assert first.endpoint_id == again.endpoint_id != later.endpoint_id


def test_trap_19_a_token_that_comes_back_with_something_else_is_a_conflict(
    consumer: Account, association: WantedAssociation
) -> None:
    endpoints = endpoints_of(consumer)
    endpoints.create(association, "token")

    with pytest.raises(ConflictError, match="IdempotentParameterMismatch"):
        endpoints.create(wanted_with(association, private_dns="verified"), "token")


def test_trap_19_a_token_whose_endpoint_was_deleted_gives_what_is_over(
    consumer: Account, association: WantedAssociation
) -> None:
    endpoints = endpoints_of(consumer)
    made = endpoints.create(association, "token")
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[made.endpoint_id])

    again = endpoints.create(association, "token")

    assert (again.endpoint_id, again.state) == (made.endpoint_id, EndpointState.OVER)


def test_an_endpoint_is_found_by_what_it_was_made_for(consumer: Account, association: WantedAssociation) -> None:
    endpoints = endpoints_of(consumer)
    made = endpoints.create(association, "token")

    assert [each.endpoint_id for each in endpoints.find(association)] == [made.endpoint_id]
    assert endpoints.find(wanted_with(association, binding="other")) == []
    assert endpoints.find(wanted_with(association, resource_arn=f"{association.resource_arn}0")) == []
    assert endpoints.find(wanted_with(association, vpc_id="vpc-00000000000000000")) == []
    assert endpoints_of(consumer, owner="another").find(association) == []


def test_an_endpoint_that_people_made_is_not_found(consumer: Account, association: WantedAssociation) -> None:
    consumer.ec2.create_vpc_endpoint(
        VpcEndpointType="Resource",
        VpcId=association.vpc_id,
        SubnetIds=list(association.subnet_ids),
        ResourceConfigurationArn=association.resource_arn,
    )

    assert endpoints_of(consumer).find(association) == []


def test_the_oldest_endpoint_is_found_first(consumer: Account, association: WantedAssociation) -> None:
    endpoints = endpoints_of(consumer)
    made: list[str] = []
    for token in ("a", "b", "c"):
        made.append(endpoints.create(association, token).endpoint_id)
        pass_time(2)

    assert [each.endpoint_id for each in endpoints.find(association)] == made


def test_trap_9_an_endpoint_s_state_is_read_in_whichever_spelling(
    consumer: Account, association: WantedAssociation
) -> None:
    endpoints = endpoints_of(consumer)
    made = endpoints.create(association, "token")

    def state() -> EndpointState:
        (found,) = endpoints.find(association)
        return found.state

    before = state()
    pass_time(10)
    available = state()
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[made.endpoint_id])

    assert (before, available, state()) == (EndpointState.PENDING, EndpointState.AVAILABLE, EndpointState.OVER)


def test_an_endpoint_that_the_provider_cut_off_has_failed(
    provider: Account, consumer: Account, association: WantedAssociation
) -> None:
    endpoints = endpoints_of(consumer)
    endpoints.create(association, "token")
    pass_time(10)
    (seen,) = provider.lattice.list_resource_endpoint_associations(
        resourceConfigurationIdentifier=association.resource_arn
    )["items"]

    provider.lattice.delete_resource_endpoint_association(resourceEndpointAssociationIdentifier=seen["id"])

    assert [each.state for each in endpoints.find(association)] == [EndpointState.FAILED]


def test_a_failed_endpoint_says_why(consumer: Account, association: WantedAssociation) -> None:
    there = {
        "VpcEndpointId": "vpce-0",
        "State": "Failed",
        "CreationTimestamp": "2026-01-01T00:00:00Z",
        "LastError": {"Code": "InsufficientFreeAddresses", "Message": "none left"},
    }

    with answering(consumer.ec2, "describe_vpc_endpoints", {"VpcEndpoints": [there]}):
        (found,) = endpoints_of(consumer).find(association)

    assert (found.state, found.failure) == (EndpointState.FAILED, "InsufficientFreeAddresses none left")


def test_trap_12_the_name_is_told_by_the_association_and_late(
    consumer: Account, association: WantedAssociation
) -> None:
    endpoints = endpoints_of(consumer)
    made = endpoints.create(association, "token")

    (first,) = endpoints.associated(made.endpoint_id)
    pass_time(7)
    (available,) = endpoints.associated(made.endpoint_id)
    pass_time(4)
    (named,) = endpoints.associated(made.endpoint_id)

    assert (first.accessible, first.dns_name) == (False, "")
    assert (available.accessible, available.dns_name) == (True, "")
    assert named.accessible
    assert named.resource_arn == association.resource_arn
    assert named.association_id.startswith("vpce-rsc-asc-")
    assert named.dns_name.startswith(f"{made.endpoint_id}.{association.resource_arn.rpartition('/')[2]}.")
    assert named.dns_name.endswith(f".vpc-lattice-rsc.{REGION}.on.aws")
    assert named.hosted_zone_id
    assert named.private_dns_name is None


def test_trap_8_associations_come_in_pages_that_botocore_does_not_turn(consumer: Account) -> None:
    answers: list[dict[str, Any]] = [
        {"VpcEndpointAssociations": [], "NextToken": "on"},
        {
            "VpcEndpointAssociations": [
                {"Id": "a", "AssociatedResourceAccessibility": "AVAILABLE", "FailureCode": "X", "FailureReason": "y"}
            ]
        },
    ]

    with answering(consumer.ec2, "describe_vpc_endpoint_associations", *answers):
        (found,) = endpoints_of(consumer).associated("vpce-0")

    assert (found.accessible, found.dns_name, found.failure) == (True, "", "X y")


def test_a_limit_that_is_reached_is_told_as_such(consumer: Account) -> None:
    """Trap 18."""
    with refusing(consumer.ec2, "create_vpc_endpoint", "VpcEndpointLimitExceeded"), pytest.raises(QuotaExceededError):
        endpoints_of(consumer).create(wanted(), "token")


def wanted_with(association: WantedAssociation, **changes: Any) -> WantedAssociation:
    told = {name: getattr(association, name) for name in association.__struct_fields__}
    return WantedAssociation(**(told | changes))
