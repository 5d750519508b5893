"""Bindings as people write them: which shared resource goes where."""

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from drawbridge.association import Mode, NetworkRef
from drawbridge.lattice import Entity, MatchAttributes, PrivateDns, ResourceType

Glob = Annotated[str, Meta(min_length=1, max_length=256)]
VpcId = Annotated[str, Meta(pattern=r"^vpc-[0-9a-f]{8,17}\Z")]
SubnetId = Annotated[str, Meta(pattern=r"^subnet-[0-9a-f]{8,17}\Z")]
NetworkId = Annotated[
    str,
    Meta(pattern=r"^(sn-[0-9a-f]{17}|arn:[a-z-]+:vpc-lattice:[a-z0-9-]+:[0-9]{12}:servicenetwork/sn-[0-9a-f]{17})\Z"),
]
NetworkName = Annotated[str, Meta(pattern=r"^(?!servicenetwork)[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]\Z")]
Domain = Annotated[str, Meta(pattern=r"^(\*\.)?([a-z0-9_-]{1,63}\.)*[a-z0-9-]{1,63}\Z", max_length=255)]
AliasName = Annotated[
    str, Meta(pattern=r"^([a-z0-9_-]|\{resource\}|\{vpc\})+(\.([a-z0-9_-]|\{resource\}|\{vpc\})+)+\Z", max_length=255)
]
SecurityGroupId = Annotated[str, Meta(pattern=r"^sg-[0-9a-f]{8,17}\Z")]


class Match(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which resources: all that every glob fits."""

    provider: Glob = "*"
    share: Glob = "*"
    resource: Glob = "*"
    types: tuple[ResourceType, ...] = ()
    """Empty stands for all."""

    def could_match(self, provider: str, share_name: str) -> bool:
        """Return whether some resource in a share of that name could fit."""
        return fnmatchcase(provider, self.provider) and fnmatchcase(share_name, self.share)

    def matches(self, resource: Entity | MatchAttributes, share_name: str) -> bool:
        return self.could_match(resource.owner, share_name) and self.matches_in_some_share(resource)

    def matches_in_some_share(self, resource: Entity | MatchAttributes) -> bool:
        """Return whether the resource fits, in a share whose name does."""
        return (
            fnmatchcase(resource.owner, self.provider)
            and fnmatchcase(resource.name, self.resource)
            and (not self.types or resource.type in self.types)
        )


class VpcTag(Struct, frozen=True, forbid_unknown_fields=True):
    """VPCs by their tags: those that have all of them."""

    tag: Annotated[dict[str, str], Meta(min_length=1)]


class ServiceNetwork(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service network of this account by its name, to be made if it is not there."""

    name: NetworkName
    create: bool = False


class PrivateDomains(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The provider's names in these domains, and in those that AWS found to be theirs if ``verified``."""

    domains: Annotated[tuple[Domain, ...], Meta(min_length=1, max_length=10)]
    verified: bool = True


class Route53Alias(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name of our own in a hosted zone, which follows the name that AWS gives."""

    zone: Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,32}\Z")]
    name: AliasName
    """With ``{resource}`` where the resource's name goes, and ``{vpc}`` where the VPC's id goes."""
    public: bool = False
    """Whether the zone may be a public one."""


class Attach(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Where to, and how."""

    mode: Mode
    vpc: VpcId | VpcTag | None = None
    """Without one, ``service-network`` leaves it to others which VPCs the network is associated with."""
    subnets: tuple[SubnetId, ...] = ()
    """Empty stands for one in each zone."""
    security_groups: Annotated[tuple[SecurityGroupId, ...], Meta(max_length=16)] = ()
    ip_address_type: Literal["ipv4", "ipv6", "dualstack"] | None = None
    """Of an endpoint; ``None`` stands for AWS's default, which is ``ipv4``."""
    private_dns: Literal["off", "verified", "all"] | PrivateDomains = "off"
    service_network: NetworkId | ServiceNetwork | None = None
    """For the modes by service network. A shared service network needs none: it is one."""
    alias: Route53Alias | None = None

    @property
    def private_dns_preference(self) -> PrivateDns:
        if isinstance(self.private_dns, PrivateDomains):
            return PrivateDns.VERIFIED_AND_LISTED if self.private_dns.verified else PrivateDns.LISTED
        return PrivateDns(self.private_dns)

    @property
    def domains(self) -> tuple[str, ...]:
        return self.private_dns.domains if isinstance(self.private_dns, PrivateDomains) else ()

    @property
    def network(self) -> NetworkRef | None:
        match self.service_network:
            case None:
                return None
            case ServiceNetwork(name=name, create=create):
                return NetworkRef(name=name, create=create)
            case identifier:
                return NetworkRef(identifier=identifier)


class Binding(Struct, frozen=True, kw_only=True):
    """One binding, by the name of its parameter."""

    name: str
    match: Match
    attach: Attach


class BindingDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """A binding as people write it: which shared resource goes where."""

    attach: Attach
    match: Match = field(default_factory=Match)
