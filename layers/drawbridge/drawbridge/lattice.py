"""VPC Lattice's vocabulary: what it lets accounts share, and how it describes that to the account it is shared with."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct


class ResourceKind(StrEnum):
    """What VPC Lattice lets an account share."""

    RESOURCE_CONFIGURATION = "resource-configuration"
    SERVICE_NETWORK = "service-network"
    SERVICE = "service"


ResourceType = Literal["SINGLE", "GROUP", "CHILD", "ARN", "CIDR", "SERVICE_NETWORK", "SERVICE"]
"""The types of resource configurations; each of the other kinds is one type."""

CONTAINERS = frozenset({"GROUP", "ARN"})
"""Types of resource configurations that hold others, which have the names."""


def holds_others(kind: ResourceKind, entity_type: str) -> bool:
    """Return whether the names are those of what is inside: of a group's children, of a service network's resources."""
    return kind is ResourceKind.SERVICE_NETWORK or entity_type in CONTAINERS


class PrivateDns(StrEnum):
    """Which names of the provider's choice the VPC takes over."""

    OFF = "off"
    VERIFIED = "verified"
    """Of domains that AWS found to be the provider's."""
    VERIFIED_AND_LISTED = "verified-and-listed"
    LISTED = "listed"
    """Of domains that the binding lists, verified or not."""
    ALL = "all"


class Entity(Struct, frozen=True, kw_only=True, order=True):
    """A resource configuration, a service network or a service of another account's."""

    name: str
    arn: str
    share_arn: str
    owner: str
    kind: ResourceKind = ResourceKind.RESOURCE_CONFIGURATION
    type: str
    """One of ``ResourceType``, or one that did not exist when this was written."""
    protocol: str = ""
    port_ranges: tuple[str, ...] | None = ()
    """``None`` where VPC Lattice does not report them."""
    custom_domain_name: str = ""
    domain_verified: bool | None = False
    """``None`` where VPC Lattice does not report it."""
    group_id: str = ""
    """Of a child: the group that it is in."""
    allows_shareable_networks: bool = False
    """Whether its owner lets it into service networks that can be shared on."""


class MatchAttributes(Struct, frozen=True, kw_only=True, order=True):
    """The attributes of an entity that bindings match; the ledger keeps these, and no others that may change."""

    name: str
    type: str
    owner: str


class Undescribed(Struct, frozen=True, kw_only=True):
    """Something in a share that AWS does not describe, or reports as unusable."""

    arn: str
    code: str
    """The reason's code: ``resource-not-visible`` or ``resource-unavailable``."""
    words: str
    """As AWS put it."""
    may_pass: bool = False
    """Whether it may only be too early: RAM lists what it shares some seconds before others show it."""


NOT_VISIBLE = "resource-not-visible"
UNAVAILABLE = "resource-unavailable"
