"""The steps from what AWS lists to what is wanted: a pure comparison, which can be printed instead of done.

Doing a step changes what is observed, and then the next one is asked for; when there is none, everything is as wanted.
"""

from collections.abc import Iterable, Iterator
from typing import assert_never

from msgspec import Struct

from drawbridge.association import (
    Associated,
    DesiredAttachment,
    EndpointAttachment,
    EndpointPlacement,
    Mode,
    NetworkAttachment,
    NetworkedVpc,
    NetworkRef,
    PrivateDnsOptions,
    ResourceEndpointAttachment,
    ServiceNetworkAttachment,
    ServiceNetworkEndpointAttachment,
    VpcAssociationSettings,
    settings_of,
)
from drawbridge.association.actions import (
    Action,
    AddSubnets,
    AssociateVpc,
    ChangePrivateDns,
    ChangeSecurityGroups,
    ChangeVpcAssociation,
    CreateEndpoint,
    CreateNetwork,
    PutInNetwork,
    TakeOutOfNetwork,
    assumed,
)
from drawbridge.association.observed import (
    Endpoint,
    EndpointTarget,
    InNetwork,
    Network,
    NetworkTarget,
    Observed,
    ResourceTarget,
    State,
    VpcInNetwork,
)
from drawbridge.lattice import PrivateDns


class Await(Struct, frozen=True):
    """Nothing is to be done but to wait."""

    what: str

    def __str__(self) -> str:
        return f"wait until {self.what} is usable"


class Stuck(Struct, frozen=True):
    """Drawbridge can't go on by itself; says what somebody has to do."""

    code: str
    why: str

    def __str__(self) -> str:
        return f"stuck: {self.why}"


Step = Action | Await | Stuck


def next_step(wanted: DesiredAttachment, observed: Observed, attempt: int) -> Step | None:
    """Give the next step; ``None`` if everything is as wanted. What can go on at the same time is begun before waiting.

    ``attempt`` is the one that asks: what failed in an earlier one is tried again, what failed in this one is not.
    """
    network = observed.network
    match wanted:
        case ResourceEndpointAttachment():
            step = _endpoint_step(wanted, resource_target(wanted), observed, attempt)
            return step or _wait(observed.endpoint)
        case ServiceNetworkAttachment(vpc=vpc):
            if network is None:
                return _network_step(wanted.network, attempt)
            step = _in_network_step(wanted, network, observed.in_network, attempt)
            if step is None and vpc is not None:
                step = _vpc_step(wanted, vpc, network, observed.vpc, attempt)
            return step or _wait(_in_network(wanted, observed), observed.vpc if vpc else None)
        case ServiceNetworkEndpointAttachment():
            if network is None:
                return _network_step(wanted.network, attempt)
            step = _in_network_step(wanted, network, observed.in_network, attempt)
            step = step or _endpoint_step(wanted, NetworkTarget(network), observed, attempt)
            return step or _wait(_in_network(wanted, observed), observed.endpoint)
        case _:
            assert_never(wanted)


def steps(wanted: DesiredAttachment, observed: Observed, attempt: int) -> Iterator[Step]:
    """Give all the steps, each on the assumption that those before it went well."""
    while (step := next_step(wanted, observed, attempt)) is not None:
        yield step
        if isinstance(step, Await | Stuck):
            return
        observed = assumed(step, observed)


def associated(observed: Observed, wanted: DesiredAttachment) -> Associated:
    """Name what makes the resource reachable."""
    vpc = observed.vpc if isinstance(wanted, ServiceNetworkAttachment) else None
    return Associated(
        endpoint_id=observed.endpoint.id if observed.endpoint else "",
        network_arn=observed.network.arn if observed.network else "",
        in_network=observed.in_network.id if observed.in_network else "",
        vpc_association=vpc.id if vpc else "",
        security_group_ids=tuple(sorted(observed.endpoint.security_group_ids)) if observed.endpoint else (),
        settings=_settings(wanted, observed.endpoint, vpc),
    )


def _settings(wanted: DesiredAttachment, endpoint: Endpoint | None, vpc: VpcInNetwork | None) -> str:
    """Write down what the way is left with, unless it is not this binding's alone, or somebody else's."""
    if wanted.shares_names or _named_anyway(wanted):
        return ""
    if endpoint is not None:
        return settings_of(endpoint.private_dns, endpoint.private_domains, endpoint.owner) if endpoint.ours else ""
    return settings_of(vpc.private_dns, vpc.private_domains) if vpc is not None and vpc.ours else ""


