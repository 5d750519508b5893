"""Association: which shared resource goes where, by the bindings, and in which of three modes it is reached."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal

import msgspec
from msgspec import Struct

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.decision.decision_record import AssociationDecisionRecord
from drawbridge.lattice import MatchAttributes, PrivateDns, ResourceKind, holds_others
from drawbridge.status import Reason


class Mode(StrEnum):
    """The way to reach a shared resource."""

    RESOURCE_ENDPOINT = "resource-endpoint"
    """A VPC endpoint of type Resource in each VPC."""
    SERVICE_NETWORK = "service-network"
    """A service network of ours, which VPCs are associated with."""
    SERVICE_NETWORK_ENDPOINT = "service-network-endpoint"
    """A service network of ours, and a VPC endpoint of type ServiceNetwork: also for what comes in from on-premises."""


class NetworkRef(Struct, frozen=True, kw_only=True, rename="camel"):
    """A service network as a binding names it: by id or ARN, or by its name in this account."""

    identifier: str = ""
    name: str = ""
    create: bool = False
    """Whether a network of that name is made if there is none."""

    @property
    def label(self) -> str:
        return self.name or self.identifier


class Alias(Struct, frozen=True, kw_only=True, rename="camel"):
    """A name of our own in a private hosted zone of Route 53."""

    zone_id: str
    name: str


class AttachedResource(Struct, frozen=True, kw_only=True):
    """A shared resource, as far as attaching it goes."""

    name: str
    arn: str
    kind: ResourceKind
    type: str
    share_arn: str
    provider: str
    protocol: str
    port_ranges: tuple[str, ...]

    @property
    def holds_others(self) -> bool:
        """Whether the names are those of what is inside it."""
        return holds_others(self.kind, self.type)

    @property
    def is_network(self) -> bool:
        return self.kind is ResourceKind.SERVICE_NETWORK


class PrivateDnsOptions(Struct, frozen=True):
    """Which of the provider's private names resolve in the VPC, and in which domains."""

    preference: PrivateDns
    domains: tuple[str, ...] = ()

    @property
    def enabled(self) -> bool:
        return self.preference is not PrivateDns.OFF


class EndpointPlacement(Struct, frozen=True, kw_only=True):
    """Where in a VPC an endpoint is."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    subnets_named: bool
    """Whether the binding names the subnets; else they are what was found to be there."""
    address_type: str
    """``ipv4``, ``ipv6`` or ``dualstack``; empty for what AWS takes, which is ``ipv4``."""


class NetworkedVpc(Struct, frozen=True, kw_only=True):
    """A VPC that a service network is to be associated with."""

    vpc_id: str
    security_group_ids: tuple[str, ...]
    """Empty: no group limits who of the VPC gets through."""


class VpcAssociationSettings(Struct, frozen=True):
    """The settings of a service network's association with a VPC, which can be changed."""

    security_group_ids: tuple[str, ...]
    """Empty: no group limits who of the VPC gets through, or those that are there stay."""
    private_dns: PrivateDnsOptions


class DesiredAlias(Struct, frozen=True, kw_only=True):
    """The names of our own that a binding asks for."""

    name: str
    """With ``{resource}`` where the resource's name goes."""
    zone_id: str
    zone_name: str
    """Empty if this account has no such zone."""
    reserved: bool
    """Whether a policy permits a reserved name, which nobody should have by accident."""


class Attachment(Struct, frozen=True, kw_only=True):
    """What attachments of every mode have: a shared resource that a binding calls for, and policy permits.

    ``attachment_document`` writes them down; msgspec needs a tag to distinguish the members of a union.
    """

    binding: str
    resource: AttachedResource
    private_dns: PrivateDnsOptions
    per_vpc: bool
    """Whether the binding names its VPCs by tag, so that names are published for each."""
    alias: DesiredAlias | None = None

    @property
    def vpc_id(self) -> str:
        """Return the VPC that it is in; empty where a service network's VPCs are somebody else's business."""
        return ""

    @property
    def name(self) -> str:
        """Return how people call it: binding, resource and VPC."""
        return "/".join(filter(None, (self.binding, self.resource.name, self.vpc_id)))

    @property
    def shares_names(self) -> bool:
        """Whether other bindings may share its private DNS: an endpoint to a resource is one binding's alone."""
        return False


class ResourceEndpointAttachment(
    Attachment, frozen=True, kw_only=True, tag_field="mode", tag=Mode.RESOURCE_ENDPOINT.value
):
    """A VPC endpoint of type Resource, which is this binding's alone."""

    mode: ClassVar[Literal[Mode.RESOURCE_ENDPOINT]] = Mode.RESOURCE_ENDPOINT
    placement: EndpointPlacement
    security_group_ids: tuple[str, ...]
    """None: AWS takes the VPC's default group."""

    @property
    def vpc_id(self) -> str:
        return self.placement.vpc_id


