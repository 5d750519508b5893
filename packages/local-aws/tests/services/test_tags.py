"""Tags, by which a role may know what is its own: who can set and take them, and when they are gone."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws_tests.accounts import REGION, Person, person, refusal
from local_aws_tests.lattice_shares import associate, association, disassociate, network, resource_endpoint
from local_aws_tests.sharing import first_vpc, pass_time, resource_configuration

HOUR = 3600


def endpoint(owner: Person, **params: Any) -> str:
    vpc_id, subnet_ids = first_vpc(owner)
    made = owner.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=vpc_id,
        SubnetIds=subnet_ids[:1],
        ServiceName=f"com.amazonaws.{REGION}.ssm",
        **params,
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def tags_of(owner: Person, endpoint_id: str) -> dict[str, str]:
    rows = owner.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [endpoint_id]}])["Tags"]
    return {row["Key"]: row["Value"] for row in rows}


def give(caller: Person, *endpoint_ids: str, key: str = "owner") -> None:
    caller.ec2.create_tags(Resources=[*endpoint_ids], Tags=[{"Key": key, "Value": "us"}])


def take(caller: Person, *endpoint_ids: str, **tag: str) -> None:
    caller.ec2.delete_tags(Resources=[*endpoint_ids], Tags=[tag])


def test_another_accounts_endpoint_is_neither_tagged_nor_untagged() -> None:
    owner, stranger = person(), person()
    theirs, own = endpoint(owner), endpoint(stranger)
    give(owner, theirs)
    give(stranger, own)

    given = refusal(lambda: give(stranger, own, theirs, key="colour"))
    taken = refusal(lambda: take(stranger, own, theirs, Key="owner"))

    assert (given, taken) == ("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpointId.NotFound")
    # One that is not there fails the whole call.
    assert tags_of(owner, theirs) == tags_of(stranger, own) == {"owner": "us"}


def test_an_endpoint_has_its_tags_until_it_is_deleted_and_is_not_listed_any_longer() -> None:
    """That it can't be tagged once it is deleted, though it is still listed, is the stricter guess."""
    owner = person()
    made = endpoint(owner)
    give(owner, made)

    owner.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    give(owner, made, key="while-deleting")
    pass_time(10)
    deleted = [refusal(lambda: give(owner, made)), refusal(lambda: take(owner, made, Key="owner"))]
    while_listed = tags_of(owner, made)
    pass_time(HOUR)

    assert deleted == ["InvalidVpcEndpointId.NotFound"] * 2
    assert (while_listed, tags_of(owner, made)) == ({"owner": "us", "while-deleting": "us"}, {})


def test_a_tag_is_taken_by_its_key_or_with_its_value_only() -> None:
    owner = person()
    made = endpoint(owner)
    give(owner, made)

    take(owner, made, Key="owner", Value="them")
    still = tags_of(owner, made)
    take(owner, made, Key="owner", Value="us")

    assert (still, tags_of(owner, made)) == ({"owner": "us"}, {})


def test_awss_own_keys_are_neither_set_nor_removed_in_ec2() -> None:
    owner = person()
    made = endpoint(owner)
    with_key = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "aws:owner", "Value": "us"}]}]

    refused = [
        refusal(lambda: give(owner, made, key="aws:owner")),
        refusal(lambda: take(owner, made, Key="aws:owner")),
        refusal(lambda: endpoint(owner, TagSpecifications=with_key)),
    ]

    assert refused == ["InvalidParameterValue"] * 3
    assert len(owner.ec2.describe_vpc_endpoints()["VpcEndpoints"]) == 1


def test_awss_own_keys_are_neither_set_nor_removed_in_lattice() -> None:
    owner = person()
    arn = network(owner)["arn"]

    refused = [
        refusal(lambda: owner.lattice.tag_resource(resourceArn=arn, tags={"aws:owner": "us"})),
        refusal(lambda: owner.lattice.untag_resource(resourceArn=arn, tagKeys=["aws:owner"])),
        refusal(lambda: network(owner, "another", tags={"aws:owner": "us"})),
        refusal(lambda: associate(owner, arn, resource_configuration(owner), tags={"aws:owner": "us"})),
    ]

    assert refused == ["ValidationException"] * 4
    assert [each["name"] for each in owner.lattice.list_service_networks()["items"]] == ["network"]


def test_an_association_has_its_tags_until_it_is_gone() -> None:
    owner = person()
    made = associate(owner, network(owner)["id"], resource_configuration(owner), tags={"owner": "us"})
    pass_time(5)
    disassociate(owner, made)
    lattice, arn = owner.lattice, made["arn"]

    while_deleting = lattice.list_tags_for_resource(resourceArn=arn)["tags"]
    pass_time(5)

    assert while_deleting == {"owner": "us"}
    assert refusal(lambda: association(owner, made)) == "ResourceNotFoundException"
    assert refusal(lambda: lattice.list_tags_for_resource(resourceArn=arn)) == "ResourceNotFoundException"
    assert refusal(lambda: lattice.tag_resource(resourceArn=arn, tags={"a": "b"})) == "ResourceNotFoundException"
    assert refusal(lambda: lattice.untag_resource(resourceArn=arn, tagKeys=["a"])) == "ResourceNotFoundException"


def test_the_providers_tags_on_its_view_of_an_endpoint_go_with_the_endpoint() -> None:
    owner = person()
    arn = resource_configuration(owner)
    endpoint_id = resource_endpoint(owner, arn)["VpcEndpointId"]
    (seen,) = owner.lattice.list_resource_endpoint_associations(resourceConfigurationIdentifier=arn)["items"]
    owner.lattice.tag_resource(resourceArn=seen["arn"], tags={"owner": "us"})

    owner.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    while_deleting = owner.lattice.list_tags_for_resource(resourceArn=seen["arn"])["tags"]
    pass_time(10)

    assert while_deleting == {"owner": "us"}
    assert refusal(lambda: owner.lattice.list_tags_for_resource(resourceArn=seen["arn"])) == (
        "ResourceNotFoundException"
    )


@pytest.mark.parametrize("name", ["/app/orders", "orders"])
@pytest.mark.parametrize("several", [False, True])
def test_a_parameters_tags_go_with_it(name: str, several: bool) -> None:
    ssm = person().client("ssm")
    ssm.put_parameter(Name=name, Value="x", Type="String", Tags=[{"Key": "owner", "Value": "us"}])
    listing = {"ResourceType": "Parameter", "ResourceId": name}
    before = ssm.list_tags_for_resource(**listing)["TagList"]

    if several:
        ssm.delete_parameters(Names=[name])
    else:
        ssm.delete_parameter(Name=name)
    gone = refusal(lambda: ssm.list_tags_for_resource(**listing))
    pass_time(31)
    ssm.put_parameter(Name=name, Value="x", Type="String")

    assert before == [{"Key": "owner", "Value": "us"}]
    assert gone == "InvalidResourceId"
    assert ssm.list_tags_for_resource(**listing)["TagList"] == []
