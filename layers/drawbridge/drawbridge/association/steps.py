"""The steps from what AWS lists to what is wanted: a pure comparison, which can be printed instead of done.

Doing a step changes what is observed, and then the next one is asked for; when there is none, everything is as wanted.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from drawbridge.association import (
    Associated,
    Mode,
    PrivateDns,
    PrivateDnsOptions,
    VpcAssociationSettings,
    WantedAssociation,
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


def next_step(wanted: WantedAssociation, observed: Observed, attempt: int) -> Step | None:
    """Give the next step; ``None`` if everything is as wanted. What can go on at the same time is begun before waiting.

    ``attempt`` is the one that asks: what failed in an earlier one is tried again, what failed in this one is not.
    """
    if wanted.mode is not Mode.RESOURCE_ENDPOINT:
        step = _network_step(wanted, observed, attempt)
        if step is not None:
            return step
    if wanted.vpc_id and wanted.mode is Mode.SERVICE_NETWORK and observed.network is not None:
        step = _vpc_step(wanted, observed.network, observed.vpc, attempt)
        if step is not None:
            return step
    if wanted.mode is not Mode.SERVICE_NETWORK:
        step = _endpoint_step(wanted, observed, attempt)
        if step is not None:
            return step
    return _wait(wanted, observed)


def steps(wanted: WantedAssociation, observed: Observed, attempt: int) -> Iterator[Step]:
    """Give all the steps, each on the assumption that those before it went well."""
    while (step := next_step(wanted, observed, attempt)) is not None:
        yield step
        if isinstance(step, Await | Stuck):
            return
        observed = assumed(step, observed)


def associated(observed: Observed, wanted: WantedAssociation) -> Associated:
    """Name what makes the resource reachable."""
    vpc = observed.vpc if wanted.mode is Mode.SERVICE_NETWORK else None
    return Associated(
        endpoint_id=observed.endpoint.id if observed.endpoint else "",
        network_arn=observed.network.arn if observed.network else "",
        in_network=observed.in_network.id if observed.in_network else "",
        vpc_association=vpc.id if vpc else "",
        security_group_ids=tuple(sorted(observed.endpoint.security_group_ids)) if observed.endpoint else (),
        settings=_settings(wanted, observed.endpoint, vpc),
    )


def _settings(wanted: WantedAssociation, endpoint: Endpoint | None, vpc: VpcInNetwork | None) -> str:
    """Write down what the way is left with, unless it is not this binding's alone, or somebody else's."""
    if wanted.shares_names or _named_anyway(wanted):
        return ""
    if endpoint is not None:
        return settings_of(endpoint.private_dns, endpoint.private_domains, endpoint.owner) if endpoint.ours else ""
    return settings_of(vpc.private_dns, vpc.private_domains) if vpc is not None and vpc.ours else ""


def _network_step(wanted: WantedAssociation, observed: Observed, attempt: int) -> Step | None:
    if observed.network is None:
        if wanted.network is not None and wanted.network.create:
            return CreateNetwork(wanted.network.name, attempt)
        called = wanted.network.called if wanted.network else "of the binding"
        why = f"there is no service network {called} that this account sees; create it, or correct its name"
        return Stuck("no-service-network", why)
    return None if wanted.is_network else _in_network_step(wanted, observed.network, observed.in_network, attempt)


def _in_network_step(wanted: WantedAssociation, network: Network, there: InNetwork | None, attempt: int) -> Step | None:
    private = wanted.private_dns is not PrivateDns.OFF
    if there is None:
        return PutInNetwork(network, wanted.resource, private, attempt)
    if there.state is State.FAILED:
        retried = 0 < there.attempt < attempt
        return TakeOutOfNetwork(there.id, there.failure) if retried else _failed(there.id, there.failure)
    if private and not there.private_dns and there.state.is_usable:
        return _without_private_dns(there.id)
    return None


def _vpc_step(wanted: WantedAssociation, network: Network, there: VpcInNetwork | None, attempt: int) -> Step | None:
    if there is None:
        settings = VpcAssociationSettings(wanted.security_group_ids, wanted.private_dns_options)
        return AssociateVpc(network, wanted.vpc_id, settings, attempt)
    if there.network_arn != network.arn:
        why = (
            f"{wanted.vpc_id} is associated with another service network, {there.network_arn}, and can be with one "
            f"only; use mode {Mode.SERVICE_NETWORK_ENDPOINT}, or that network"
        )
        return Stuck("vpc-associated-elsewhere", why)
    if there.state is State.FAILED:
        return _failed(there.id, there.failure)
    return _change_of_vpc(wanted, there) if there.state.is_usable else None


def _change_of_vpc(wanted: WantedAssociation, there: VpcInNetwork) -> Step | None:
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


def _differences(wanted: WantedAssociation, there: VpcInNetwork) -> Iterator[str]:
    yield from _other_groups(wanted, there)
    names = _names(wanted, there)
    if names != (there.private_dns, there.private_domains):
        yield f"private DNS {_names_text(*names)}"


def _lacking(wanted: WantedAssociation, there: VpcInNetwork | Endpoint) -> Iterator[str]:
    """Say what is less than what is wanted; what is more is for whoever made it."""
    yield from _other_groups(wanted, there)
    if not _covers(wanted, there):
        yield f"private DNS {_names_text(wanted.private_dns, wanted.private_domains)}"


def _other_groups(wanted: WantedAssociation, there: VpcInNetwork | Endpoint) -> Iterator[str]:
    groups = frozenset(wanted.security_group_ids)
    if groups and groups != there.security_group_ids:
        yield f"security groups {', '.join(sorted(groups))}"


def _names(wanted: WantedAssociation, there: VpcInNetwork | Endpoint) -> tuple[PrivateDns, frozenset[str]]:
    """Give the private DNS that there should be: just what is wanted, unless another binding may have some by it."""
    told = there.private_dns, there.private_domains
    domains = frozenset(wanted.private_domains)
    if _named_anyway(wanted) or (wanted.shares_names and _covers(wanted, there)):
        return told
    if wanted.shares_names and wanted.private_dns is there.private_dns:
        return wanted.private_dns, domains | there.private_domains
    return wanted.private_dns, domains


def _covers(wanted: WantedAssociation, there: VpcInNetwork | Endpoint) -> bool:
    """Whether it has all the private DNS that is wanted, or more."""
    if wanted.private_dns is PrivateDns.OFF or there.private_dns is PrivateDns.ALL:
        return True
    return wanted.private_dns is there.private_dns and {*wanted.private_domains} <= there.private_domains


def _named_anyway(wanted: WantedAssociation) -> bool:
    """Whether AWS gives an endpoint private names without being asked: to a database by its ARN."""
    by_arn = wanted.mode is Mode.RESOURCE_ENDPOINT and wanted.resource_type == "ARN"
    return by_arn and wanted.private_dns is PrivateDns.OFF


def _names_text(private_dns: PrivateDns, domains: Iterable[str]) -> str:
    return " ".join((private_dns, *sorted(domains)))


def _endpoint_step(wanted: WantedAssociation, observed: Observed, attempt: int) -> Step | None:
    there = observed.endpoint
    if there is None or there.state is State.OVER:
        return creation(wanted, observed.network, observed.over, attempt)
    if there.state is State.FAILED:
        return _failed(there.id, there.failure)
    if not there.state.is_usable:
        return None
    if not there.ours:
        lacking = "; ".join((*_lacking(wanted, there), *_lacking_subnets(wanted, there)))
        return _not_ours(there.id, lacking) if lacking else _other_addresses(wanted, there)
    return _change(wanted, there) or _other_addresses(wanted, there)


def creation(wanted: WantedAssociation, network: Network | None, over: tuple[str, ...], attempt: int) -> CreateEndpoint:
    """Return how the endpoint is made; ``over`` are those that were there before."""
    return CreateEndpoint(
        target=target_of(wanted, network),
        placement=wanted.placement,
        security_group_ids=wanted.security_group_ids,
        private_dns=wanted.private_dns_options,
        attachment=wanted.name,
        attempt=attempt,
        over=over,
    )


def target_of(wanted: WantedAssociation, network: Network | None) -> EndpointTarget:
    """Return what the endpoint leads to."""
    if wanted.mode is Mode.SERVICE_NETWORK_ENDPOINT and network is not None:
        return NetworkTarget(network)
    return ResourceTarget(wanted.binding, wanted.resource_arn)


def _change(wanted: WantedAssociation, there: Endpoint) -> Step | None:
    groups = frozenset(wanted.security_group_ids)
    if groups and groups != there.security_group_ids:
        return ChangeSecurityGroups(there, groups - there.security_group_ids, there.security_group_ids - groups)
    names = _names(wanted, there)
    if names != (there.private_dns, there.private_domains):
        return ChangePrivateDns(there, *names)
    return _subnet_step(wanted, there)


def _subnet_step(wanted: WantedAssociation, there: Endpoint) -> Step | None:
    """See to the subnets that a binding names; those of an endpoint to a network may be other bindings' too."""
    if not wanted.subnets_named:
        return None
    named = frozenset(wanted.subnet_ids)
    if wanted.mode is Mode.SERVICE_NETWORK_ENDPOINT:
        missing = named - there.subnet_ids
        return AddSubnets(there, missing) if missing else None
    if named == there.subnet_ids:
        return None
    why = (
        f"{there.id} is in {', '.join(sorted(there.subnet_ids))}, and an endpoint to a resource stays where it was "
        "made; delete it to have it made anew, or name these subnets"
    )
    return Stuck("subnets-fixed", why)


