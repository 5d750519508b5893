"""EC2's VPCs and subnets in this account."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from drawbridge.association.subnets import Subnet, Vpc
from drawbridge.aws.errors import code_of, translated
from drawbridge.errors import UpstreamError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef


_MOST_VALUES = 200
"""Of one filter (Amazon EC2 API Reference, ``FilterLimitExceeded``)."""
_MOST_FILTERS = 50

_WILDCARD = re.compile(r"[*?\\]")


def exactly(value: str) -> str:
    """Return the value of a filter that matches just this text: ``*`` and ``?`` are wildcards to EC2."""
    return _WILDCARD.sub(r"\\\g<0>", value)


class Vpcs:
    """The VPCs that bindings name. What is asked once is kept: build it anew for each sweep or attempt."""

    def __init__(self, ec2: EC2Client) -> None:
        self._ec2 = ec2
        self._subnets: dict[str, Subnet | None] = {}
        self._groups: dict[str, str | None] = {}
        self._dns: dict[str, bool] = {}
        self._tags: dict[str, dict[str, str] | None] = {}
        self._vpcs: dict[str, Vpc | None] = {}
        self._tagged: dict[tuple[tuple[str, str], ...], list[Vpc]] = {}

    def vpc(self, vpc_id: str) -> Vpc | None:
        if vpc_id not in self._vpcs:
            found = self._list([_filter("vpc-id", exactly(vpc_id))], {})
            self._vpcs[vpc_id] = next(iter(found), None)
        return self._vpcs[vpc_id]

    def tagged(self, tags: dict[str, str]) -> list[Vpc]:
        """Return the VPCs that have all the tags, by id: just these texts, whatever EC2 makes of its filter."""
        key = tuple(sorted(tags.items()))
        if key not in self._tagged:
            filters = [_filter(f"tag:{name}", exactly(value)) for name, value in key[:_MOST_FILTERS]]
            self._tagged[key] = self._list(filters, tags)
        return self._tagged[key]

    def tags_of(self, vpc_id: str) -> dict[str, str] | None:
        """Return the tags of a VPC, asked for by its id; ``None`` if EC2 says that there is no such VPC.

        Raises:
            UpstreamError: EC2 answers with neither.
        """
        if vpc_id not in self._tags:
            self._tags[vpc_id] = self._ask_for_tags(vpc_id)
        return self._tags[vpc_id]

    def _ask_for_tags(self, vpc_id: str) -> dict[str, str] | None:
        with translated(f"look for {vpc_id}"):
            try:
                found = self._ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
            except ClientError as error:
                if code_of(error) == "InvalidVpcID.NotFound":
                    return None
                raise
        if not found:
            raise UpstreamError(f"EC2 neither shows {vpc_id} nor says that there is none")
        return {tag["Key"]: tag["Value"] for tag in found[0].get("Tags", [])}

    def vpc_of_group(self, group_id: str) -> str | None:
        """Return the VPC of a security group; ``None`` if there is no such group."""
        if group_id not in self._groups:
            of_group = [_filter("group-id", exactly(group_id))]
            with translated(f"look for {group_id}"):
                found = [
                    each["VpcId"]
                    for page in self._ec2.get_paginator("describe_security_groups").paginate(Filters=of_group)
                    for each in page["SecurityGroups"]
                ]
            self._groups[group_id] = found[0] if found else None
        return self._groups[group_id]

    def subnet(self, subnet_id: str) -> Subnet | None:
        """Return a subnet; ``None`` if there is none of that id."""
        if subnet_id not in self._subnets:
            found = self._list_subnets([_filter("subnet-id", exactly(subnet_id))])
            self._subnets[subnet_id] = next(iter(found), None)
        return self._subnets[subnet_id]

    def has_dns(self, vpc_id: str) -> bool:
        """Return whether the VPC has DNS support and DNS host names."""
        if vpc_id not in self._dns:
            with translated(f"look at the DNS of {vpc_id}"):
                support = self._ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
                names = self._ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
            self._dns[vpc_id] = bool(support["EnableDnsSupport"]["Value"] and names["EnableDnsHostnames"]["Value"])
        return self._dns[vpc_id]

    def _list(self, filters: list[FilterTypeDef], tags: dict[str, str]) -> list[Vpc]:
        with translated("list VPCs"):
            ids = sorted(
                each["VpcId"]
                for page in self._ec2.get_paginator("describe_vpcs").paginate(Filters=filters)
                for each in page["Vpcs"]
                if tags.items() <= {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])}.items()
            )
        subnets: dict[str, list[Subnet]] = defaultdict(list)
        for start in range(0, len(ids), _MOST_VALUES):
            of_some = [_filter("vpc-id", *ids[start : start + _MOST_VALUES]), _filter("state", "available")]
            for subnet in self._list_subnets(of_some):
                self._subnets[subnet.id] = subnet
                subnets[subnet.vpc_id].append(subnet)
        return [Vpc(vpc_id=vpc_id, subnets=tuple(subnets[vpc_id])) for vpc_id in ids]

    def _list_subnets(self, filters: list[FilterTypeDef]) -> list[Subnet]:
        with translated("list subnets"):
            listed = [
                each
                for page in self._ec2.get_paginator("describe_subnets").paginate(Filters=filters)
                for each in page["Subnets"]
            ]
        return [_subnet(each, self._zone_types) for each in listed]

    @cached_property
    def _zone_types(self) -> dict[str, str]:
        """Return what kind each zone is of, by its id: those of the Region, and those that the account opted into."""
        with translated("list availability zones"):
            return {
                each["ZoneId"]: each.get("ZoneType", "")
                for each in self._ec2.describe_availability_zones()["AvailabilityZones"]
            }


def _filter(name: str, *values: str) -> FilterTypeDef:
    return {"Name": name, "Values": [*values]}


def _subnet(each: Any, zone_types: dict[str, str]) -> Subnet:
    blocks = each.get("Ipv6CidrBlockAssociationSet", [])
    has_ipv6 = any(block.get("Ipv6CidrBlockState", {}).get("State") == "associated" for block in blocks)
    both = {"ipv4", "dualstack"} if has_ipv6 else {"ipv4"}
    return Subnet(
        id=each["SubnetId"],
        vpc_id=each["VpcId"],
        zone=each["AvailabilityZone"],
        zone_id=each["AvailabilityZoneId"],
        zone_type=zone_types.get(each["AvailabilityZoneId"], ""),
        on_outpost=bool(each.get("OutpostArn")),
        address_types=frozenset({"ipv6"} if each.get("Ipv6Native") else both),
        free=each["AvailableIpAddressCount"],
    )
