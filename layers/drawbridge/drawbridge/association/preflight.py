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
from drawbridge.association.actions import AddSubnets, AssociateVpc, CreateEndpoint, PutInNetwork
from drawbridge.association.observed import EndpointTarget, Network, NetworkTarget, Observed, ResourceTarget, State
from drawbridge.association.quotas import DEFAULTS, IN_NETWORK, NETWORK_ENDPOINTS, PATH, RESOURCE_ENDPOINTS
from drawbridge.association.quotas import VPCS_OF_NETWORK as VPCS
from drawbridge.association.steps import Step, Stuck, steps
from drawbridge.association.subnets import Subnet, unfit
from drawbridge.lattice import PrivateDns, ResourceKind
from drawbridge.status import Reason


class Places(Protocol):
    """The VPCs of this account, and what is in them."""

    def vpc_of_group(self, group_id: str) -> str | None:
        """Give the VPC of a security group; ``None`` if there is no such group."""
        ...

    def subnet(self, subnet_id: str) -> Subnet | None: ...

    def has_dns(self, vpc_id: str) -> bool:
        """Tell whether the VPC has DNS support and DNS host names, which private DNS needs."""
        ...


class EndpointCounts(Protocol):
    """How many VPC endpoints there are."""

    def count(self, vpc_id: str, mode: Mode) -> int:
        """Count those of the mode's type in the VPC, whoever made them."""
        ...


