"""Association: which shared resource goes where, by the bindings, and by which of three ways it is reached."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from drawbridge.association.entities import holds_others
from drawbridge.association.made import Made
from drawbridge.association.plan_inputs import Inputs
from drawbridge.decision.facts import ResourceKind
from drawbridge.decision.grounds import AssociationGrounds
from drawbridge.request.shares import Matchable
from drawbridge.status import Reason


class Mode(StrEnum):
    """The way to reach a shared resource."""

    RESOURCE_ENDPOINT = "resource-endpoint"
    """A VPC endpoint of type Resource in each VPC."""
    SERVICE_NETWORK = "service-network"
    """A service network of ours, which VPCs are associated with."""
    SERVICE_NETWORK_ENDPOINT = "service-network-endpoint"
    """A service network of ours, and a VPC endpoint of type ServiceNetwork: also for what comes in from on-premises."""


class PrivateDns(StrEnum):
    """Which names of the provider's choice the VPC takes over."""

    OFF = "off"
    VERIFIED = "verified"
    """Of domains that AWS found to be the provider's."""
    VERIFIED_AND_LISTED = "verified-and-listed"
    LISTED = "listed"
    """Of domains that the binding lists, verified or not."""
    ALL = "all"


class NetworkRef(Struct, frozen=True, kw_only=True, rename="camel"):
    """A service network as a binding names it: by id or ARN, or by its name in this account."""

    identifier: str = ""
    name: str = ""
    create: bool = False
    """Whether a network of that name is made if there is none."""

    @property
    def called(self) -> str:
        return self.name or self.identifier


class Alias(Struct, frozen=True, kw_only=True, rename="camel"):
    """A name of our own in a private hosted zone of Route 53."""

    zone_id: str
    name: str


class AttachedResource(Struct, frozen=True, kw_only=True):
    """A shared resource, as far as attaching it goes."""

    name: str
    arn: str
    kind: ResourceKind = ResourceKind.RESOURCE_CONFIGURATION
    type: str = "SINGLE"
    share_arn: str
    provider: str
    protocol: str
    port_ranges: tuple[str, ...]

    @property
    def holds_others(self) -> bool:
        """Whether the names are those of what is inside it."""
        return holds_others(self.kind, self.type)


class PrivateDnsOptions(Struct, frozen=True):
    """Which names of the provider's choice are taken over, and of which domains."""

    preference: PrivateDns
    domains: tuple[str, ...] = ()

    @property
    def enabled(self) -> bool:
        return self.preference is not PrivateDns.OFF


class EndpointPlacement(Struct, frozen=True, kw_only=True):
    """Where in a VPC an endpoint is."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    subnets_named: bool = False
    """Whether the binding names the subnets; else they are what was found to be there."""
    address_type: str = ""
    """``ipv4``, ``ipv6`` or ``dualstack``; empty for what AWS takes, which is ``ipv4``."""


class VpcAssociationSettings(Struct, frozen=True):
    """What a service network's association with a VPC is made with, and can be changed to."""

    security_group_ids: tuple[str, ...]
    """None: no group limits who of the VPC gets through, or those that are there stay."""
    private_dns: PrivateDnsOptions


