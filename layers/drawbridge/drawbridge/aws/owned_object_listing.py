"""What there is in this account of the kinds that Drawbridge makes, and what of it carries our ownership tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.aws.errors import translated
from drawbridge.aws.ownership import OWNER_TAG
from drawbridge.aws.vpc_endpoints import BINDING_TAG, RESOURCE_TAG, TERMINATED
from drawbridge.errors import AccessDeniedError, GoneError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef
    from mypy_boto3_vpc_lattice import VPCLatticeClient


class OwnedObjectListing:
    """A listing of owned objects: what is listed once is kept."""

    def __init__(self, ec2: EC2Client, lattice: VPCLatticeClient, *, owner: str) -> None:
        self._ec2 = ec2
        self._lattice = lattice
        self._owner = owner

    def endpoints(self) -> Iterable[OwnedObject]:
        """Return the endpoints that carry our ownership tag."""
        return self._endpoints

    def network_associations(self) -> Iterable[OwnedObject]:
        """Return the associations of the service networks that this account sees, whoever made them."""
        return self._in_networks

    def is_ours(self, made: OwnedObject) -> bool:
        """Return whether it carries our ownership tag; what AWS does not show the tags of is not ours."""
        if not made.arn:
            # Endpoints are listed with their tags.
            return True
        try:
            with translated(f"ask for the tags of {made.id}"):
                tags = self._lattice.list_tags_for_resource(resourceArn=made.arn)["tags"]
        except (GoneError, AccessDeniedError):
            return False
        return tags.get(OWNER_TAG) == self._owner

    @cached_property
    def _endpoints(self) -> tuple[OwnedObject, ...]:
        marked: list[FilterTypeDef] = [{"Name": "tag-key", "Values": [OWNER_TAG]}]
        with translated("list the endpoints of ours"):
            found = [
                each
                for page in self._ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=marked)
                for each in page["VpcEndpoints"]
            ]
        return tuple(self._ours(found))

    def _ours(self, found: Iterable[Any]) -> Iterator[OwnedObject]:
        for each in found:
            tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])}
            if tags.get(OWNER_TAG) != self._owner or each["State"].lower() in TERMINATED:
                continue
            if each["VpcEndpointType"] == "ServiceNetwork":
                yield OwnedObject(
                    id=each["VpcEndpointId"],
                    kind=OwnedKind.NETWORK_ENDPOINT,
                    network_arn=each.get("ServiceNetworkArn", ""),
                    vpc_id=each["VpcId"],
                )
            elif each["VpcEndpointType"] == "Resource":
                yield OwnedObject(
                    id=each["VpcEndpointId"],
                    kind=OwnedKind.ENDPOINT,
                    binding=tags.get(BINDING_TAG, ""),
                    resource_arn=each.get("ResourceConfigurationArn") or tags.get(RESOURCE_TAG, ""),
                    vpc_id=each["VpcId"],
                )

    @cached_property
    def _in_networks(self) -> tuple[OwnedObject, ...]:
        with translated("list service networks"):
            networks = [
                each
                for page in self._lattice.get_paginator("list_service_networks").paginate()
                for each in page["items"]
            ]
        return tuple(made for network in networks for made in self._of_network(network))

    def _of_network(self, network: Any) -> Iterator[OwnedObject]:
        lattice, arn = self._lattice, network["arn"]
        resources = lattice.get_paginator("list_service_network_resource_associations")
        for each in self._listed(resources, network, "ResourceConfigurations"):
            if not each.get("isManagedAssociation"):
                yield _in_network(each, each["resourceConfigurationArn"])
        services = lattice.get_paginator("list_service_network_service_associations")
        for each in self._listed(services, network, "Services"):
            yield _in_network(each, each["serviceArn"])
        vpcs = lattice.get_paginator("list_service_network_vpc_associations")
        for each in self._listed(vpcs, network, "VPCs"):
            yield OwnedObject(
                id=each["id"],
                kind=OwnedKind.VPC_ASSOCIATION,
                arn=each["arn"],
                network_arn=arn,
                vpc_id=each.get("vpcId", ""),
            )

    @staticmethod
    def _listed(listing: Any, network: Any, what: str) -> Iterator[Any]:
        if network.get(f"numberOfAssociated{what}") == 0:
            return
        try:
            with translated(f"list what is in {network['arn']}"):
                for page in listing.paginate(serviceNetworkIdentifier=network["arn"]):
                    yield from (each for each in page["items"] if each["status"] != "DELETE_IN_PROGRESS")
        except (GoneError, AccessDeniedError):
            # A network that is not shared any longer, or never to be looked into: nothing is known of it.
            return


def _in_network(each: Any, resource_arn: str) -> OwnedObject:
    return OwnedObject(
        id=each["id"],
        kind=OwnedKind.RESOURCE_ASSOCIATION,
        arn=each["arn"],
        resource_arn=resource_arn,
        network_arn=each["serviceNetworkArn"],
    )
