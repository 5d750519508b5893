"""Roles that may delete only what carries a tag of theirs (``aws:ResourceTag``), or tag only what they create."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from local_aws.iam.authorize import authorize
from local_aws_tests.accounts import REGION, Person, person
from local_aws_tests.lattice_shares import associate, network, resource_endpoint
from local_aws_tests.role_calls import RoleCall, allow, make_role
from local_aws_tests.sharing import first_vpc, pass_time, resource_configuration

OWNED = {"StringEquals": {"aws:ResourceTag/owner": "us"}}
Tags = dict[str, str]


def ec2_tags(kind: str, tags: Tags) -> list[dict[str, Any]]:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": kind, "Tags": pairs}] if pairs else []


def endpoint(owner: Person, tags: Tags) -> str:
    vpc_id, subnet_ids = first_vpc(owner)
    made = owner.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=vpc_id,
        SubnetIds=subnet_ids[:1],
        ServiceName=f"com.amazonaws.{REGION}.ssm",
        TagSpecifications=ec2_tags("vpc-endpoint", tags),
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def endpoint_service(owner: Person, tags: Tags) -> str:
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{owner.account_id}:loadbalancer/net/lb/0123456789abcdef"
    made = owner.ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[balancer], TagSpecifications=ec2_tags("vpc-endpoint-service", tags)
    )
    return str(made["ServiceConfiguration"]["ServiceId"])


def permission(owner: Person, tags: Tags) -> str:
    made = owner.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=endpoint_service(owner, {}), AddAllowedPrincipals=["*"]
    )
    permission_id = str(made["AddedPrincipals"][0]["ServicePermissionId"])
    if tags:
        owner.ec2.create_tags(Resources=[permission_id], Tags=ec2_tags("", tags)[0]["Tags"])
    return permission_id


def share(owner: Person, tags: Tags) -> str:
    pairs = [{"key": key, "value": value} for key, value in tags.items()]
    return str(owner.ram.create_resource_share(name="orders", tags=pairs)["resourceShare"]["resourceShareArn"])


def service_network(owner: Person, tags: Tags) -> str:
    return str(network(owner, tags=tags)["arn"])


def with_resource(owner: Person, tags: Tags) -> str:
    return str(associate(owner, network(owner)["id"], resource_configuration(owner), tags=tags)["arn"])


def with_service(owner: Person, tags: Tags) -> str:
    offered = owner.lattice.create_service(name="orders")
    made = owner.lattice.create_service_network_service_association(
        serviceNetworkIdentifier=network(owner)["id"], serviceIdentifier=offered["id"], tags=tags
    )
    return str(made["arn"])


def with_vpc(owner: Person, tags: Tags) -> str:
    vpc_id, _ = first_vpc(owner)
    made = owner.lattice.create_service_network_vpc_association(
        serviceNetworkIdentifier=network(owner)["id"], vpcIdentifier=vpc_id, tags=tags
    )
    return str(made["arn"])


def with_endpoint(owner: Person, tags: Tags) -> str:
    arn = resource_configuration(owner)
    resource_endpoint(owner, arn)
    (seen,) = owner.lattice.list_resource_endpoint_associations(resourceConfigurationIdentifier=arn)["items"]
    owner.lattice.tag_resource(resourceArn=seen["arn"], tags=tags)
    return str(seen["arn"])


def parameter(owner: Person, tags: Tags) -> str:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    owner.client("ssm").put_parameter(Name="/app/orders", Value="x", Type="String", Tags=pairs)
    return "/app/orders"


@dataclass(frozen=True)
class Deletion:
    """A call that takes something away, and how the resource that it names is made."""

    operation: str
    make: Callable[[Person, Tags], str]
    params: Callable[[str], dict[str, Any]]


DELETIONS = [
    Deletion("ec2:DeleteVpcEndpoints", endpoint, lambda made: {"VpcEndpointIds": [made]}),
    Deletion("ec2:DeleteTags", endpoint, lambda made: {"Resources": [made], "Tags": [{"Key": "owner"}]}),
    Deletion("ec2:CreateTags", endpoint, lambda made: {"Resources": [made], "Tags": [{"Key": "a", "Value": "b"}]}),
    Deletion(
        "ec2:RejectVpcEndpointConnections", endpoint_service, lambda made: {"ServiceId": made, "VpcEndpointIds": ["x"]}
    ),
    Deletion(
        "ec2:ModifyVpcEndpointServicePermissions",
        endpoint_service,
        lambda made: {"ServiceId": made, "RemoveAllowedPrincipals": ["*"]},
    ),
    Deletion("ec2:DeleteTags", permission, lambda made: {"Resources": [made], "Tags": [{"Key": "owner"}]}),
    Deletion("ec2:CreateTags", permission, lambda made: {"Resources": [made], "Tags": [{"Key": "a", "Value": "b"}]}),
    Deletion("ram:AssociateResourceShare", share, lambda made: {"resourceShareArn": made, "principals": ["1" * 12]}),
    Deletion("ram:DisassociateResourceShare", share, lambda made: {"resourceShareArn": made, "principals": ["1" * 12]}),
    Deletion("vpc-lattice:DeleteServiceNetwork", service_network, lambda made: {"serviceNetworkIdentifier": made}),
    Deletion("vpc-lattice:TagResource", service_network, lambda made: {"resourceArn": made, "tags": {"a": "b"}}),
    Deletion("vpc-lattice:UntagResource", with_resource, lambda made: {"resourceArn": made, "tagKeys": ["owner"]}),
    Deletion(
        "vpc-lattice:DeleteServiceNetworkResourceAssociation",
        with_resource,
        # An id stands for the association in the caller's account.
        lambda made: {"serviceNetworkResourceAssociationIdentifier": made.rpartition("/")[2]},
    ),
    Deletion(
        "vpc-lattice:DeleteServiceNetworkServiceAssociation",
        with_service,
        lambda made: {"serviceNetworkServiceAssociationIdentifier": made},
    ),
    Deletion(
        "vpc-lattice:DeleteServiceNetworkVpcAssociation",
        with_vpc,
        lambda made: {"serviceNetworkVpcAssociationIdentifier": made},
    ),
    Deletion(
        "vpc-lattice:DeleteResourceEndpointAssociation",
        with_endpoint,
        lambda made: {"resourceEndpointAssociationIdentifier": made},
    ),
    Deletion("ssm:DeleteParameter", parameter, lambda made: {"Name": made}),
    Deletion("ssm:DeleteParameters", parameter, lambda made: {"Names": [made]}),
]


def allowed(account_id: str, operation: str, params: dict[str, Any]) -> bool:
    call = replace(RoleCall.make(account_id, operation, **params), region=REGION)
    return authorize(call) is None


@pytest.mark.parametrize("deletion", DELETIONS, ids=lambda each: str(each.operation))
@pytest.mark.parametrize(("tags", "may"), [({"owner": "us"}, True), ({"owner": "them"}, False), ({}, False)])
def test_a_role_takes_away_only_what_carries_its_tag(deletion: Deletion, tags: Tags, may: bool) -> None:
    owner = person()
    made = deletion.make(owner, tags)
    make_role(owner.account_id, allow(deletion.operation, "*", **OWNED))

    assert allowed(owner.account_id, deletion.operation, deletion.params(made)) is may


def test_one_of_several_that_is_not_the_roles_keeps_it_from_all() -> None:
    owner = person()
    ours, theirs = endpoint(owner, {"owner": "us"}), endpoint(owner, {})
    make_role(owner.account_id, allow("ec2:DeleteVpcEndpoints", "*", **OWNED))

    assert not allowed(owner.account_id, "ec2:DeleteVpcEndpoints", {"VpcEndpointIds": [ours, theirs]})


def test_of_several_parameters_each_has_to_be_the_roles_and_one_that_is_gone_is_nobodys() -> None:
    """AWS names in its refusal the one parameter that the role may not delete, and deletes none (sst, issue 3446)."""
    owner = person()
    ours, ssm = parameter(owner, {"owner": "us"}), owner.client("ssm")
    ssm.put_parameter(Name="/app/theirs", Value="x", Type="String", Tags=[{"Key": "owner", "Value": "them"}])
    make_role(owner.account_id, allow("ssm:DeleteParameters", "*", **OWNED))

    assert allowed(owner.account_id, "ssm:DeleteParameters", {"Names": [ours]})
    assert not allowed(owner.account_id, "ssm:DeleteParameters", {"Names": [ours, "/app/theirs"]})
    assert not allowed(owner.account_id, "ssm:DeleteParameters", {"Names": [ours, "/app/gone"]})


def test_a_parameter_that_was_deleted_and_made_by_somebody_else_is_not_the_roles_any_longer() -> None:
    owner = person()
    name = parameter(owner, {"owner": "us"})
    make_role(owner.account_id, allow("ssm:DeleteParameter", "*", **OWNED))

    owner.client("ssm").delete_parameter(Name=name)
    pass_time(31)
    parameter(owner, {})

    assert not allowed(owner.account_id, "ssm:DeleteParameter", {"Name": name})


@pytest.mark.parametrize("operation", ["DeleteParameter", "DeleteParameters"])
def test_each_way_to_delete_parameters_needs_an_action_of_its_own(operation: str) -> None:
    """Systems Manager's API reference says so of both."""
    owner = person()
    other = {"DeleteParameter": "DeleteParameters", "DeleteParameters": "DeleteParameter"}[operation]
    make_role(owner.account_id, allow(f"ssm:{other}"))

    assert not allowed(owner.account_id, f"ssm:{operation}", {"Name": "/a", "Names": ["/a"]})


