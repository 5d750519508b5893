"""What consumers have associated with this account's resource configurations, as their owner sees it."""

from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class AssociationKind(StrEnum):
    """How a consumer has associated a resource configuration."""

    ENDPOINT = "endpoint"
    """With a VPC endpoint of type Resource."""
    NETWORK = "network"
    """With a service network, its own or one that it was shared."""


class ConsumerAssociation(Struct, frozen=True, kw_only=True):
    """An association of a resource configuration, or of a group of them, which its owner may delete.

    Those of a group's children come and go with the group's.
    """

    id: str
    kind: AssociationKind
    resource_arn: str
    """What is shared and was associated: of a group's child, the group."""
    account_id: str
    """Who made it: the owner of the endpoint, or who associated the service network; empty where AWS does not say."""
    through: str = ""
    """The endpoint's id, or the ARN of the service network."""
    is_managed: bool = False
    """Whether a service of AWS made it in the account's name."""
    is_going: bool = False
    """Whether it is being deleted."""

    def __str__(self) -> str:
        return f"{self.id} of {self.account_id} ({self.through}) with {self.resource_arn}"


class ConsumerAssociations(Protocol):
    """VPC Lattice's associations with this account's resource configurations."""

    def configurations(self) -> frozenset[str]:
        """Return the ARNs of this account's resource configurations, but for the children of groups."""
        ...

    def of(self, resource_arn: str) -> list[ConsumerAssociation]:
        """Return all associations of a resource configuration, whoever made them."""
        ...

    def delete(self, association: ConsumerAssociation) -> None:
        """Delete an association, as the owner of the resource configuration.

        Raises:
            GoneError: it is not there any longer.
            ConflictError: it is being made, or something else about it is in progress.
            AccessDeniedError: the role may not.
        """
        ...
