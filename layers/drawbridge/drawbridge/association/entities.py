"""What VPC Lattice lets accounts share, as it describes it to the account that it is shared with."""

from msgspec import Struct

from drawbridge.decision.facts import ResourceKind

CONTAINERS = frozenset({"GROUP", "ARN"})
"""Types of resource configurations that hold others, which have the names."""


class Entity(Struct, frozen=True, kw_only=True, order=True):
    """A resource configuration, a service network or a service of another account's."""

    name: str
    arn: str
    share_arn: str
    owner: str
    kind: ResourceKind = ResourceKind.RESOURCE_CONFIGURATION
    type: str
    """SINGLE, GROUP, CHILD, ARN, CIDR; SERVICE_NETWORK; SERVICE."""
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


def holds_others(kind: ResourceKind, entity_type: str) -> bool:
    """Tell whether what has names is inside it: the children of a group, all that is in a service network."""
    return kind is ResourceKind.SERVICE_NETWORK or entity_type in CONTAINERS
