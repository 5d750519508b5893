"""All attachments of this account, as AWS lists them: a few calls, however many there are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from drawbridge.association import MadeAttachment, Mode, settings_of
from drawbridge.aws.errors import translated
from drawbridge.aws.lattice_entities import LatticeEntities
from drawbridge.aws.once import Once
from drawbridge.aws.ownership import OWNER_TAG
from drawbridge.aws.pages import pages
from drawbridge.aws.service_networks import association_names
from drawbridge.aws.vpc_endpoints import ENDPOINT_TYPES, TERMINATED, counts_for_quota, endpoint_names, named_resource
from drawbridge.errors import GoneError, UpstreamError
from drawbridge.publication.named import NamedResource

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef
    from mypy_boto3_vpc_lattice import VPCLatticeClient


class AttachmentListing:
    """A listing of the attachments: what is listed once is kept, and nothing is listed that nobody asks for."""

    def __init__(self, ec2: EC2Client, lattice: VPCLatticeClient) -> None:
        self._ec2 = ec2
        self._lattice = lattice
        self._entities = LatticeEntities(lattice)
        self._in_network = Once[str, list[NamedResource]](lambda arn: self._entities.named_in_network(arn, arn))
        self._in_vpcs = Once[str, dict[str, Any]](self._list_vpcs)
        self._unlisted = Once[str, Any](self._ask_for)
        self._listed = Once[None, list[Any]](lambda _: self._list_endpoints())
        self._usable = Once[None, dict[str, Any]](lambda _: self._usable_endpoints())
        self._all_named = Once[None, dict[str, list[NamedResource]]](lambda _: self._list_named())

    def security_groups(self, endpoint_id: str) -> frozenset[str] | None:
        """Return the groups of an endpoint; ``None`` if it is gone, or going: of one that is not listed EC2 is asked.

        Raises:
            UpstreamError: EC2 neither shows the endpoint nor says that there is none.
        """
        found = self._endpoints.get(endpoint_id) or self._unlisted(endpoint_id)
        return None if found is None else frozenset(group["GroupId"] for group in found.get("Groups", []))

    def _ask_for(self, endpoint_id: str) -> Any:
        try:
            with translated(f"ask for {endpoint_id}"):
                found = self._ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
        except GoneError:
            return None
        if not found:
            raise UpstreamError(f"EC2 neither shows {endpoint_id} nor says that there is none")
        return found[0] if found[0]["State"].lower() not in TERMINATED else None

    def settings(self, made: MadeAttachment) -> str:
        """Return what ``settings_of`` makes of the endpoint, or of the VPC's association; empty if that is gone."""
        if made.endpoint_id:
            endpoint = self._endpoints.get(made.endpoint_id)
            tags = {tag["Key"]: tag["Value"] for tag in endpoint.get("Tags", [])} if endpoint else {}
            return settings_of(*endpoint_names(endpoint), tags.get(OWNER_TAG, "")) if endpoint else ""
        there = self._in_vpcs(made.network_arn).get(made.vpc_association)
        return settings_of(*association_names(there)) if there else ""

    def count(self, vpc_id: str, mode: Mode) -> int:
        """Count the endpoints of the mode's type in a VPC, whoever made them."""
        kind = ENDPOINT_TYPES[mode]
        there = (each for each in self._listed(None) if counts_for_quota(each["State"]))
        return sum(each["VpcId"] == vpc_id and each["VpcEndpointType"] == kind for each in there)

    def named(self, endpoint_id: str) -> list[NamedResource]:
        return self._all_named(None)[endpoint_id]

    def named_in_network(self, network_arn: str, resource_arn: str) -> list[NamedResource]:
        """Return what a network leads to: one resource with the children of a group, or all."""
        found = self._in_network(network_arn)
        alone = [each for each in found if each.resource_arn == resource_arn and each.dns_name]
        if resource_arn == network_arn or alone:
            return found
        # The list of all does not say which of the children are of this group.
        return self._entities.named_in_network(network_arn, resource_arn)

    def vpc_associations(self, network_arn: str) -> frozenset[str]:
        """Return the ids of a network's associations with VPCs."""
        return frozenset(self._in_vpcs(network_arn))

    def _list_vpcs(self, network_arn: str) -> dict[str, Any]:
        with translated(f"list the VPCs of {network_arn}"):
            return {
                each["id"]: each
                for page in self._lattice.get_paginator("list_service_network_vpc_associations").paginate(
                    serviceNetworkIdentifier=network_arn
                )
                for each in page["items"]
                if each["status"] != "DELETE_IN_PROGRESS"
            }

    @property
    def _endpoints(self) -> dict[str, Any]:
        return self._usable(None)

    def _usable_endpoints(self) -> dict[str, Any]:
        listed = self._listed(None)
        return {each["VpcEndpointId"]: each for each in listed if each["State"].lower() not in TERMINATED}

    def _list_endpoints(self) -> list[Any]:
        kinds: list[FilterTypeDef] = [{"Name": "vpc-endpoint-type", "Values": [*ENDPOINT_TYPES.values()]}]
        with translated("list endpoints"):
            return [
                each
                for page in self._ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=kinds)
                for each in page["VpcEndpoints"]
            ]

    def _list_named(self) -> dict[str, list[NamedResource]]:
        found: dict[str, list[NamedResource]] = defaultdict(list)
        call: Any = self._ec2.describe_vpc_endpoint_associations
        with translated("list what endpoints lead to"):
            for page in pages(call, marker="NextToken"):
                for each in page["VpcEndpointAssociations"]:
                    found[each["VpcEndpointId"]].append(named_resource(each))
        return found