def test_an_association_with_a_resource_is_known_by_its_tags_and_not_by_its_network() -> None:
    """The service authorization reference has ``vpc-lattice:ServiceNetworkArn`` for the other two kinds only."""
    owner = person()
    named = {"serviceNetworkResourceAssociationIdentifier": with_resource(owner, {}).rpartition("/")[2]}
    (made_in,) = owner.lattice.list_service_networks()["items"]
    of_network = {"StringEquals": {"vpc-lattice:ServiceNetworkArn": made_in["arn"]}}
    make_role(owner.account_id, allow("vpc-lattice:*", "*", **of_network))

    assert not allowed(owner.account_id, "vpc-lattice:DeleteServiceNetworkResourceAssociation", named)


def test_tags_on_an_association_are_its_creators_alone() -> None:
    """In the account of the other side the association has another ARN, which has no tags."""
    owner, provider = person(), person()
    made = with_resource(owner, {"owner": "us"})
    make_role(provider.account_id, allow("vpc-lattice:*", "*", **OWNED))
    named = {"serviceNetworkResourceAssociationIdentifier": made.rpartition("/")[2]}

    assert not allowed(provider.account_id, "vpc-lattice:DeleteServiceNetworkResourceAssociation", named)


def test_a_role_may_tag_what_it_creates_and_nothing_else() -> None:
    owner = person()
    arn = service_network(owner, {})
    creating = {"StringEquals": {"vpc-lattice:CreateAction": "CreateServiceNetwork"}}
    linked = allow("iam:CreateServiceLinkedRole")
    make_role(
        owner.account_id,
        allow("vpc-lattice:CreateServiceNetwork"),
        allow("vpc-lattice:TagResource", "*", **creating),
        linked,
    )
    tags = {"tags": {"owner": "us"}}

    assert allowed(owner.account_id, "vpc-lattice:CreateServiceNetwork", {"name": "new", **tags})
    assert not allowed(owner.account_id, "vpc-lattice:TagResource", {"resourceArn": arn, **tags})
    assert not allowed(owner.account_id, "vpc-lattice:CreateService", {"name": "new", **tags})


