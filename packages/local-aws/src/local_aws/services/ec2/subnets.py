"""Subnets outside of a Region's availability zones: in Local Zones and Wavelength Zones, and on Outposts."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone
from moto.ec2.models.subnets import Subnet

from local_aws.moto_extension.operations import Proceed, ServiceCall, extend_operation
from local_aws.services.ec2.vpc_facts import ec2_of


def install() -> None:
    for region, zones in RegionsAndZonesBackend.zones.items():
        zones.extend(_elsewhere(region, zones[0].zone_id.partition("-az")[0]))
    _have_zones_described_by_type()
    # moto answers with the text of a mapping as the state.
    Subnet.ipv6_cidr_block_association_set = property(_ipv6_blocks)
    extend_operation("ec2", "CreateSubnet", _create)


def _elsewhere(region: str, code: str) -> list[Zone]:
    """Return the further zones that every account here has opted into."""
    return [
        Zone(f"{region}-bos-1a", region, f"{code}-bos1-az1", "local-zone"),
        Zone(f"{region}-wl1-bos-wlz-1", region, f"{code}-wl1-bos-wlz1", "wavelength-zone"),
    ]


def _have_zones_described_by_type() -> None:
    original = RegionsAndZonesBackend.describe_availability_zones

    def describe(self: Any, *args: Any, **kwargs: Any) -> list[Zone]:
        zones = original(self, *args, **kwargs)
        # moto calls this without arguments to create default subnets, which are in availability zones only.
        return zones if args or kwargs else [zone for zone in zones if zone.zone_type == "availability-zone"]

    RegionsAndZonesBackend.describe_availability_zones = describe


def _ipv6_blocks(subnet: Subnet) -> list[dict[str, Any]]:
    return [
        each | {"ipv6CidrBlockState": {"state": each["ipv6CidrBlockState"]["State"]}}
        for each in subnet.ipv6_cidr_block_associations.values()
        if each["ipv6CidrBlockState"]["State"] == "associated"
    ]


def _create(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    before = {subnet_id for subnets in ec2_of(call).subnets.values() for subnet_id in subnets}
    answer = proceed()
    for subnets in ec2_of(call).subnets.values():
        for subnet_id in subnets.keys() - before:
            # moto's answer reads the subnet's attributes.
            subnets[subnet_id].outpost_arn = params.get("OutpostArn")
    return answer
