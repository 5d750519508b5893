"""Pre-flight: what would keep AWS from making something, found out before anything is made."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol, assert_never

from drawbridge.association import (
    DesiredAttachment,
    EndpointPlacement,
    Mode,
    ResourceEndpointAttachment,
    ServiceNetworkAttachment,
    ServiceNetworkEndpointAttachment,
)
from drawbridge.association.actions import (
    CreateEndpoint,
    CreateResourceAssociation,
    CreateVpcAssociation,
    ModifyEndpointSubnets,
)
from drawbridge.association.observed_attachment import (
    EndpointTarget,
    NetworkTarget,
    ObservedAttachment,
    ObservedServiceNetwork,
    ResourceTarget,
    State,
)
from drawbridge.association.quotas import DEFAULTS, IN_NETWORK, NETWORK_ENDPOINTS, PATH, RESOURCE_ENDPOINTS
from drawbridge.association.quotas import VPCS_OF_NETWORK as VPCS
from drawbridge.association.steps import Blocked, Step, steps
from drawbridge.association.subnets import Subnet, unfit
from drawbridge.lattice import PrivateDns, ResourceKind
from drawbridge.status import Reason


class Places(Protocol):
    """The VPCs of this account, and what is in them."""

    def vpc_of_group(self, group_id: str) -> str | None:
        """Return the VPC of a security group; ``None`` if there is no such group."""
        ...

    def subnet(self, subnet_id: str) -> Subnet | None: ...

    def has_dns(self, vpc_id: str) -> bool:
        """Return whether the VPC has DNS support and DNS host names, which private DNS needs."""
        ...


class EndpointCounts(Protocol):
    """How many VPC endpoints there are."""

    def count(self, vpc_id: str, mode: Mode) -> int:
        """Count those of the mode's type in the VPC, whoever made them."""
        ...


class NetworkCounts(Protocol):
    """What service networks are associated with."""

    def resources_in(self, network: ObservedServiceNetwork) -> int: ...

    def vpcs_of(self, network: ObservedServiceNetwork) -> int: ...