MARK = "app:withdraw-after"
ONLY_THE_MARK = {**OWNED, "ForAllValues:StringEquals": {"aws:TagKeys": [MARK]}}
SOME_TAG = {"Null": {"aws:TagKeys": "false"}}


@dataclass(frozen=True)
class Marking:
    """A call that sets or takes tags of what is there, by their keys, and the only ARNs that its role may do it on."""

    operation: str
    make: Callable[[Person, Tags], str]
    params: Callable[[str, list[str]], dict[str, Any]]
    arns: str


def ec2_marking(made: str, keys: list[str]) -> dict[str, Any]:
    return {"Resources": [made], "Tags": [{"Key": key, "Value": "soon"} for key in keys]}


def ec2_unmarking(made: str, keys: list[str]) -> dict[str, Any]:
    return {"Resources": [made], "Tags": [{"Key": key} for key in keys]}


def lattice_marking(made: str, keys: list[str]) -> dict[str, Any]:
    return {"resourceArn": made, "tags": dict.fromkeys(keys, "soon")}


def lattice_unmarking(made: str, keys: list[str]) -> dict[str, Any]:
    return {"resourceArn": made, "tagKeys": keys}


def parameter_marking(made: str, keys: list[str]) -> dict[str, Any]:
    tags = [{"Key": key, "Value": "soon"} for key in keys]
    return {"ResourceType": "Parameter", "ResourceId": made, "Tags": tags}


