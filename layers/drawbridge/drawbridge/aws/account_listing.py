"""What plans rest on, listed for the whole account: as many calls for a thousand requests as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drawbridge.arns import is_of
from drawbridge.association import Mode
from drawbridge.association.account_inventory import ListedNetwork, ListedVpc
from drawbridge.aws.attachment_listing import AttachmentListing
from drawbridge.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_vpc_lattice import VPCLatticeClient


class AccountListing:
    """A listing of the account: what is listed once is kept, and nothing is listed that nobody asks for."""

    def __init__(
        self,
        ec2: EC2Client,
        lattice: VPCLatticeClient,
        route53: Callable[[], Route53Client],
        attachments: AttachmentListing,
        *,
        account_id: str,
    ) -> None:
        self._ec2 = ec2
        self._lattice = lattice
        self._route53 = route53
        self._attachments = attachments
        self._account_id = account_id

    def resources(self, arns: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Return what VPC Lattice lists of each, if it lists it: it lists what is shared with this account too."""
        found: dict[str, tuple[str, ...]] = {}
        if any(":resourceconfiguration/" in arn for arn in arns):
            found |= self._configurations
        if any(":service/" in arn for arn in arns):
            found |= self._services
        if any(":servicenetwork/" in arn for arn in arns):
            # Everything else of it, as when it was changed, changes with what is put into it.
            found |= {each.arn: (each.name,) for each in self.networks()}
        return {arn: found[arn] for arn in arns if arn in found}

    def vpcs(self) -> Collection[ListedVpc]:
        return self._vpcs

    def subnets(self) -> Mapping[str, str]:
        return {each["SubnetId"]: each["VpcId"] for each in self._subnets}

    def security_groups(self) -> Mapping[str, str]:
        return self._groups

    def own_networks(self) -> Mapping[str, ListedNetwork]:
        return {each.name: each for each in self.networks() if is_of(each.arn, self._account_id)}

    def networks(self) -> Collection[ListedNetwork]:
        return self._networks

    def hosted_zones(self) -> Mapping[str, bool]:
        return self._zones

    def endpoints(self, vpc_id: str, mode: Mode) -> int:
        return self._attachments.count(vpc_id, mode)

    @cached_property
    def _configurations(self) -> dict[str, tuple[str, ...]]:
        with translated("list resource configurations"):
            return {
                each["arn"]: (*_attributes(each), str(each.get("lastUpdatedAt", "")))
                for page in self._lattice.get_paginator("list_resource_configurations").paginate()
                for each in page["items"]
            }

    @cached_property
    def _services(self) -> dict[str, tuple[str, ...]]:
        with translated("list services"):
            return {
                each["arn"]: tuple(_attributes(each))
                for page in self._lattice.get_paginator("list_services").paginate()
                for each in page["items"]
            }

    @cached_property
    def _networks(self) -> tuple[ListedNetwork, ...]:
        with translated("list service networks"):
            return tuple(
                ListedNetwork(
                    arn=each["arn"],
                    name=each["name"],
                    resources=each.get("numberOfAssociatedResourceConfigurations", 0),
                    vpcs=each.get("numberOfAssociatedVPCs", 0),
                )
                for page in self._lattice.get_paginator("list_service_networks").paginate()
                for each in page["items"]
            )

    @cached_property
    def _vpcs(self) -> tuple[ListedVpc, ...]:
        places: dict[str, dict[tuple[str, ...], str]] = defaultdict(dict)
        for subnet in self._subnets:
            if subnet["State"] == "available":
                of_vpc, kind = places[subnet["VpcId"]], _kind_of_place(subnet)
                of_vpc[kind] = min(subnet["SubnetId"], of_vpc.get(kind, subnet["SubnetId"]))
        with translated("list VPCs"):
            return tuple(
                ListedVpc(
                    vpc_id=each["VpcId"],
                    tags={tag["Key"]: tag["Value"] for tag in each.get("Tags", [])},
                    places=tuple(sorted((*kind, lowest) for kind, lowest in places[each["VpcId"]].items())),
                )
                for page in self._ec2.get_paginator("describe_vpcs").paginate()
                for each in page["Vpcs"]
            )

    @cached_property
    def _subnets(self) -> list[Any]:
        with translated("list subnets"):
            return [each for page in self._ec2.get_paginator("describe_subnets").paginate() for each in page["Subnets"]]

    @cached_property
    def _groups(self) -> dict[str, str]:
        with translated("list security groups"):
            return {
                each["GroupId"]: each.get("VpcId", "")
                for page in self._ec2.get_paginator("describe_security_groups").paginate()
                for each in page["SecurityGroups"]
            }

    @cached_property
    def _zones(self) -> dict[str, bool]:
        with translated("list hosted zones"):
            return {
                each["Id"].rpartition("/")[2]: each.get("Config", {}).get("PrivateZone", False)
                for page in self._route53().get_paginator("list_hosted_zones").paginate()
                for each in page["HostedZones"]
            }


def _attributes(each: Any) -> Iterator[str]:
    """Yield what a plan could go by of a resource configuration or a service, as far as the listing shows it."""
    for member in ("name", "type", "status", "customDomainName", "resourceConfigurationGroupId"):
        yield str(each.get(member, ""))


def _kind_of_place(subnet: Any) -> tuple[str, ...]:
    """Return what makes subnets differ as places for an endpoint; free addresses change all the time."""
    by_ipv6 = any(
        each.get("Ipv6CidrBlockState", {}).get("State") == "associated"
        for each in subnet.get("Ipv6CidrBlockAssociationSet", [])
    )
    only_ipv6 = bool(subnet.get("Ipv6Native"))
    return subnet["AvailabilityZoneId"], subnet.get("OutpostArn", ""), f"{by_ipv6} {only_ipv6}"