class Preflight:
    """Checks one association after the other, each as if those before it had been made."""

    def __init__(
        self,
        places: Places,
        endpoints: EndpointCounts,
        networks: NetworkCounts,
        *,
        prefix: str,
        quotas: Mapping[str, int],
    ) -> None:
        self._places = places
        self._endpoints = endpoints
        self._networks = networks
        self._config = f"/{prefix}/config/{PATH}"
        self._quotas = {**DEFAULTS, **quotas}
        self._planned: Counter[tuple[str, str]] = Counter()
        self._begun: set[tuple[str, ...]] = set()
        self._named: dict[tuple[str, str], tuple[str, str]] = {}
        self._shared: dict[tuple[str, str], list[DesiredAttachment]] = defaultdict(list)

    def blocker(self, desired: DesiredAttachment, observed: ObservedAttachment) -> Reason | None:
        """Return what blocks the attachment, if anything does, and what to do about it."""
        planned = [*steps(desired, observed, attempt=1)]
        found = next(iter(self._blockers(desired, observed, planned)), None)
        if found is None:
            self._count(desired, observed, planned)
            return None
        code, text = found
        return Reason(code, f"{desired.resource.name}: {text}", source=desired.binding)

    def _blockers(
        self, desired: DesiredAttachment, observed: ObservedAttachment, planned: Iterable[Step]
    ) -> Iterator[tuple[str, str]]:
        yield from self._of_place(desired)
        yield from self._of_room(desired, planned)
        yield from self._of_names(desired, observed)
        yield from self._of_shared(desired, observed)
        for step in planned:
            # What failed may be tried again: that is not known before.
            if isinstance(step, Blocked) and not _failed(observed):
                yield step.code, step.why
        for need in self._needs(observed, planned):
            yield from self._of_quota(need)

    def _count(self, desired: DesiredAttachment, observed: ObservedAttachment, planned: Iterable[Step]) -> None:
        """Count the attachment as made."""
        if _takes_name(desired):
            self._named.setdefault(
                (desired.vpc_id, desired.resource.arn), (_attachment_key(desired, observed), desired.binding)
            )
        self._shared[_attachment_key(desired, observed), desired.vpc_id].append(desired)
        for need in self._needs(observed, planned):
            if need.new not in self._begun:
                self._begun.add(need.new)
                self._planned[need.quota, need.place] += 1

    def _of_place(self, desired: DesiredAttachment) -> Iterator[tuple[str, str]]:
        for group_id in desired.security_group_ids:
            vpc_id = self._places.vpc_of_group(group_id)
            if vpc_id is None:
                yield "no-security-group", f"there is no security group {group_id}; correct the binding"
            elif vpc_id != desired.vpc_id:
                why = f"{group_id} is of {vpc_id}, not of {desired.vpc_id}; name one of that VPC"
                yield "wrong-security-group", why
        match desired:
            case ResourceEndpointAttachment() | ServiceNetworkEndpointAttachment():
                yield from self._of_subnets(desired.placement)
            case ServiceNetworkAttachment():
                pass
            case _:
                assert_never(desired)
        if _takes_name(desired) and not self._places.has_dns(desired.vpc_id):
            why = (
                f"private DNS needs enableDnsSupport and enableDnsHostnames of {desired.vpc_id}; "
                "turn them on, or set privateDns: off"
            )
            yield "vpc-without-dns", why

    def _of_subnets(self, placement: EndpointPlacement) -> Iterator[tuple[str, str]]:
        for subnet_id in placement.subnet_ids:
            subnet = self._places.subnet(subnet_id)
            if subnet is None:
                yield "no-subnet", f"there is no subnet {subnet_id}; correct the binding"
            elif subnet.vpc_id != placement.vpc_id:
                why = f"{subnet_id} is of {subnet.vpc_id}, not of {placement.vpc_id}; name one of that VPC"
                yield "no-subnet", why

    def _of_room(self, desired: DesiredAttachment, planned: Iterable[Step]) -> Iterator[tuple[str, str]]:
        """Find subnets that can't hold what is to be made in them; what is there already has its place."""
        match desired:
            case ResourceEndpointAttachment() | ServiceNetworkEndpointAttachment():
                mode, address_type = desired.mode, desired.placement.address_type
            case ServiceNetworkAttachment():
                return
            case _:
                assert_never(desired)
        for step in planned:
            if isinstance(step, CreateEndpoint) and not step.placement.subnet_ids:
                addresses = f" for addresses of type {address_type}" if address_type else ""
                lack = f"{desired.vpc_id} has no subnet that can hold the endpoint{addresses}"
                yield "no-subnet", f"{lack}; make one, or name another VPC"
            for subnet_id in sorted(_subnets_of(step)):
                subnet = self._places.subnet(subnet_id)
                if subnet is not None and (why := unfit(subnet, mode, address_type)):
                    yield "subnet-unsuitable", f"{why}; leave it out of the binding"

    def _of_names(self, desired: DesiredAttachment, observed: ObservedAttachment) -> Iterator[tuple[str, str]]:
        if not _takes_name(desired):
            return
        key, first = self._named.get((desired.vpc_id, desired.resource.arn), (_attachment_key(desired, observed), ""))
        if key != _attachment_key(desired, observed):
            why = (
                f"binding {first} has its private name in {desired.vpc_id}, and one way only can have it; "
                "set privateDns: off in one of the two"
            )
            yield "private-dns-twice", why

    def _of_shared(self, desired: DesiredAttachment, observed: ObservedAttachment) -> Iterator[tuple[str, str]]:
        """Find bindings that would take from each other what they share, which has one set of everything."""
        match desired:
            case ServiceNetworkAttachment() | ServiceNetworkEndpointAttachment():
                network = desired.network.label
            case ResourceEndpointAttachment():
                return
            case _:
                assert_never(desired)
        others = self._shared.get((_attachment_key(desired, observed), desired.vpc_id), ()) if desired.vpc_id else ()
        for other in others:
            groups = [frozenset(each.security_group_ids) for each in (other, desired)]
            if all(groups) and groups[0] != groups[1]:
                why = (
                    f"binding {other.binding} names other security groups for {network} in {desired.vpc_id}, "
                    "and they share what has them; name the same in both"
                )
                yield "security-groups-differ", why
            theirs, ours = other.private_dns.preference, desired.private_dns.preference
            if len({theirs, ours} - {PrivateDns.OFF}) > 1:
                why = (
                    f"binding {other.binding} wants private DNS {theirs} of {network} in {desired.vpc_id}, "
                    f"not {ours}, and they share what has it; write the same in both"
                )
                yield "private-dns-differs", why

    def _needs(self, observed: ObservedAttachment, planned: Iterable[Step]) -> Iterator["_Need"]:
        """Yield what would be made that AWS counts."""
        there = observed.network
        for step in planned:
            match step:
                case CreateEndpoint(target=target, placement=placement):
                    yield self._need_of_endpoint(target, placement.vpc_id)
                case CreateResourceAssociation(network=network, resource=resource):
                    if resource.kind is ResourceKind.RESOURCE_CONFIGURATION:
                        present = self._networks.resources_in(there) if there else 0
                        yield _Need(IN_NETWORK, network.arn, present, (IN_NETWORK, network.arn, resource.arn))
                case CreateVpcAssociation(network=network, vpc_id=vpc_id):
                    present = self._networks.vpcs_of(there) if there else 0
                    yield _Need(VPCS, network.arn, present, (VPCS, network.arn, vpc_id))
                case _:
                    pass

    def _need_of_endpoint(self, target: EndpointTarget, vpc_id: str) -> "_Need":
        match target:
            case ResourceTarget(binding, resource_arn):
                quota, mode, what = RESOURCE_ENDPOINTS, Mode.RESOURCE_ENDPOINT, (binding, resource_arn)
                return _Need(quota, vpc_id, self._endpoints.count(vpc_id, mode), (quota, vpc_id, *what))
            case NetworkTarget(network):
                quota, mode = NETWORK_ENDPOINTS, Mode.SERVICE_NETWORK_ENDPOINT
                return _Need(quota, vpc_id, self._endpoints.count(vpc_id, mode), (quota, vpc_id, network.arn))
            case _:
                assert_never(target)

    def _of_quota(self, need: "_Need") -> Iterator[tuple[str, str]]:
        limit, count = self._quotas[need.quota], need.present + self._planned[need.quota, need.place]
        if need.new not in self._begun and count >= limit:
            why = (
                f"{need.place} has {count} of the {limit} that the quota {need.quota} allows; ask Service Quotas for "
                f"more and write the new limit into {self._config}/{need.quota}, or delete what is not needed"
            )
            yield "quota-reached", why


