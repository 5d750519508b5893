"""VPCs in service networks on the local AWS."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local_aws.fault_injection.faults import CallFault, faults
from local_aws.services.quotas import lowered
from local_aws_tests.accounts import Person, hearing, person, refusal
from local_aws_tests.lattice_shares import network, shared
from local_aws_tests.sharing import first_vpc, pass_time


def join(owner: Person, network_id: str, **params: Any) -> dict[str, Any]:
    """Associate the account's first VPC with a network."""
    vpc_id, _ = first_vpc(owner)
    made: dict[str, Any] = owner.lattice.create_service_network_vpc_association(
        **{"serviceNetworkIdentifier": network_id, "vpcIdentifier": vpc_id, **params}
    )
    return made


def found(caller: Person, made: dict[str, Any]) -> dict[str, Any]:
    request = {"serviceNetworkVpcAssociationIdentifier": made["id"]}
    answer: dict[str, Any] = caller.lattice.get_service_network_vpc_association(**request)
    return answer


def update(caller: Person, made: dict[str, Any], **params: Any) -> dict[str, Any]:
    request = {"serviceNetworkVpcAssociationIdentifier": made["id"], **params}
    answer: dict[str, Any] = caller.lattice.update_service_network_vpc_association(**request)
    return answer


def leave(caller: Person, made: dict[str, Any]) -> None:
    caller.lattice.delete_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=made["id"])


def groups(owner: Person, count: int) -> list[str]:
    vpc_id, _ = first_vpc(owner)
    made = [
        owner.ec2.create_security_group(GroupName=f"group-{number}", Description="x", VpcId=vpc_id)
        for number in range(count)
    ]
    return [str(each["GroupId"]) for each in made]


def test_a_vpc_joins_a_network_and_leaves_it() -> None:
    owner = person()
    made_in = network(owner)
    vpc_id, _ = first_vpc(owner)

    made = join(owner, made_in["id"])
    early = refusal(lambda: leave(owner, made))
    pass_time(5)
    active = found(owner, made)
    listed = owner.lattice.list_service_network_vpc_associations(vpcIdentifier=vpc_id)["items"]
    leave(owner, made)
    leaving = found(owner, made)["status"]
    pass_time(5)

    assert re.fullmatch("snva-0[0-9a-f]{16}", made["id"])
    assert (made["status"], active["status"], leaving) == ("CREATE_IN_PROGRESS", "ACTIVE", "DELETE_IN_PROGRESS")
    assert early == "ConflictException"
    assert [(each["id"], each["vpcId"], each["serviceNetworkId"]) for each in listed] == [
        (made["id"], vpc_id, made_in["id"])
    ]
    assert refusal(lambda: found(owner, made)) == "ResourceNotFoundException"
    assert refusal(owner.lattice.list_service_network_vpc_associations) == "ValidationException"


def test_a_vpc_is_in_one_network_at_most() -> None:
    """Trap 18."""
    owner = person()
    first, second = network(owner), network(owner, "second")
    made = join(owner, first["id"])

    with pytest.raises(owner.lattice.exceptions.ConflictException, match="already exists"):
        join(owner, first["id"])
    with pytest.raises(owner.lattice.exceptions.ConflictException, match=first["id"]):
        join(owner, second["id"])

    pass_time(5)
    leave(owner, made)
    assert refusal(lambda: join(owner, second["id"])) == "ConflictException"
    pass_time(5)
    assert join(owner, second["id"])["status"] == "CREATE_IN_PROGRESS"


def test_only_the_creator_updates_a_vpc_association_and_either_side_ends_it() -> None:
    """Trap 3."""
    owner, consumer, other = person(), person(), person()
    made_in = network(owner, shareable=True)
    shared(owner, made_in["arn"], consumer)
    shared(owner, made_in["arn"], other)

    with hearing() as events:
        by_id = refusal(lambda: join(consumer, made_in["id"]))
        made = join(consumer, made_in["arn"])
        pass_time(5)
        seen = found(owner, made)
        by_owner = refusal(lambda: update(owner, made, privateDnsEnabled=True))
        by_other = refusal(lambda: leave(other, made))
        leave(owner, made)
        pass_time(5)

    assert by_id == "ResourceNotFoundException"
    assert (seen["createdBy"], seen["arn"].split(":")[4]) == (consumer.account_id, owner.account_id)
    assert (by_owner, by_other) == ("AccessDeniedException", "AccessDeniedException")
    assert [(each.account_id, each.detail["eventName"], each.detail_type) for each in events] == [
        (owner.account_id, "CreateServiceNetworkVpcAssociationBySharee", "AWS Service Event via CloudTrail"),
        (consumer.account_id, "DeleteServiceNetworkVpcAssociationByOwner", "AWS Service Event via CloudTrail"),
    ]
    assert events[1].detail["additionalEventData"] == {"callerAccountId": owner.account_id}


