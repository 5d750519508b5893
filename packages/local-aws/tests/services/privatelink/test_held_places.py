"""What endpoints and VPC Lattice hold of a VPC, which can't be deleted before them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from local_aws_tests.accounts import REGION, Person, person, refusal
from local_aws_tests.lattice_shares import network
from local_aws_tests.sharing import pass_time


@dataclass(frozen=True)
class Place:
    """A VPC with one subnet and one security group."""

    owner: Person
    vpc_id: str
    subnet_id: str
    group_id: str

    def delete_group(self) -> None:
        self.owner.ec2.delete_security_group(GroupId=self.group_id)

    def delete_subnet(self) -> None:
        self.owner.ec2.delete_subnet(SubnetId=self.subnet_id)

    def delete_vpc(self) -> None:
        self.owner.ec2.delete_vpc(VpcId=self.vpc_id)

    def deletions(self) -> list[Callable[[], None]]:
        return [self.delete_group, self.delete_subnet, self.delete_vpc]


def place() -> Place:
    owner = person()
    vpc_id = owner.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = owner.ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.9.0.0/24", AvailabilityZone=f"{REGION}b")["Subnet"]
    group = owner.ec2.create_security_group(GroupName="clients", Description="clients", VpcId=vpc_id)
    return Place(owner, vpc_id, subnet["SubnetId"], group["GroupId"])


def emptied(at: Place) -> Place:
    """Delete the subnet and the group, which would hold the VPC by themselves."""
    at.delete_subnet()
    at.delete_group()
    return at


def interface_endpoint(at: Place) -> str:
    made = at.owner.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=at.vpc_id,
        SubnetIds=[at.subnet_id],
        SecurityGroupIds=[at.group_id],
        ServiceName=f"com.amazonaws.{REGION}.ssm",
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def test_an_endpoint_holds_its_place_until_it_is_wholly_deleted() -> None:
    at = place()
    endpoint_id = interface_endpoint(at)
    pass_time(10)

    while_available = [refusal(each) for each in at.deletions()]
    at.owner.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    while_deleting = [refusal(each) for each in at.deletions()]
    pass_time(10)
    for each in at.deletions():
        each()

    assert while_available == while_deleting == ["DependencyViolation"] * 3
    assert at.vpc_id not in [each["VpcId"] for each in at.owner.ec2.describe_vpcs()["Vpcs"]]


def test_an_endpoint_that_was_rejected_holds_its_place_too() -> None:
    at, provider = place(), person()
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/net/lb/0123456789abcdef"
    offered = provider.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer])
    service = offered["ServiceConfiguration"]
    provider.ec2.modify_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"], AddAllowedPrincipals=["*"])
    made = at.owner.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=at.vpc_id, SubnetIds=[at.subnet_id], ServiceName=service["ServiceName"]
    )["VpcEndpoint"]

    provider.ec2.reject_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=[made["VpcEndpointId"]])
    pass_time(60)

    assert refusal(at.delete_subnet) == "DependencyViolation"


def test_a_gateway_endpoint_holds_its_vpc() -> None:
    at = emptied(place())
    made = at.owner.ec2.create_vpc_endpoint(VpcId=at.vpc_id, ServiceName=f"com.amazonaws.{REGION}.s3")["VpcEndpoint"]

    while_it_is_there = refusal(at.delete_vpc)
    at.owner.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    at.delete_vpc()

    assert while_it_is_there == "DependencyViolation"


def test_a_resource_gateway_holds_its_place() -> None:
    at = place()
    gateway = at.owner.lattice.create_resource_gateway(
        name="gateway", vpcIdentifier=at.vpc_id, subnetIds=[at.subnet_id], securityGroupIds=[at.group_id]
    )
    pass_time(5)

    held = [refusal(each) for each in at.deletions()]
    at.owner.lattice.delete_resource_gateway(resourceGatewayIdentifier=gateway["id"])
    pass_time(5)
    for each in at.deletions():
        each()

    assert held == ["DependencyViolation"] * 3


def test_a_vpc_in_a_service_network_stays_until_it_has_left_it() -> None:
    """AWS does not say so: it is the stricter guess."""
    at = emptied(place())
    joined = at.owner.lattice.create_service_network_vpc_association(
        serviceNetworkIdentifier=network(at.owner)["id"], vpcIdentifier=at.vpc_id
    )
    pass_time(5)
    leave = {"serviceNetworkVpcAssociationIdentifier": joined["id"]}

    while_associated = refusal(at.delete_vpc)
    at.owner.lattice.delete_service_network_vpc_association(**leave)
    while_leaving = refusal(at.delete_vpc)
    pass_time(5)
    at.delete_vpc()

    assert (while_associated, while_leaving) == ("DependencyViolation", "DependencyViolation")


def test_an_endpoints_network_interface_is_in_use() -> None:
    at = place()
    endpoint_id = interface_endpoint(at)
    (described,) = at.owner.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    (interface_id,) = described["NetworkInterfaceIds"]
    own = at.owner.ec2.create_network_interface(SubnetId=at.subnet_id)["NetworkInterface"]["NetworkInterfaceId"]

    refused = refusal(lambda: at.owner.ec2.delete_network_interface(NetworkInterfaceId=interface_id))
    at.owner.ec2.delete_network_interface(NetworkInterfaceId=own)

    assert refused == "InvalidParameterValue"


@pytest.mark.parametrize("by", ["GroupId", "GroupName"])
def test_a_group_that_nothing_holds_is_deleted_by_id_and_by_name(by: str) -> None:
    owner = person()
    made = owner.ec2.create_security_group(GroupName="nobody", Description="nobody")

    owner.ec2.delete_security_group(**{by: made["GroupId"] if by == "GroupId" else "nobody"})

    names = [each["GroupName"] for each in owner.ec2.describe_security_groups()["SecurityGroups"]]
    assert "nobody" not in names
