"""VPC Lattice's vocabulary: what it lets accounts share, and how it describes that to who it is shared with."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct


class ResourceKind(StrEnum):
    """What VPC Lattice lets an account share."""

    RESOURCE_CONFIGURATION = "resource-configuration"
    SERVICE_NETWORK = "service-network"
    SERVICE = "service"


ResourceType = Literal["SINGLE", "GROUP", "CHILD", "ARN", "CIDR", "SERVICE_NETWORK", "SERVICE"]
"""The types of resource configurations; of the other kinds, each is a type of its own."""

CONTAINERS = frozenset({"GROUP", "ARN"})
"""Types of resource configurations that hold others, which have the names."""


def holds_others(kind: ResourceKind, entity_type: str) -> bool:
    """Return whether what has names is inside it: the children of a group, all that is in a service network."""
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
    """``None`` where VPC Lattice does not tell them."""
    custom_domain_name: str = ""
    domain_verified: bool | None = False
    """``None`` where VPC Lattice does not tell."""
    group_id: str = ""
    """Of a child: the group that it is in."""
    allows_shareable_networks: bool = False
    """Whether its owner lets it into service networks that can be shared on."""


class MatchAttributes(Struct, frozen=True, kw_only=True, order=True):
    """What of an entity bindings go by; the ledger keeps it, and not what else may change of an entity."""

    name: str
    type: str
    owner: str


class Undescribed(Struct, frozen=True, kw_only=True):
    """Something in a share that AWS will not describe, or says of that it can't be used."""

    arn: str
    code: str
    """Of the reason that is told: ``resource-not-visible`` or ``resource-unavailable``."""
    words: str
    """AWS's."""
    may_pass: bool = False
    """Whether it may only be too early: RAM lists what it shares some seconds before others show it."""


NOT_VISIBLE = "resource-not-visible"
UNAVAILABLE = "resource-unavailable"
