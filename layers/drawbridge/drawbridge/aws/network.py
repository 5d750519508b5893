"""EC2's VPCs and subnets in this account."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from drawbridge.association.plan import Vpc
from drawbridge.aws.errors import translated
from drawbridge.aws.pages import pages

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


_UNSUPPORTED_ZONES = frozenset(
    {"use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "euc1-az2", "euw1-az4", "cac1-az3", "ilc1-az2"}
)
"""Zones that take no resource endpoint (VPC Lattice user guide, "Resource VPC endpoints")."""


class Network:
    """The VPCs that bindings name."""

    def __init__(self, ec2: EC2Client) -> None:
        self._ec2 = ec2

    def vpc(self, vpc_id: str) -> Vpc | None:
        return next(iter(self._vpcs([{"Name": "vpc-id", "Values": [vpc_id]}])), None)

    def tagged(self, tags: dict[str, str]) -> list[Vpc]:
        """Give the VPCs that have all the tags, by id."""
        return self._vpcs([{"Name": f"tag:{key}", "Values": [value]} for key, value in sorted(tags.items())])

    def _vpcs(self, filters: list[dict[str, object]]) -> list[Vpc]:
        with translated("list VPCs"):
            ids = sorted(
                each["VpcId"]
                for page in pages(self._ec2.describe_vpcs, marker="NextToken", Filters=filters)
                for each in page["Vpcs"]
            )
        subnets = self._one_subnet_per_zone(ids) if ids else {}
        return [Vpc(vpc_id=vpc_id, subnet_ids=subnets.get(vpc_id, ())) for vpc_id in ids]

    def _one_subnet_per_zone(self, vpc_ids: list[str]) -> dict[str, tuple[str, ...]]:
        """Choose by zone, the same at every look: the subnet with the lowest id."""
        zones: dict[str, dict[str, str]] = defaultdict(dict)
        with translated("list subnets"):
            for page in pages(
                self._ec2.describe_subnets,
                marker="NextToken",
                Filters=[{"Name": "vpc-id", "Values": vpc_ids}, {"Name": "state", "Values": ["available"]}],
            ):
                for subnet in page["Subnets"]:
                    if subnet["AvailabilityZoneId"] in _UNSUPPORTED_ZONES or not subnet["AvailableIpAddressCount"]:
                        continue
                    of_vpc = zones[subnet["VpcId"]]
                    zone = subnet["AvailabilityZone"]
                    of_vpc[zone] = min(subnet["SubnetId"], of_vpc.get(zone, subnet["SubnetId"]))
        return {vpc_id: tuple(of_vpc[zone] for zone in sorted(of_vpc)) for vpc_id, of_vpc in zones.items()}