def test_a_vpc_of_another_account_can_not_be_associated() -> None:
    owner, other = person(), person()
    others_vpc, _ = first_vpc(other)

    assert refusal(lambda: join(owner, network(owner)["id"], vpcIdentifier=others_vpc)) == "ResourceNotFoundException"


def test_an_update_takes_a_while() -> None:
    owner = person()
    made = join(owner, network(owner)["id"])
    one, two = groups(owner, 2)
    early = refusal(lambda: update(owner, made, securityGroupIds=[one]))
    pass_time(5)

    updating = update(owner, made, securityGroupIds=[one, two], privateDnsEnabled=True)
    pass_time(5)
    updated = found(owner, made)

    assert early == "ConflictException"
    assert (updating["status"], updated["status"]) == ("UPDATE_IN_PROGRESS", "ACTIVE")
    assert updated["securityGroupIds"] == [one, two]
    assert updated["privateDnsEnabled"] is True


def test_a_failure_has_a_message_and_an_update_may_be_tried_again() -> None:
    """Trap 16."""
    owner = person()
    made_in = network(owner)

    with faults.injected(CallFault("vpc-lattice:*VpcAssociation", "fails-later", account=owner.account_id, times=1)):
        failed = join(owner, made_in["id"])
        pass_time(5)
    described = found(owner, failed)
    refused = refusal(lambda: join(owner, made_in["id"]))
    leave(owner, failed)
    pass_time(5)
    made = join(owner, made_in["id"])
    pass_time(5)
    with faults.injected(CallFault("vpc-lattice:Update*", "fails-later", account=owner.account_id)):
        update(owner, made, privateDnsEnabled=True)
        pass_time(5)
    broken = found(owner, made)["status"]
    update(owner, made, privateDnsEnabled=True)
    pass_time(5)

    assert (described["status"], bool(described["failureMessage"])) == ("CREATE_FAILED", True)
    assert refused == "ConflictException"
    assert (broken, found(owner, made)["status"]) == ("UPDATE_FAILED", "ACTIVE")


def test_a_vpc_has_five_groups_at_most_and_of_its_own() -> None:
    owner = person()
    made_in = network(owner)

    assert refusal(lambda: join(owner, made_in["id"], securityGroupIds=groups(owner, 6))) == "ValidationException"
    assert refusal(lambda: join(owner, made_in["id"], securityGroupIds=["sg-00000000000000000"])) == (
        "ValidationException"
    )


EVERY_DOMAIN = {"privateDnsSpecifiedDomains": ["*"]}
"""AWS answers ``*`` if no domain is specified, and refuses it in requests."""


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (None, {"privateDnsPreference": "VERIFIED_DOMAINS_ONLY"} | EVERY_DOMAIN),
        ({"privateDnsPreference": "ALL_DOMAINS"}, {"privateDnsPreference": "ALL_DOMAINS"} | EVERY_DOMAIN),
        ({"privateDnsPreference": "ALL_DOMAINS"} | EVERY_DOMAIN, None),
        ({"privateDnsPreference": "SPECIFIED_DOMAINS_ONLY"}, None),
        ({"privateDnsSpecifiedDomains": ["example.com"]}, None),
        ({"privateDnsPreference": "ALL_DOMAINS", "privateDnsSpecifiedDomains": ["example.com"]}, None),
        ({"privateDnsPreference": "SPECIFIED_DOMAINS_ONLY", "privateDnsSpecifiedDomains": ["a.example"] * 11}, None),
        ({"privateDnsPreference": "VERIFIED_AND_SELECTED"}, None),
    ],
)
def test_a_preference_fits_the_domains_that_are_specified(
    options: dict[str, Any] | None, kept: dict[str, Any] | None
) -> None:
    """Trap 17."""
    owner = person()
    made_in = network(owner)
    params = {} if options is None else {"dnsOptions": options}

    if kept is None:
        assert refusal(lambda: join(owner, made_in["id"], **params)) == "ValidationException"
    else:
        assert join(owner, made_in["id"], **params)["dnsOptions"] == kept


def test_private_names_need_a_vpc_that_resolves_names() -> None:
    """Trap 15."""
    owner = person()
    made_in = network(owner)
    vpc_id, _ = first_vpc(owner)
    owner.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})

    assert refusal(lambda: join(owner, made_in["id"], privateDnsEnabled=True)) == "ValidationException"


def test_more_vpcs_than_the_quota_are_refused_with_402() -> None:
    """Trap 18."""
    owner = person()
    made_in = network(owner)
    join(owner, made_in["id"])
    other = owner.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    with (
        lowered(vpc_associations_per_network=1),
        pytest.raises(owner.lattice.exceptions.ServiceQuotaExceededException) as error,
    ):
        join(owner, made_in["id"], vpcIdentifier=other)

    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402