def _network_step(named: NetworkRef, attempt: int) -> Step:
    if named.create:
        return CreateNetwork(named.name, attempt)
    why = f"there is no service network {named.called} that this account sees; create it, or correct its name"
    return Stuck("no-service-network", why)


def _in_network_step(wanted: NetworkAttachment, network: Network, there: InNetwork | None, attempt: int) -> Step | None:
    """See to what is in the network; one that is shared is put into nothing."""
    private = wanted.private_dns.enabled
    if wanted.resource.is_network:
        return None
    if there is None:
        return PutInNetwork(network, wanted.resource, private, attempt)
    if there.state is State.FAILED:
        retried = 0 < there.attempt < attempt
        return TakeOutOfNetwork(there.id, there.failure) if retried else _failed(there.id, there.failure)
    if private and not there.private_dns and there.state.is_usable:
        return _without_private_dns(there.id)
    return None


def _in_network(wanted: NetworkAttachment, observed: Observed) -> InNetwork | None:
    return None if wanted.resource.is_network else observed.in_network


def _vpc_step(
    wanted: ServiceNetworkAttachment, vpc: NetworkedVpc, network: Network, there: VpcInNetwork | None, attempt: int
) -> Step | None:
    if there is None:
        settings = VpcAssociationSettings(vpc.security_group_ids, wanted.private_dns)
        return AssociateVpc(network, vpc.vpc_id, settings, attempt)
    if there.network_arn != network.arn:
        why = (
            f"{vpc.vpc_id} is associated with another service network, {there.network_arn}, and can be with one "
            f"only; use mode {Mode.SERVICE_NETWORK_ENDPOINT}, or that network"
        )
        return Stuck("vpc-associated-elsewhere", why)
    if there.state is State.FAILED:
        return _failed(there.id, there.failure)
    return _change_of_vpc(wanted, there) if there.state.is_usable else None


def _change_of_vpc(wanted: ServiceNetworkAttachment, there: VpcInNetwork) -> Step | None:
    if not there.ours:
        lacking = "; ".join(_lacking(wanted, there))
        return _not_ours(there.id, lacking) if lacking else None
    difference = "; ".join(_differences(wanted, there))
    if not difference:
        return None
    preference, domains = _names(wanted, there)
    private_dns = PrivateDnsOptions(preference, tuple(sorted(domains)))
    return ChangeVpcAssociation(there, difference, VpcAssociationSettings(wanted.security_group_ids, private_dns))


def _failed(what: str, failure: str) -> Stuck:
    why = f"{what} failed: {failure or 'AWS gives no reason'}; see to the cause, then delete it"
    return Stuck("association-failed", why)


def _not_ours(what: str, lacking: str) -> Stuck:
    why = f"{what} is not Drawbridge's, and lacks what the binding wants: {lacking}; change it, or the binding"
    return Stuck("not-ours", why)


def _without_private_dns(what: str) -> Stuck:
    why = f"{what} was made without private DNS, which never changes; delete it to have it made anew, or set "
    return Stuck("private-dns-fixed", f"{why}privateDns: off")


def _differences(wanted: DesiredAttachment, there: VpcInNetwork) -> Iterator[str]:
    yield from _other_groups(wanted, there)
    names = _names(wanted, there)
    if names != (there.private_dns, there.private_domains):
        yield f"private DNS {_names_text(*names)}"


def _lacking(wanted: DesiredAttachment, there: VpcInNetwork | Endpoint) -> Iterator[str]:
    """Say what is less than what is wanted; what is more is for whoever made it."""
    yield from _other_groups(wanted, there)
    if not _covers(wanted, there):
        yield f"private DNS {_names_text(wanted.private_dns.preference, wanted.private_dns.domains)}"


def _other_groups(wanted: DesiredAttachment, there: VpcInNetwork | Endpoint) -> Iterator[str]:
    groups = frozenset(wanted.security_group_ids)
    if groups and groups != there.security_group_ids:
        yield f"security groups {', '.join(sorted(groups))}"


def _names(wanted: DesiredAttachment, there: VpcInNetwork | Endpoint) -> tuple[PrivateDns, frozenset[str]]:
    """Give the private DNS that there should be: just what is wanted, unless another binding may have some by it."""
    told = there.private_dns, there.private_domains
    preference, domains = wanted.private_dns.preference, frozenset(wanted.private_dns.domains)
    if _named_anyway(wanted) or (wanted.shares_names and _covers(wanted, there)):
        return told
    if wanted.shares_names and preference is there.private_dns:
        return preference, domains | there.private_domains
    return preference, domains