class _Need(NamedTuple):
    """One more of what AWS counts."""

    quota: str
    place: str
    present: int
    new: tuple[str, ...]
    """What it is, so that what several bindings share is counted once."""


def _subnets_of(step: Step) -> Collection[str]:
    """Return the subnets in which something would be made."""
    match step:
        case CreateEndpoint(placement=placement):
            return placement.subnet_ids
        case ModifyEndpointSubnets(subnet_ids=subnet_ids):
            return subnet_ids
        case _:
            return ()


def _takes_name(desired: DesiredAttachment) -> bool:
    return desired.private_dns.enabled and bool(desired.vpc_id)


def _attachment_key(desired: DesiredAttachment, observed: ObservedAttachment) -> str:
    """Return what tells attachments in a VPC apart: by a service network bindings may share one."""
    match desired:
        case ResourceEndpointAttachment():
            return f"{desired.mode} {desired.binding}"
        case ServiceNetworkAttachment() | ServiceNetworkEndpointAttachment():
            return f"{desired.mode} {observed.network.arn if observed.network else desired.network.label}"
        case _:
            assert_never(desired)


def _failed(observed: ObservedAttachment) -> bool:
    states = [
        each.state
        for each in (observed.resource_association, observed.vpc_association, observed.endpoint)
        if each is not None
    ]
    return State.FAILED in states