def _lacking_subnets(wanted: WantedAssociation, there: Endpoint) -> Iterator[str]:
    missing = frozenset(wanted.subnet_ids) - there.subnet_ids
    if wanted.subnets_named and missing:
        yield f"subnets {', '.join(sorted(missing))}"


def _other_addresses(wanted: WantedAssociation, there: Endpoint) -> Stuck | None:
    if not wanted.address_type or there.address_type in {"", wanted.address_type}:
        return None
    why = (
        f"{there.id} has addresses of type {there.address_type}, which never changes; delete it to have it made anew, "
        f"or set ipAddressType: {there.address_type}"
    )
    return Stuck("address-type-fixed", why)


def _wait(wanted: WantedAssociation, observed: Observed) -> Step | None:
    """Wait for what is on its way."""
    needed: list[InNetwork | VpcInNetwork | Endpoint | None] = []
    if wanted.mode is not Mode.RESOURCE_ENDPOINT and not wanted.is_network:
        needed.append(observed.in_network)
    if wanted.mode is Mode.SERVICE_NETWORK and wanted.vpc_id:
        needed.append(observed.vpc)
    if wanted.mode is not Mode.SERVICE_NETWORK:
        needed.append(observed.endpoint)
    for each in needed:
        if each is not None and not each.state.is_usable:
            return Await(each.id)
    return None