class NetworkCounts(Protocol):
    """What service networks are associated with."""

    def resources_in(self, network: Network) -> int: ...

    def vpcs_of(self, network: Network) -> int: ...


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

    def hindrance(self, wanted: DesiredAttachment, observed: Observed) -> Reason | None:
        """Say what is in the way, if anything is; how it is overcome is told with it."""
        planned = [*steps(wanted, observed, attempt=1)]
        found = next(iter(self._hindrances(wanted, observed, planned)), None)
        if found is None:
            self._count(wanted, observed, planned)
            return None
        code, text = found
        return Reason(code, f"{wanted.resource.name}: {text}", source=wanted.binding)

    def _hindrances(
        self, wanted: DesiredAttachment, observed: Observed, planned: Iterable[Step]
    ) -> Iterator[tuple[str, str]]:
        yield from self._of_place(wanted)
        yield from self._of_room(wanted, planned)
        yield from self._of_names(wanted, observed)
        yield from self._of_shared(wanted, observed)
        for step in planned:
            # What failed may be tried again: that is not known before.
            if isinstance(step, Stuck) and not _failed(observed):
                yield step.code, step.why
        for need in self._needs(observed, planned):
            yield from self._of_quota(need)

    def _count(self, wanted: DesiredAttachment, observed: Observed, planned: Iterable[Step]) -> None:
        """Take what is wanted for made."""
        if _takes_name(wanted):
            self._named.setdefault((wanted.vpc_id, wanted.resource.arn), (_way(wanted, observed), wanted.binding))
        self._shared[_way(wanted, observed), wanted.vpc_id].append(wanted)
        for need in self._needs(observed, planned):
            if need.new not in self._begun:
                self._begun.add(need.new)
                self._planned[need.quota, need.place] += 1

    def _of_place(self, wanted: DesiredAttachment) -> Iterator[tuple[str, str]]:
        for group_id in wanted.security_group_ids:
            vpc_id = self._places.vpc_of_group(group_id)
            if vpc_id is None:
                yield "no-security-group", f"there is no security group {group_id}; correct the binding"
            elif vpc_id != wanted.vpc_id:
                yield "wrong-security-group", f"{group_id} is of {vpc_id}, not of {wanted.vpc_id}; name one of that VPC"
        match wanted:
            case ResourceEndpointAttachment() | ServiceNetworkEndpointAttachment():
                yield from self._of_subnets(wanted.placement)
            case ServiceNetworkAttachment():
                pass
            case _:
                assert_never(wanted)
        if _takes_name(wanted) and not self._places.has_dns(wanted.vpc_id):
            why = (
                f"private DNS needs enableDnsSupport and enableDnsHostnames of {wanted.vpc_id}; "
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

    def _of_room(self, wanted: DesiredAttachment, planned: Iterable[Step]) -> Iterator[tuple[str, str]]:
        """Find subnets that can't hold what is to be made in them; what is there already has its place."""
        match wanted:
            case ResourceEndpointAttachment() | ServiceNetworkEndpointAttachment():
                mode, address_type = wanted.mode, wanted.placement.address_type
            case ServiceNetworkAttachment():
                return
            case _:
                assert_never(wanted)
        for step in planned:
            if isinstance(step, CreateEndpoint) and not step.placement.subnet_ids:
                addresses = f" for addresses of type {address_type}" if address_type else ""
                lack = f"{wanted.vpc_id} has no subnet that can hold the endpoint{addresses}"
                yield "no-subnet", f"{lack}; make one, or name another VPC"
            for subnet_id in sorted(_subnets_of(step)):
                subnet = self._places.subnet(subnet_id)
                if subnet is not None and (why := unfit(subnet, mode, address_type)):
                    yield "subnet-unsuitable", f"{why}; leave it out of the binding"

    def _of_names(self, wanted: DesiredAttachment, observed: Observed) -> Iterator[tuple[str, str]]:
        if not _takes_name(wanted):
            return
        way, first = self._named.get((wanted.vpc_id, wanted.resource.arn), (_way(wanted, observed), ""))
        if way != _way(wanted, observed):
            why = (
                f"binding {first} has its private name in {wanted.vpc_id}, and one way only can have it; "
                "set privateDns: off in one of the two"
            )
            yield "private-dns-twice", why

    def _of_shared(self, wanted: DesiredAttachment, observed: Observed) -> Iterator[tuple[str, str]]:
        """Find bindings that would take from each other what they share, which has one set of everything."""
        match wanted:
            case ServiceNetworkAttachment() | ServiceNetworkEndpointAttachment():
                network = wanted.network.called
            case ResourceEndpointAttachment():
                return
            case _:
                assert_never(wanted)
        others = self._shared.get((_way(wanted, observed), wanted.vpc_id), ()) if wanted.vpc_id else ()
        for other in others:
            groups = [frozenset(each.security_group_ids) for each in (other, wanted)]
            if all(groups) and groups[0] != groups[1]:
                why = (
                    f"binding {other.binding} names other security groups for {network} in {wanted.vpc_id}, "
                    "and they share what has them; name the same in both"
                )
                yield "security-groups-differ", why
            theirs, ours = other.private_dns.preference, wanted.private_dns.preference
            if len({theirs, ours} - {PrivateDns.OFF}) > 1:
                why = (
                    f"binding {other.binding} wants private DNS {theirs} of {network} in {wanted.vpc_id}, "
                    f"not {ours}, and they share what has it; write the same in both"
                )
                yield "private-dns-differs", why

    def _needs(self, observed: Observed, planned: Iterable[Step]) -> Iterator["_Need"]:
        """Give what would be made that AWS counts."""
        there = observed.network
        for step in planned:
            match step:
                case CreateEndpoint(target=target, placement=placement):
                    yield self._need_of_endpoint(target, placement.vpc_id)
                case PutInNetwork(network=network, resource=resource):
                    if resource.kind is ResourceKind.RESOURCE_CONFIGURATION:
                        present = self._networks.resources_in(there) if there else 0
                        yield _Need(IN_NETWORK, network.arn, present, (IN_NETWORK, network.arn, resource.arn))
                case AssociateVpc(network=network, vpc_id=vpc_id):
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
        case AddSubnets(subnet_ids=subnet_ids):
            return subnet_ids
        case _:
            return ()


def _takes_name(wanted: DesiredAttachment) -> bool:
    return wanted.private_dns.enabled and bool(wanted.vpc_id)


def _way(wanted: DesiredAttachment, observed: Observed) -> str:
    """Name the way in a VPC: bindings may share that of a service network, an endpoint to a resource is a binding's."""
    match wanted:
        case ResourceEndpointAttachment():
            return f"{wanted.mode} {wanted.binding}"
        case ServiceNetworkAttachment() | ServiceNetworkEndpointAttachment():
            return f"{wanted.mode} {observed.network.arn if observed.network else wanted.network.called}"
        case _:
            assert_never(wanted)


def _failed(observed: Observed) -> bool:
    states = [each.state for each in (observed.in_network, observed.vpc, observed.endpoint) if each is not None]
    return State.FAILED in states