class _ByServiceNetwork(Attachment, frozen=True, kw_only=True):
    """A service network that has the resource in it."""

    network: NetworkRef
    """Where the resource is a service network, it is that one."""
    names_elsewhere: bool
    """Whether another binding may have private DNS by the same service network, so that none is taken from it."""

    @property
    def shares_names(self) -> bool:
        return self.names_elsewhere


class ServiceNetworkAttachment(
    _ByServiceNetwork, frozen=True, kw_only=True, tag_field="mode", tag=Mode.SERVICE_NETWORK.value
):
    """A service network that is associated with the VPC."""

    mode: ClassVar[Literal[Mode.SERVICE_NETWORK]] = Mode.SERVICE_NETWORK
    vpc: NetworkedVpc | None = None
    """``None``: which VPCs the network is associated with is somebody else's business."""

    @property
    def vpc_id(self) -> str:
        return self.vpc.vpc_id if self.vpc else ""

    @property
    def security_group_ids(self) -> tuple[str, ...]:
        return self.vpc.security_group_ids if self.vpc else ()


class ServiceNetworkEndpointAttachment(
    _ByServiceNetwork, frozen=True, kw_only=True, tag_field="mode", tag=Mode.SERVICE_NETWORK_ENDPOINT.value
):
    """A service network, and a VPC endpoint of type ServiceNetwork to it, which other bindings may use too."""

    mode: ClassVar[Literal[Mode.SERVICE_NETWORK_ENDPOINT]] = Mode.SERVICE_NETWORK_ENDPOINT
    placement: EndpointPlacement
    security_group_ids: tuple[str, ...]
    """None: AWS takes the VPC's default group."""

    @property
    def vpc_id(self) -> str:
        return self.placement.vpc_id


NetworkAttachment = ServiceNetworkAttachment | ServiceNetworkEndpointAttachment
EndpointAttachment = ResourceEndpointAttachment | ServiceNetworkEndpointAttachment
DesiredAttachment = ResourceEndpointAttachment | ServiceNetworkAttachment | ServiceNetworkEndpointAttachment
"""A shared resource that a binding calls for in one VPC, and policy permits there: one class for each mode."""


class PlannedAssociation(Struct, frozen=True, kw_only=True, rename="camel"):
    """An association that was decided on, and when."""

    desired: DesiredAttachment = msgspec.field(name="wanted")
    at: datetime
    """Before anything was asked of policies, bindings or AWS: what changed since then was not observed."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be associated of one share, and what is refused."""

    associations: tuple[DesiredAttachment, ...]
    refused: tuple[Reason, ...]
    broken: tuple[Reason, ...] = ()
    """Bindings that can't be read, and might match something."""
    observed_fingerprint: str = msgspec.field(name="state")
    """A fingerprint of the share, as it was decided on before the plan was made."""
    bindings_fingerprint: str = msgspec.field(name="wanted")
    """A fingerprint of the bindings that the plan was made from."""
    matching_bindings_fingerprint: str = msgspec.field(default="", name="matched")
    """A fingerprint of the bindings that matched something."""
    contents: tuple[MatchAttributes, ...] | None = None
    """What the share holds; ``None`` if not all of it can be described, it is a lot, or bindings are broken."""
    decision_record: AssociationDecisionRecord | None = msgspec.field(default=None, name="grounds")
    """What policies were asked about."""
    inputs: PlanInputs = PlanInputs()
    """What else it rests on."""
    visible: tuple[str, ...] = ()
    """The ARNs of VPC Lattice's that the share holds."""
    cut: tuple[str, ...] = ()
    """Sentences about what there was no room for."""


class MadeAttachment(Struct, frozen=True, kw_only=True, rename="camel"):
    """The ids of what makes a resource reachable; empty for what the mode does without."""

    endpoint_id: str = ""
    network_arn: str = ""
    resource_association: str = msgspec.field(default="", name="inNetwork")
    """The service network's association with the resource or service."""
    vpc_association: str = ""
    """The service network's association with the VPC."""
    security_group_ids: tuple[str, ...] = ()
    """Of the endpoint."""
    settings: str = ""
    """What else it was left with, as ``settings_of`` writes it; empty where other bindings may share that."""

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of its endpoint and associations; a service network that they are of is not among them."""
        return frozenset({self.endpoint_id, self.resource_association, self.vpc_association} - {""})


def settings_of(private_dns: PrivateDns, domains: Iterable[str], owner: str = "") -> str:
    """Return as a text what is compared to find drift: private DNS, and an endpoint's ownership tag."""
    return " ".join(filter(None, (private_dns, *sorted(domains), owner)))