def parameter_unmarking(made: str, keys: list[str]) -> dict[str, Any]:
    return {"ResourceType": "Parameter", "ResourceId": made, "TagKeys": keys}


_IN_LATTICE = {
    service_network: "servicenetwork",
    with_resource: "servicenetworkresourceassociation",
    with_service: "servicenetworkserviceassociation",
    with_vpc: "servicenetworkvpcassociation",
}
MARKINGS = [
    Marking("ec2:CreateTags", endpoint, ec2_marking, "arn:aws:ec2:*:*:vpc-endpoint/*"),
    Marking("ec2:DeleteTags", endpoint, ec2_unmarking, "arn:aws:ec2:*:*:vpc-endpoint/*"),
    *(
        Marking(f"vpc-lattice:{operation}", make, params, f"arn:aws:vpc-lattice:*:*:{kind}/*")
        for operation, params in (("TagResource", lattice_marking), ("UntagResource", lattice_unmarking))
        for make, kind in _IN_LATTICE.items()
    ),
    Marking("ssm:AddTagsToResource", parameter, parameter_marking, "arn:aws:ssm:*:*:parameter/app/*"),
    Marking("ssm:RemoveTagsFromResource", parameter, parameter_unmarking, "arn:aws:ssm:*:*:parameter/app/*"),
]
every_marking = pytest.mark.parametrize("marking", MARKINGS, ids=lambda each: f"{each.operation} {each.make.__name__}")


@every_marking
@pytest.mark.parametrize(
    ("tags", "keys", "may"),
    [
        pytest.param({"owner": "us"}, [MARK], True, id="its mark on its own"),
        pytest.param({"owner": "them"}, [MARK], False, id="its mark on another's"),
        pytest.param({}, [MARK], False, id="its mark on nobody's"),
        pytest.param({"owner": "us"}, ["owner"], False, id="the sign of ownership"),
        pytest.param({"owner": "us"}, [MARK, "owner"], False, id="its mark and the sign of ownership"),
        pytest.param({"owner": "us"}, [MARK.upper()], False, id="its mark in capitals"),
        pytest.param({"owner": "us"}, [], False, id="no tag"),
    ],
)
def test_a_role_marks_what_is_its_own_with_one_key_alone(
    marking: Marking, tags: Tags, keys: list[str], may: bool
) -> None:
    """The service authorization reference has the keys, in the rows of the actions or of the resource types."""
    owner = person()
    made = marking.make(owner, tags)
    make_role(owner.account_id, allow(marking.operation, marking.arns, **ONLY_THE_MARK, **SOME_TAG))

    assert allowed(owner.account_id, marking.operation, marking.params(made, keys)) is may


@every_marking
def test_a_condition_for_all_keys_alone_holds_for_a_request_without_any(marking: Marking) -> None:
    """So EC2's DeleteTags takes all tags of a resource, if ``Null`` does not ask for a key."""
    owner = person()
    made = marking.make(owner, {"owner": "us"})
    make_role(owner.account_id, allow(marking.operation, marking.arns, **ONLY_THE_MARK))

    assert allowed(owner.account_id, marking.operation, marking.params(made, []))


@every_marking
def test_a_role_marks_only_what_its_resources_name(marking: Marking) -> None:
    owner = person()
    made = marking.make(owner, {"owner": "us"})
    make_role(owner.account_id, allow(marking.operation, marking.arns.replace("/*", "s/*"), **ONLY_THE_MARK))

    assert not allowed(owner.account_id, marking.operation, marking.params(made, [MARK]))