class WantedAssociation(Struct, frozen=True, kw_only=True, rename="camel"):
    """A shared resource that a binding wants in one VPC, and that policy allows there."""

    binding: str
    resource_name: str
    resource_arn: str
    resource_kind: ResourceKind = ResourceKind.RESOURCE_CONFIGURATION
    resource_type: str = "SINGLE"
    share_arn: str
    provider: str
    protocol: str
    port_ranges: tuple[str, ...]
    mode: Mode
    network: NetworkRef | None = None
    """For the modes by service network; a shared network is its own."""
    vpc_id: str
    """Empty where only a service network is concerned, and its VPCs are somebody else's business."""
    subnet_ids: tuple[str, ...]
    subnets_named: bool = False
    """Whether the binding names the subnets; else they are what was found to be there."""
    address_type: str = ""
    """Of an endpoint: ``ipv4``, ``ipv6`` or ``dualstack``; empty for what AWS takes, which is ``ipv4``."""
    security_group_ids: tuple[str, ...]
    """None: of an endpoint, AWS takes the VPC's default group; of a VPC's association, no group limits who of the VPC
    gets through."""
    private_dns: PrivateDns
    private_domains: tuple[str, ...] = ()
    names_elsewhere: bool = True
    """Whether another binding may have private DNS by the same service network, so that none is taken from it."""
    per_vpc: bool
    """Whether the binding names its VPCs by tag, so that names are published for each."""
    alias: str = ""
    """The name of our own, with ``{resource}`` where the resource's name goes; empty for none."""
    alias_zone: str = ""
    alias_zone_name: str = ""
    alias_reserved: bool = False
    """Whether a policy lets the name be one that nobody should have by accident."""

    @property
    def name(self) -> str:
        """How people call it: binding, resource and VPC."""
        return "/".join(filter(None, (self.binding, self.resource_name, self.vpc_id)))

    @property
    def holds_others(self) -> bool:
        """Whether the names are those of what is inside it."""
        return holds_others(self.resource_kind, self.resource_type)

    @property
    def shares_names(self) -> bool:
        """Whether the private DNS of what is made may be another binding's too: an endpoint to a resource is one's."""
        return self.mode is not Mode.RESOURCE_ENDPOINT and self.names_elsewhere

    @property
    def is_network(self) -> bool:
        return self.resource_kind is ResourceKind.SERVICE_NETWORK

    @property
    def resource(self) -> AttachedResource:
        return AttachedResource(
            name=self.resource_name,
            arn=self.resource_arn,
            kind=self.resource_kind,
            type=self.resource_type,
            share_arn=self.share_arn,
            provider=self.provider,
            protocol=self.protocol,
            port_ranges=self.port_ranges,
        )

    @property
    def private_dns_options(self) -> PrivateDnsOptions:
        return PrivateDnsOptions(self.private_dns, self.private_domains)

    @property
    def placement(self) -> EndpointPlacement:
        return EndpointPlacement(
            vpc_id=self.vpc_id,
            subnet_ids=self.subnet_ids,
            subnets_named=self.subnets_named,
            address_type=self.address_type,
        )


class PlannedAssociation(Struct, frozen=True, kw_only=True, rename="camel"):
    """An association that was decided on, and when."""

    wanted: WantedAssociation
    at: datetime
    """Before anything was asked of policies, bindings or AWS: what changed since then was not seen."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be associated of one share, and what is wanted but refused."""

    associations: tuple[WantedAssociation, ...]
    refused: tuple[Reason, ...]
    broken: tuple[Reason, ...] = ()
    """Bindings that can't be read, and might have wanted something."""
    state: str
    """The digest of the share in effect that was decided on before the plan was made."""
    wanted: str
    """The digest of the bindings that the plan was made from."""
    matched: str = ""
    """The digest of those of them that matched something."""
    contents: tuple[Matchable, ...] | None = None
    """What the share holds; ``None`` if not all of it can be described, it is a lot, or bindings are broken."""
    grounds: AssociationGrounds | None = None
    """What the policy was asked about."""
    inputs: Inputs = Inputs()
    """What else it rests on."""
    left: tuple[Made, ...] | None = None
    """What is left behind of the share's resources, the reasons are among those refused; ``None`` if not known."""
    cut: tuple[str, ...] = ()
    """What there was no room for, in sentences."""


class Associated(Struct, frozen=True, kw_only=True, rename="camel"):
    """What makes a resource reachable, each by its id; empty for what the mode does without."""

    endpoint_id: str = ""
    network_arn: str = ""
    in_network: str = ""
    """The service network's association with the resource or service."""
    vpc_association: str = ""
    """The service network's association with the VPC."""
    security_group_ids: tuple[str, ...] = ()
    """Of the endpoint."""
    settings: str = ""
    """What else it was left with, as ``settings_of`` tells it; empty where that is not only this binding's."""


def settings_of(private_dns: PrivateDns, domains: Iterable[str], owner: str = "") -> str:
    """Write down what is compared to find drift: private DNS, and an endpoint's tag of ownership."""
    return " ".join(filter(None, (private_dns, *sorted(domains), owner)))