def _covers(wanted: DesiredAttachment, there: VpcInNetwork | Endpoint) -> bool:
    """Whether it has all the private DNS that is wanted, or more."""
    private_dns = wanted.private_dns
    if not private_dns.enabled or there.private_dns is PrivateDns.ALL:
        return True
    return private_dns.preference is there.private_dns and {*private_dns.domains} <= there.private_domains


def _named_anyway(wanted: DesiredAttachment) -> bool:
    """Whether AWS gives an endpoint private names without being asked: to a database by its ARN."""
    match wanted:
        case ResourceEndpointAttachment():
            return wanted.resource.type == "ARN" and not wanted.private_dns.enabled
        case ServiceNetworkAttachment() | ServiceNetworkEndpointAttachment():
            return False
        case _:
            assert_never(wanted)


def _names_text(private_dns: PrivateDns, domains: Iterable[str]) -> str:
    return " ".join((private_dns, *sorted(domains)))


def _endpoint_step(wanted: EndpointAttachment, target: EndpointTarget, observed: Observed, attempt: int) -> Step | None:
    there = observed.endpoint
    if there is None or there.state is State.OVER:
        return creation(wanted, target, observed.over, attempt)
    if there.state is State.FAILED:
        return _failed(there.id, there.failure)
    if not there.state.is_usable:
        return None
    if not there.ours:
        lacking = "; ".join((*_lacking(wanted, there), *_lacking_subnets(wanted.placement, there)))
        return _not_ours(there.id, lacking) if lacking else _other_addresses(wanted.placement, there)
    return _change(wanted, there) or _other_addresses(wanted.placement, there)


def creation(wanted: EndpointAttachment, target: EndpointTarget, over: tuple[str, ...], attempt: int) -> CreateEndpoint:
    """Return how the endpoint is made; ``over`` are those that were there before."""
    return CreateEndpoint(
        target=target,
        placement=wanted.placement,
        security_group_ids=wanted.security_group_ids,
        private_dns=wanted.private_dns,
        attachment=wanted.name,
        attempt=attempt,
        over=over,
    )


def resource_target(wanted: ResourceEndpointAttachment) -> ResourceTarget:
    return ResourceTarget(wanted.binding, wanted.resource.arn)


def _change(wanted: EndpointAttachment, there: Endpoint) -> Step | None:
    groups = frozenset(wanted.security_group_ids)
    if groups and groups != there.security_group_ids:
        return ChangeSecurityGroups(there, groups - there.security_group_ids, there.security_group_ids - groups)
    names = _names(wanted, there)
    if names != (there.private_dns, there.private_domains):
        return ChangePrivateDns(there, *names)
    return _subnet_step(wanted, there) if wanted.placement.subnets_named else None


def _subnet_step(wanted: EndpointAttachment, there: Endpoint) -> Step | None:
    """See to the subnets that a binding names; those of an endpoint to a network may be other bindings' too."""
    named = frozenset(wanted.placement.subnet_ids)
    match wanted:
        case ServiceNetworkEndpointAttachment():
            missing = named - there.subnet_ids
            return AddSubnets(there, missing) if missing else None
        case ResourceEndpointAttachment():
            why = (
                f"{there.id} is in {', '.join(sorted(there.subnet_ids))}, and an endpoint to a resource stays where it "
                "was made; delete it to have it made anew, or name these subnets"
            )
            return None if named == there.subnet_ids else Stuck("subnets-fixed", why)
        case _:
            assert_never(wanted)


def _lacking_subnets(placement: EndpointPlacement, there: Endpoint) -> Iterator[str]:
    missing = frozenset(placement.subnet_ids) - there.subnet_ids
    if placement.subnets_named and missing:
        yield f"subnets {', '.join(sorted(missing))}"


def _other_addresses(placement: EndpointPlacement, there: Endpoint) -> Stuck | None:
    if not placement.address_type or there.address_type in {"", placement.address_type}:
        return None
    why = (
        f"{there.id} has addresses of type {there.address_type}, which never changes; delete it to have it made anew, "
        f"or set ipAddressType: {there.address_type}"
    )
    return Stuck("address-type-fixed", why)


def _wait(*needed: InNetwork | VpcInNetwork | Endpoint | None) -> Step | None:
    """Wait for what is on its way."""
    on_its_way = (each for each in needed if each is not None and not each.state.is_usable)
    return next((Await(each.id) for each in on_its_way), None)
