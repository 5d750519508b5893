"""Tags, by which a role may know what is its own: who can set and take them, and when they are gone."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from moto.ec2.models import ec2_backends

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


def many(count: int) -> dict[str, str]:
    return {f"key-{number}": "x" for number in range(count)}


def pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def test_endpoints_are_found_by_the_tags_that_they_were_given_afterwards() -> None:
    owner = person()
    tagged, other = endpoint(owner), endpoint(owner)
    give(owner, tagged, key="withdraw-after")
    give(owner, other)

    def found(name: str, value: str) -> list[str]:
        filters = [{"Name": name, "Values": [value]}]
        return [row["VpcEndpointId"] for row in owner.ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]]

    marked = [found("tag:withdraw-after", "us"), found("tag-key", "withdraw-after"), found("tag:withdraw-after", "no")]
    take(owner, tagged, Key="withdraw-after")

    assert marked == [[tagged], [tagged], []]
    assert found("tag-key", "withdraw-after") == []


def test_tags_are_taken_whatever_their_value_or_only_if_it_is_empty() -> None:
    owner = person()
    made = endpoint(owner)
    owner.ec2.create_tags(Resources=[made], Tags=[{"Key": "empty", "Value": ""}])
    give(owner, made)

    take(owner, made, Key="owner", Value="")
    take(owner, made, Key="empty", Value="")

    assert tags_of(owner, made) == {"owner": "us"}


def test_who_names_no_tag_takes_all_but_awss_own() -> None:
    """By a condition with ``ForAllValues`` alone a role may do so: no key of a tag is in such a request."""
    owner = person()
    made, other = endpoint(owner), endpoint(owner)
    give(owner, made, other)
    give(owner, made, key="colour")
    ec2_backends[owner.account_id][REGION].tags[made]["aws:cloudformation:stack-name"] = "stack"

    owner.ec2.delete_tags(Resources=[made])

    assert tags_of(owner, made) == {"aws:cloudformation:stack-name": "stack"}
    assert tags_of(owner, other) == {"owner": "us"}


def test_an_endpoint_has_fifty_tags_at_most() -> None:
    owner = person()
    too_many = [{"ResourceType": "vpc-endpoint", "Tags": pairs(many(51))}]
    made = endpoint(owner, TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": pairs(many(50))}])

    refused = [refusal(lambda: give(owner, made)), refusal(lambda: endpoint(owner, TagSpecifications=too_many))]
    give(owner, made, key="key-7")

    assert refused == ["TagLimitExceeded"] * 2
    assert tags_of(owner, made) == many(50) | {"key-7": "us"}
    assert len(owner.ec2.describe_vpc_endpoints()["VpcEndpoints"]) == 1


def test_a_network_and_an_association_have_fifty_tags_at_most() -> None:
    owner = person()
    made_in = network(owner, tags=many(50))
    made = associate(owner, made_in["id"], resource_configuration(owner), tags=many(50))
    lattice = owner.lattice

    for arn in (made_in["arn"], made["arn"]):
        more = functools.partial(lattice.tag_resource, resourceArn=arn, tags={"a": "b"})
        assert refusal(more) == "ValidationException"
        lattice.tag_resource(resourceArn=arn, tags={"key-7": "us"})
        assert lattice.list_tags_for_resource(resourceArn=arn)["tags"] == many(50) | {"key-7": "us"}
    assert refusal(lambda: network(owner, "another", tags=many(51))) == "ValidationException"
    assert [each["name"] for each in lattice.list_service_networks()["items"]] == ["network"]


@pytest.mark.parametrize(
    "arn",
    [
        pytest.param("arn:aws:vpc-lattice:{region}:{account}:servicenetwork/sn-00000000000000000", id="no network"),
        pytest.param(
            "arn:aws:vpc-lattice:{region}:{account}:servicenetworkresourceassociation/snra-00000000000000000",
            id="no association",
        ),
        pytest.param("arn:aws:vpc-lattice:{region}:{account}:network/sn-00000000000000000", id="no kind"),
        pytest.param("arn:aws:vpc-lattice:us-west-2:{account}:servicenetwork/{network}", id="another region"),
        pytest.param("arn:aws:vpc-lattice:{region}:999999999999:servicenetwork/{network}", id="another account"),
        pytest.param(
            "arn:aws:vpc-lattice:{region}:999999999999:targetgroup/tg-00000000000000000", id="another's group"
        ),
    ],
)
def test_what_is_not_there_has_no_tags_in_lattice(arn: str) -> None:
    owner = person()
    filled = arn.format(region=REGION, account=owner.account_id, network=network(owner, tags={"owner": "us"})["id"])
    lattice = owner.lattice

    refused = [
        refusal(lambda: lattice.tag_resource(resourceArn=filled, tags={"a": "b"})),
        refusal(lambda: lattice.untag_resource(resourceArn=filled, tagKeys=["owner"])),
        refusal(lambda: lattice.list_tags_for_resource(resourceArn=filled)),
    ]

    assert refused == ["ResourceNotFoundException"] * 3


def test_what_is_no_arn_of_lattice_is_refused() -> None:
    lattice = person().lattice

    assert refusal(lambda: lattice.tag_resource(resourceArn="sn-0", tags={"a": "b"})) == "ValidationException"


def test_an_endpoint_that_never_was_has_no_tags() -> None:
    owner = person()
    unknown = "vpce-00000000000000000"

    assert refusal(lambda: give(owner, unknown)) == "InvalidVpcEndpointId.NotFound"
    assert refusal(lambda: take(owner, unknown, Key="owner")) == "InvalidVpcEndpointId.NotFound"


def test_a_parameter_has_fifty_tags_at_most() -> None:
    ssm = person().client("ssm")
    ssm.put_parameter(Name="/app/orders", Value="x", Type="String", Tags=pairs(many(50)))
    named = {"ResourceType": "Parameter", "ResourceId": "/app/orders"}

    refused = [
        refusal(lambda: ssm.add_tags_to_resource(**named, Tags=pairs({"owner": "us"}))),
        refusal(lambda: ssm.put_parameter(Name="/app/other", Value="x", Type="String", Tags=pairs(many(51)))),
    ]
    ssm.add_tags_to_resource(**named, Tags=pairs({"key-7": "us"}))

    assert refused == ["TooManyTagsError"] * 2
    assert {tag["Key"]: tag["Value"] for tag in ssm.list_tags_for_resource(**named)["TagList"]} == (
        many(50) | {"key-7": "us"}
    )
    assert refusal(lambda: ssm.get_parameter(Name="/app/other")) == "ParameterNotFound"


def test_awss_own_keys_are_neither_set_nor_removed_in_parameter_store() -> None:
    ssm = person().client("ssm")
    ssm.put_parameter(Name="/app/orders", Value="x", Type="String")
    named, own = {"ResourceType": "Parameter", "ResourceId": "/app/orders"}, pairs({"aws:owner": "us"})

    refused = [
        refusal(lambda: ssm.add_tags_to_resource(**named, Tags=own)),
        refusal(lambda: ssm.remove_tags_from_resource(**named, TagKeys=["aws:owner"])),
        refusal(lambda: ssm.put_parameter(Name="/app/other", Value="x", Type="String", Tags=own)),
    ]

    assert refused == ["ValidationException"] * 3
    assert ssm.list_tags_for_resource(**named)["TagList"] == []


def test_a_parameters_tags_are_added_replaced_and_removed_and_it_is_found_by_them() -> None:
    ssm = person().client("ssm")
    for name in ("/app/orders", "/app/other"):
        ssm.put_parameter(Name=name, Value="x", Type="String")
    named = {"ResourceType": "Parameter", "ResourceId": "/app/orders"}

    def found() -> list[str]:
        filters = [{"Key": "tag:withdraw-after", "Values": ["later"]}]
        return [each["Name"] for each in ssm.describe_parameters(ParameterFilters=filters)["Parameters"]]

    ssm.add_tags_to_resource(**named, Tags=pairs({"withdraw-after": "soon", "owner": "us"}))
    ssm.add_tags_to_resource(**named, Tags=pairs({"withdraw-after": "later"}))
    marked = found()
    ssm.remove_tags_from_resource(**named, TagKeys=["withdraw-after", "unknown"])

    assert (marked, found()) == (["/app/orders"], [])
    assert ssm.list_tags_for_resource(**named)["TagList"] == pairs({"owner": "us"})


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"ResourceType": "Parameter", "ResourceId": "/app/none"}, "InvalidResourceId"),
        ({"ResourceType": "Document", "ResourceId": "none"}, "InvalidResourceId"),
    ],
)
def test_what_is_not_there_has_no_tags_in_systems_manager(named: dict[str, str], code: str) -> None:
    ssm = person().client("ssm")

    refused = [
        refusal(lambda: ssm.add_tags_to_resource(**named, Tags=pairs({"owner": "us"}))),
        refusal(lambda: ssm.remove_tags_from_resource(**named, TagKeys=["owner"])),
        refusal(lambda: ssm.list_tags_for_resource(**named)),
    ]

    assert refused == [code] * 3
