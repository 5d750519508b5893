"""moto's VPCs, subnets and security groups, with the checks that endpoints and gateways need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import ec2_backends

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall


def ec2_of(call: ServiceCall) -> Any:
    return ec2_backends[call.account_id][call.region]


WITHOUT_LATTICE = frozenset(
    {"use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "euc1-az2", "euw1-az4", "cac1-az3", "ilc1-az2"}
)
"""Ids of zones without endpoints to VPC Lattice's resources and networks, from its user guide."""

_ADDRESSES_OF_NETWORK = 16
"""A ServiceNetwork endpoint takes a /28 of each subnet for up to 16 resource configurations."""


@dataclass(frozen=True)
class VpcPlace:
    """A VPC's account and Region, and moto's VPC."""

    account_id: str
    region: str
    vpc: Any


def place_of(vpc_id: str) -> VpcPlace | None:
    """Return a VPC of any account; None if it does not exist."""
    for account_id in list(ec2_backends):
        for region, backend in list(ec2_backends[account_id].items()):
            if vpc_id in backend.vpcs:
                return VpcPlace(account_id, region, backend.vpcs[vpc_id])
    return None


def check_vpc(call: ServiceCall, vpc_id: str) -> Any:
    vpc = ec2_of(call).vpcs.get(vpc_id)
    if vpc is None:
        raise AwsError("InvalidVpcId.NotFound", f"The Vpc Id {vpc_id} does not exist")
    return vpc


def check_subnets(call: ServiceCall, vpc_id: str, subnet_ids: Sequence[str]) -> list[Any]:
    """Return the subnets; each must be of the VPC, and no two in one zone."""
    found = {subnet_id: _subnet(call, subnet_id) for subnet_id in subnet_ids}
    zones: set[str] = set()
    for subnet_id, subnet in found.items():
        if subnet is None or subnet.vpc_id != vpc_id:
            raise AwsError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
        if subnet.availability_zone in zones:
            raise AwsError(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet_id}",
            )
        zones.add(subnet.availability_zone)
    return list(found.values())


def check_groups(call: ServiceCall, vpc_id: str, group_ids: Sequence[str]) -> list[Any]:
    """Return the security groups; by default the VPC's default group."""
    ec2 = ec2_of(call)
    if not group_ids:
        return [ec2.get_default_security_group(vpc_id)]
    found = [ec2.get_security_group_from_id(group_id) for group_id in group_ids]
    for group_id, group in zip(group_ids, found, strict=True):
        if group is None or group.vpc_id != vpc_id:
            raise AwsError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
    return found


def dns_is_on(call: ServiceCall, vpc_id: str) -> bool:
    vpc = check_vpc(call, vpc_id)
    return bool(vpc.enable_dns_support) and bool(vpc.enable_dns_hostnames)


def check_room(call: ServiceCall, subnet_ids: Sequence[str], kind: str, address_type: str) -> None:
    """Refuse the call if one of the subnets can't have an endpoint of this type.

    Raises:
        AwsError: a zone does not take it, a subnet has no addresses of the type, or not enough free ones.
    """
    for subnet in (_subnet(call, subnet_id) for subnet_id in subnet_ids):
        if subnet is None:
            continue
        if kind in {"Resource", "ServiceNetwork"} and not _takes_lattice(subnet):
            raise AwsError(
                "InvalidParameter",
                f"The VPC endpoint type {kind} does not support the availability zone of the subnet: {subnet.id}.",
            )
        if address_type not in _address_types(subnet):
            raise AwsError(
                "InvalidParameter", f"The subnet {subnet.id} does not support the IP address type {address_type}."
            )
        if subnet.available_ip_address_count < (_ADDRESSES_OF_NETWORK if kind == "ServiceNetwork" else 1):
            raise AwsError(
                "InsufficientFreeAddressesInSubnet",
                f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number.",
            )


def _takes_lattice(subnet: Any) -> bool:
    zone = subnet._availability_zone  # noqa: SLF001 - moto's public attributes are the zone's name and id only
    return (
        subnet.availability_zone_id not in WITHOUT_LATTICE
        and zone.zone_type == "availability-zone"
        and not getattr(subnet, "outpost_arn", None)
    )


def _address_types(subnet: Any) -> set[str]:
    """Return the address types that an endpoint there can have (AWS PrivateLink guide, "IP address type")."""
    if subnet.ipv6_native:
        return {"ipv6"}
    return {"ipv4", "dualstack"} if subnet.ipv6_cidr_block_associations else {"ipv4"}


def zone_ids(account_id: str, region: str, subnet_ids: Sequence[str]) -> set[str]:
    """Return the ids of the subnets' zones: names of zones differ between accounts, ids don't."""
    ec2 = ec2_backends[account_id][region]
    subnets = [subnet for by_id in ec2.subnets.values() for subnet in by_id.values() if subnet.id in set(subnet_ids)]
    return {subnet.availability_zone_id for subnet in subnets}


def _subnet(call: ServiceCall, subnet_id: str) -> Any:
    by_zone = ec2_of(call).subnets.values()
    return next((subnets[subnet_id] for subnets in by_zone if subnet_id in subnets), None)
