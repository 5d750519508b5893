"""EC2's deletion of what VPC endpoints and VPC Lattice hold: VPCs, subnets, security groups and network interfaces."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import Proceed, ServiceCall, extend_operation
from local_aws.services.ec2.vpc_facts import ec2_of
from local_aws.services.lattice.network_vpcs import vpc_associations
from local_aws.services.lattice.store import gateways
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints


def install() -> None:
    extend_operation("ec2", "DeleteVpc", _delete_vpc)
    extend_operation("ec2", "DeleteSubnet", _delete_subnet)
    extend_operation("ec2", "DeleteSecurityGroup", _delete_group)
    extend_operation("ec2", "DeleteNetworkInterface", _delete_interface)


def _holding(call: ServiceCall) -> Iterator[Endpoint]:
    """Yield the account's endpoints, which hold their place until they are wholly deleted.

    Seen on AWS while they are ``deleting`` (github.com/gruntwork-io/cloud-nuke, pull request 293).
    """
    for endpoint in endpoints.values():
        if (endpoint.owner, endpoint.region) == (call.account_id, call.region) and endpoint.state != "deleted":
            yield endpoint


def _gateways(call: ServiceCall) -> Iterator[dict[str, Any]]:
    for gateway in gateways.values():
        if (gateway.owner, gateway.region) == (call.account_id, call.region):
            yield gateway.shown


def _delete_vpc(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    vpc_id = params["VpcId"]
    held = {endpoint.vpc_id for endpoint in _holding(call)} | {each["vpcId"] for each in _gateways(call)}
    held |= {each.vpc_id for each in ec2_of(call).vpc_end_points.values() if each.state != "deleted"}
    # A guess: AWS does not say whether an association with a service network holds a VPC.
    held |= {each.vpc_id for each in vpc_associations.values()}
    _check(vpc_id, held, f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    return proceed()


def _delete_subnet(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    subnet_id = params["SubnetId"]
    held = {each for endpoint in _holding(call) for each in endpoint.subnet_ids}
    held |= {each for gateway in _gateways(call) for each in gateway["subnetIds"]}
    _check(subnet_id, held, f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    return proceed()


def _delete_group(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    # A group's name stands for it in the default VPC only.
    group = ec2_of(call).get_security_group_by_name_or_id(params.get("GroupId") or params.get("GroupName"))
    held = {each["GroupId"] for endpoint in _holding(call) for each in endpoint.groups}
    held |= {each for gateway in _gateways(call) for each in gateway["securityGroupIds"]}
    if group is not None:
        _check(group.id, held, f"resource {group.id} has a dependent object")
    return proceed()


def _delete_interface(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    interface_id = params["NetworkInterfaceId"]
    if any(interface_id in endpoint.network_interface_ids for endpoint in _holding(call)):
        # Seen on AWS (github.com/gruntwork-io/cloud-nuke, issue 431).
        raise AwsError("InvalidParameterValue", f"Network interface '{interface_id}' is currently in use.")
    return proceed()


def _check(resource_id: str, held: Collection[str], message: str) -> None:
    if resource_id in held:
        raise AwsError("DependencyViolation", message)
