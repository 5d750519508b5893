"""EC2's VPCs and subnets in this account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
    """The VPCs that bindings name. What is asked once is kept: build it anew for each look."""

    def __init__(self, ec2: EC2Client) -> None:
        self._ec2 = ec2
        self._subnets: dict[str, str | None] = {}
        self._groups: dict[str, str | None] = {}
        self._dns: dict[str, bool] = {}
        self._found: dict[tuple[tuple[str, str], ...], list[Vpc]] = {}

    def vpc(self, vpc_id: str) -> Vpc | None:
        return next(iter(self._vpcs({"vpc-id": vpc_id})), None)

    def tagged(self, tags: dict[str, str]) -> list[Vpc]:
        """Give the VPCs that have all the tags, by id."""
        return self._vpcs({f"tag:{key}": value for key, value in tags.items()})

    def vpc_of_group(self, group_id: str) -> str | None:
        """Give the VPC of a security group; ``None`` if there is no such group."""
        if group_id not in self._groups:
            call = self._ec2.describe_security_groups
            self._groups[group_id] = self._vpc_of(group_id, call, "group-id", "SecurityGroups")
        return self._groups[group_id]

    def vpc_of_subnet(self, subnet_id: str) -> str | None:
        """Give the VPC of a subnet; ``None`` if there is no such subnet."""
        if subnet_id not in self._subnets:
            self._subnets[subnet_id] = self._vpc_of(subnet_id, self._ec2.describe_subnets, "subnet-id", "Subnets")
        return self._subnets[subnet_id]

    @staticmethod
    def _vpc_of(identifier: str, call: Callable[..., Any], filtered_by: str, member: str) -> str | None:
        only = [{"Name": filtered_by, "Values": [identifier]}]
        with translated(f"look for {identifier}"):
            found = [each["VpcId"] for page in pages(call, marker="NextToken", Filters=only) for each in page[member]]
        return found[0] if found else None

    def has_dns(self, vpc_id: str) -> bool:
        """Tell whether the VPC has DNS support and DNS host names."""
        if vpc_id not in self._dns:
            with translated(f"look at the DNS of {vpc_id}"):
                support = self._ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
                names = self._ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
            self._dns[vpc_id] = bool(support["EnableDnsSupport"]["Value"] and names["EnableDnsHostnames"]["Value"])
        return self._dns[vpc_id]

    def _vpcs(self, wanted: dict[str, str]) -> list[Vpc]:
        key = tuple(sorted(wanted.items()))
        if key not in self._found:
            self._found[key] = self._list([{"Name": name, "Values": [value]} for name, value in key])
        return self._found[key]

    def _list(self, filters: list[dict[str, object]]) -> list[Vpc]:
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
                    self._subnets[subnet["SubnetId"]] = subnet["VpcId"]
                    if subnet["AvailabilityZoneId"] in _UNSUPPORTED_ZONES or not subnet["AvailableIpAddressCount"]:
                        continue
                    of_vpc = zones[subnet["VpcId"]]
                    zone = subnet["AvailabilityZone"]
                    of_vpc[zone] = min(subnet["SubnetId"], of_vpc.get(zone, subnet["SubnetId"]))
        return {vpc_id: tuple(of_vpc[zone] for zone in sorted(of_vpc)) for vpc_id, of_vpc in zones.items()}
