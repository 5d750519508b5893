"""VPC Lattice's associations with resource configurations, as their owner sees and deletes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from drawbridge.arns import is_of
from drawbridge.aws.errors import translated
from drawbridge.intake.disassociation.associations import AssociationKind, ConsumerAssociation

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient


class ResourceAssociations:
    """Associations that consumers made. A group is associated as a whole: its children's come and go with it."""

    def __init__(self, lattice: VPCLatticeClient, account_id: str) -> None:
        """``account_id`` is this account."""
        self._lattice = lattice
        self._account_id = account_id

    def configurations(self) -> frozenset[str]:
        """Return the ARNs of this account's resource configurations, but for the children of groups.

        Raises:
            AccessDeniedError: the role may not.
        """
        with translated("list resource configurations"):
            return frozenset(
                each["arn"]
                for page in self._lattice.get_paginator("list_resource_configurations").paginate()
                for each in page["items"]
                # Those that others share are listed too.
                if is_of(each.get("arn", ""), self._account_id) and each.get("type") != "CHILD"
            )

    def of(self, resource_arn: str) -> list[ConsumerAssociation]:
        """Return all associations of a resource configuration of this account, whoever made them.

        What AWS names as associated is not looked at: with a group, it may be one of its children.

        Raises:
            AccessDeniedError: the role may not, or there is no such resource configuration.
        """
        return [*self._with_endpoints(resource_arn), *self._with_networks(resource_arn)]

    def _with_endpoints(self, resource_arn: str) -> list[ConsumerAssociation]:
        with translated(f"list the endpoints of {resource_arn}"):
            return [
                ConsumerAssociation(
                    id=each["id"],
                    kind=AssociationKind.ENDPOINT,
                    resource_arn=resource_arn,
                    account_id=each.get("vpcEndpointOwner") or "",
                    through=each.get("vpcEndpointId") or "",
                )
                for page in self._lattice.get_paginator("list_resource_endpoint_associations").paginate(
                    resourceConfigurationIdentifier=resource_arn
                )
                for each in page["items"]
            ]

    def _with_networks(self, resource_arn: str) -> list[ConsumerAssociation]:
        with translated(f"list the service networks of {resource_arn}"):
            return [
                ConsumerAssociation(
                    id=each["id"],
                    kind=AssociationKind.NETWORK,
                    resource_arn=resource_arn,
                    account_id=each.get("createdBy") or "",
                    through=each.get("serviceNetworkArn") or "",
                    is_managed=each.get("isManagedAssociation") is True,
                    is_going=each.get("status") == "DELETE_IN_PROGRESS",
                )
                for page in self._lattice.get_paginator("list_service_network_resource_associations").paginate(
                    resourceConfigurationIdentifier=resource_arn
                )
                for each in page["items"]
            ]

    def delete(self, association: ConsumerAssociation) -> None:
        """Delete an association, as the owner of the resource configuration.

        Raises:
            GoneError: it is not there any longer.
            ConflictError: it is being made, or something else about it is in progress.
            AccessDeniedError: it carries the tag of what a stack made for itself, or the role lacks something.
        """
        with translated(f"delete {association.id}"):
            match association.kind:
                case AssociationKind.ENDPOINT:
                    self._lattice.delete_resource_endpoint_association(
                        resourceEndpointAssociationIdentifier=association.id
                    )
                case AssociationKind.NETWORK:
                    self._lattice.delete_service_network_resource_association(
                        serviceNetworkResourceAssociationIdentifier=association.id
                    )
                case _:
                    assert_never(association.kind)