@pytest.mark.parametrize("operation", ["vpc-lattice:UntagResource", "ssm:RemoveTagsFromResource"])
def test_what_only_takes_tags_has_no_values_of_tags_in_its_request(operation: str) -> None:
    owner = person()
    marking = next(each for each in MARKINGS if each.operation == operation)
    made = marking.make(owner, {"owner": "us"})
    make_role(owner.account_id, allow(operation, "*", Null={f"aws:RequestTag/{MARK}": "false"}))

    assert not allowed(owner.account_id, operation, marking.params(made, [MARK]))


def test_a_role_that_marks_its_own_tags_nothing_that_it_creates() -> None:
    """What is not there yet has no tags, so that the right to create needs a statement of its own."""
    owner = person()
    vpc_id, _ = first_vpc(owner)
    make_role(
        owner.account_id,
        allow("ec2:CreateVpcEndpoint"),
        allow("ec2:CreateTags", "arn:aws:ec2:*:*:vpc-endpoint/*", **ONLY_THE_MARK),
    )
    params = {"VpcId": vpc_id, "TagSpecifications": ec2_tags("vpc-endpoint", {MARK: "soon"})}

    assert not allowed(owner.account_id, "ec2:CreateVpcEndpoint", params)


@every_marking
def test_a_role_is_denied_what_is_not_there_before_it_is_told_so(marking: Marking) -> None:
    """It has no tags by which the role might: the role sees no code for what is gone, but that it is denied."""
    owner = person()
    made = marking.make(owner, {"owner": "us"})
    make_role(owner.account_id, allow(marking.operation, marking.arns, **ONLY_THE_MARK))
    gone = "/app/none" if made == "/app/orders" else made[:-8] + "00000000"

    assert not allowed(owner.account_id, marking.operation, marking.params(gone, [MARK]))


def test_each_principal_and_each_resource_of_a_share_is_authorized_by_itself() -> None:
    """Only a resource has a type, so that one policy can keep a role to principals, or to some of them."""
    owner = person()
    share_arn = share(owner, {})
    network = f"arn:aws:vpc-lattice:{REGION}:{owner.account_id}:servicenetwork/sn-0123456789abcdef0"
    make_role(
        owner.account_id,
        allow("ram:AssociateResourceShare", "*", Null={"ram:RequestedResourceType": "true"}),
        allow("ram:DisassociateResourceShare", "*", StringEquals={"ram:Principal": "1" * 12}),
    )

    def may(operation: str, **what: list[str]) -> bool:
        return allowed(owner.account_id, f"ram:{operation}", {"resourceShareArn": share_arn, **what})

    assert may("AssociateResourceShare", principals=["1" * 12, "2" * 12])
    assert not may("AssociateResourceShare", resourceArns=[network])
    assert not may("AssociateResourceShare", principals=["1" * 12], resourceArns=[network])
    assert may("DisassociateResourceShare", principals=["1" * 12])
    assert not may("DisassociateResourceShare", principals=["1" * 12, "2" * 12])
    assert not may("DisassociateResourceShare", principals=["1" * 12], resourceArns=[network])


def test_a_role_may_be_kept_to_services_that_one_region_reaches_and_to_shares_that_take_outsiders() -> None:
    owner = person()
    service_id, share_arn = endpoint_service(owner, {}), share(owner, {})
    params = {"ServiceId": service_id, "AddAllowedPrincipals": ["*"]}
    into = {"resourceShareArn": share_arn, "principals": ["1" * 12]}
    make_role(
        owner.account_id,
        allow("ec2:*", "*", Bool={"ec2:VpceMultiRegion": "false"}, StringEquals={"ec2:VpceSupportedRegion": REGION}),
        allow(
            "ram:*",
            "*",
            Bool={"ram:AllowsExternalPrincipals": "true", "ram:RetainSharingOnAccountLeaveOrganization": "false"},
        ),
    )

    at_first = allowed(owner.account_id, "ec2:ModifyVpcEndpointServicePermissions", params)
    into_it = allowed(owner.account_id, "ram:AssociateResourceShare", into)
    owner.ec2.modify_vpc_endpoint_service_configuration(ServiceId=service_id, AddSupportedRegions=["eu-central-1"])
    owner.ram.update_resource_share(resourceShareArn=share_arn, allowExternalPrincipals=False)

    assert (at_first, into_it) == (True, True)
    assert not allowed(owner.account_id, "ec2:ModifyVpcEndpointServicePermissions", params)
    assert not allowed(owner.account_id, "ram:AssociateResourceShare", into)
