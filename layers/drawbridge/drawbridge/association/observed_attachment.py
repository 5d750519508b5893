"""Attachments as AWS lists them, before anything is done about them."""

from enum import StrEnum
from typing import assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import VpcAssociationSettings
from drawbridge.lattice import PrivateDns


class State(StrEnum):
    """How far something has come, as far as it matters here; AWS has other words for each kind of thing."""

    PENDING = "pending"
    AVAILABLE = "available"
    PARTIAL = "partial"
    """Some of what is inside can be used."""
    FAILED = "failed"
    TERMINATED = "over"
    """Deleting, deleted, rejected, expired: it will not be usable again."""

    @property
    def is_usable(self) -> bool:
        return self in {State.AVAILABLE, State.PARTIAL}


class ObservedServiceNetwork(Struct, frozen=True, kw_only=True):
    """A service network as AWS lists it."""

    arn: str
    name: str
    shareable: bool = False
    """Its sharing configuration, which never changes."""

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]


class ResourceAssociation(Struct, frozen=True, kw_only=True):
    """A service network's association with a resource or a service."""

    id: str
    state: State
    private_dns: bool = False
    """Never changes."""
    attempt: int = 0
    """The attempt that made it; 0 for what is somebody else's, or not known."""
    failure: str = ""


class ServiceNetworkVpcAssociation(Struct, frozen=True, kw_only=True):
    """A service network's association with a VPC."""

    id: str
    state: State
    network_arn: str
    security_group_ids: frozenset[str] = frozenset()
    private_dns: PrivateDns = PrivateDns.OFF
    private_domains: frozenset[str] = frozenset()
    ours: bool = False
    failure: str = ""

    @classmethod
    def of_ours(
        cls, association_id: str, state: State, network_arn: str, settings: VpcAssociationSettings
    ) -> "ServiceNetworkVpcAssociation":
        """Return one that Drawbridge has just made or changed, as the settings have it."""
        return cls(
            id=association_id,
            state=state,
            network_arn=network_arn,
            security_group_ids=frozenset(settings.security_group_ids),
            private_dns=settings.private_dns.preference,
            private_domains=frozenset(settings.private_dns.domains),
            ours=True,
        )


class ResourceTarget(Struct, frozen=True):
    """What an endpoint of type Resource leads to; each binding has one of its own."""

    binding: str
    resource_arn: str

    def __str__(self) -> str:
        return self.resource_arn


class NetworkTarget(Struct, frozen=True):
    """What an endpoint of type ServiceNetwork leads to; all bindings that name the network share it."""

    network: ObservedServiceNetwork

    def __str__(self) -> str:
        return f"service network {self.network.name}"


EndpointTarget = ResourceTarget | NetworkTarget


class Endpoint(Struct, frozen=True, kw_only=True):
    """A VPC endpoint of type Resource or ServiceNetwork."""

    id: str
    state: State
    security_group_ids: frozenset[str] = frozenset()
    subnet_ids: frozenset[str] = frozenset()
    address_type: str = ""
    """``ipv4``, ``ipv6`` or ``dualstack``; empty if AWS does not say."""
    private_dns: PrivateDns = PrivateDns.OFF
    private_domains: frozenset[str] = frozenset()
    owner: str = ""
    """What its ownership tag says."""
    ours: bool = True
    was_ours: bool = False
    """Whether it carries the other tags that Drawbridge gives it for this binding, and not the ownership tag."""
    failure: str = ""


class ObservedAttachment(Struct, frozen=True, kw_only=True):
    """What AWS lists of one desired attachment."""

    network: ObservedServiceNetwork | None = None
    resource_association: ResourceAssociation | None = None
    vpc_association: ServiceNetworkVpcAssociation | None = None
    """Of this VPC, with whichever network: it can be associated with one only."""
    endpoint: Endpoint | None = None
    unowned_endpoints: tuple[Endpoint, ...] = ()
    """Where there is none of this binding's: endpoints in this VPC to the same resource, made by others, or not marked
    as ours any longer."""
    terminated_ids: tuple[str, ...] = ()
    """Ids of endpoints that were there before: a token of theirs would give them back."""

    def having(self, part: "Part") -> "ObservedAttachment":
        """Return what is observed once this part is as given."""
        match part:
            case ObservedServiceNetwork():
                return msgspec.structs.replace(self, network=part)
            case ResourceAssociation():
                return msgspec.structs.replace(self, resource_association=part)
            case ServiceNetworkVpcAssociation():
                return msgspec.structs.replace(self, vpc_association=part)
            case Endpoint():
                return msgspec.structs.replace(self, endpoint=part)
            case _:
                assert_never(part)


Part = ObservedServiceNetwork | ResourceAssociation | ServiceNetworkVpcAssociation | Endpoint
"""What an attachment is made of."""
