"""The steps from what AWS lists to what is desired: a pure comparison, which can be printed instead of done.

Doing a step changes what is observed, and then the next one is asked for; when there is none, everything is as desired.
"""

from collections.abc import Iterable, Iterator
from typing import assert_never

from msgspec import Struct

from drawbridge.association import (
    DesiredAttachment,
    EndpointAttachment,
    EndpointPlacement,
    MadeAttachment,
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
    CreateEndpoint,
    CreateResourceAssociation,
    CreateServiceNetwork,
    CreateVpcAssociation,
    DeleteResourceAssociation,
    ModifyEndpointPrivateDns,
    ModifyEndpointSecurityGroups,
    ModifyEndpointSubnets,
    UpdateVpcAssociation,
    assumed,
)
from drawbridge.association.observed_attachment import (
    Endpoint,
    EndpointTarget,
    NetworkTarget,
    ObservedAttachment,
    ObservedServiceNetwork,
    ResourceAssociation,
    ResourceTarget,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.lattice import PrivateDns


class Await(Struct, frozen=True):
    """Nothing is to be done but to wait."""

    what: str

    def __str__(self) -> str:
        return f"wait until {self.what} is usable"


class Blocked(Struct, frozen=True):
    """Drawbridge can't go on by itself; says what somebody has to do."""

    code: str
    why: str

    def __str__(self) -> str:
        return f"stuck: {self.why}"


Step = Action | Await | Blocked


def next_step(desired: DesiredAttachment, observed: ObservedAttachment, attempt: int) -> Step | None:
    """Return the next step; ``None`` if all is as desired. What can go on at the same time is begun before waiting.

    ``attempt`` is the one that asks: what failed in an earlier one is tried again, what failed in this one is not.
    """
    network = observed.network
    match desired:
        case ResourceEndpointAttachment():
            step = _endpoint_step(desired, resource_target(desired), observed, attempt)
            return step or _wait(observed.endpoint)
        case ServiceNetworkAttachment(vpc=vpc):
            if network is None:
                return _network_step(desired.network, attempt)
            step = _in_network_step(desired, network, observed.resource_association, attempt)
            if step is None and vpc is not None:
                step = _vpc_step(desired, vpc, network, observed.vpc_association, attempt)
            return step or _wait(_in_network(desired, observed), observed.vpc_association if vpc else None)
        case ServiceNetworkEndpointAttachment():
            if network is None:
                return _network_step(desired.network, attempt)
            step = _in_network_step(desired, network, observed.resource_association, attempt)
            step = step or _endpoint_step(desired, NetworkTarget(network), observed, attempt)
            return step or _wait(_in_network(desired, observed), observed.endpoint)
        case _:
            assert_never(desired)


def steps(desired: DesiredAttachment, observed: ObservedAttachment, attempt: int) -> Iterator[Step]:
    """Yield all the steps, each on the assumption that those before it went well."""
    while (step := next_step(desired, observed, attempt)) is not None:
        yield step
        if isinstance(step, Await | Blocked):
            return
        observed = assumed(step, observed)


def made_attachment(observed: ObservedAttachment, desired: DesiredAttachment) -> MadeAttachment:
    """Name what makes the resource reachable."""
    vpc = observed.vpc_association if isinstance(desired, ServiceNetworkAttachment) else None
    return MadeAttachment(
        endpoint_id=observed.endpoint.id if observed.endpoint else "",
        network_arn=observed.network.arn if observed.network else "",
        resource_association=observed.resource_association.id if observed.resource_association else "",
        vpc_association=vpc.id if vpc else "",
        security_group_ids=tuple(sorted(observed.endpoint.security_group_ids)) if observed.endpoint else (),
        settings=_settings(desired, observed.endpoint, vpc),
    )


def _settings(desired: DesiredAttachment, endpoint: Endpoint | None, vpc: ServiceNetworkVpcAssociation | None) -> str:
    """Write down what the attachment is left with, unless it is not this binding's alone, or somebody else's."""
    if desired.shares_names or _named_anyway(desired):
        return ""
    if endpoint is not None:
        return settings_of(endpoint.private_dns, endpoint.private_domains, endpoint.owner) if endpoint.ours else ""
    return settings_of(vpc.private_dns, vpc.private_domains) if vpc is not None and vpc.ours else ""


def _network_step(named: NetworkRef, attempt: int) -> Step:
    if named.create:
        return CreateServiceNetwork(named.name, attempt)
    why = f"there is no service network {named.label} that this account sees; create it, or correct its name"
    return Blocked("no-service-network", why)


def _in_network_step(
    desired: NetworkAttachment, network: ObservedServiceNetwork, existing: ResourceAssociation | None, attempt: int
) -> Step | None:
    """Return the step for the resource in the network; a shared network is put into nothing."""
    private = desired.private_dns.enabled
    if desired.resource.is_network:
        return None
    if existing is None:
        return CreateResourceAssociation(network, desired.resource, private, attempt)
    if existing.state is State.FAILED:
        retried = 0 < existing.attempt < attempt
        return (
            DeleteResourceAssociation(existing.id, existing.failure)
            if retried
            else _failed(existing.id, existing.failure)
        )
    if private and not existing.private_dns and existing.state.is_usable:
        return _without_private_dns(existing.id)
    return None


def _in_network(desired: NetworkAttachment, observed: ObservedAttachment) -> ResourceAssociation | None:
    return None if desired.resource.is_network else observed.resource_association


def _vpc_step(
    desired: ServiceNetworkAttachment,
    vpc: NetworkedVpc,
    network: ObservedServiceNetwork,
    existing: ServiceNetworkVpcAssociation | None,
    attempt: int,
) -> Step | None:
    if existing is None:
        settings = VpcAssociationSettings(vpc.security_group_ids, desired.private_dns)
        return CreateVpcAssociation(network, vpc.vpc_id, settings, attempt)
    if existing.network_arn != network.arn:
        why = (
            f"{vpc.vpc_id} is associated with another service network, {existing.network_arn}, and can be with one "
            f"only; use mode {Mode.SERVICE_NETWORK_ENDPOINT}, or that network"
        )
        return Blocked("vpc-associated-elsewhere", why)
    if existing.state is State.FAILED:
        return _failed(existing.id, existing.failure)
    return _change_of_vpc(desired, existing) if existing.state.is_usable else None


def _change_of_vpc(desired: ServiceNetworkAttachment, existing: ServiceNetworkVpcAssociation) -> Step | None:
    if not existing.ours:
        lacking = "; ".join(_lacking(desired, existing))
        return _not_ours(existing.id, lacking) if lacking else None
    difference = "; ".join(_differences(desired, existing))
    if not difference:
        return None
    preference, domains = _names(desired, existing)
    private_dns = PrivateDnsOptions(preference, tuple(sorted(domains)))
    return UpdateVpcAssociation(existing, difference, VpcAssociationSettings(desired.security_group_ids, private_dns))


def _failed(what: str, failure: str) -> Blocked:
    why = f"{what} failed: {failure or 'AWS gives no reason'}; see to the cause, then delete it"
    return Blocked("association-failed", why)


def _not_ours(what: str, lacking: str) -> Blocked:
    why = f"{what} is not Drawbridge's, and lacks what the binding wants: {lacking}; change it, or the binding"
    return Blocked("not-ours", why)


def _without_private_dns(what: str) -> Blocked:
    why = f"{what} was made without private DNS, which never changes; delete it to have it made anew, or set "
    return Blocked("private-dns-fixed", f"{why}privateDns: off")


def _differences(desired: DesiredAttachment, existing: ServiceNetworkVpcAssociation) -> Iterator[str]:
    yield from _other_groups(desired, existing)
    names = _names(desired, existing)
    if names != (existing.private_dns, existing.private_domains):
        yield f"private DNS {_names_text(*names)}"


def _lacking(desired: DesiredAttachment, existing: ServiceNetworkVpcAssociation | Endpoint) -> Iterator[str]:
    """Yield what is lacking; what is more than desired is left to whoever made it."""
    yield from _other_groups(desired, existing)
    if not _covers(desired, existing):
        yield f"private DNS {_names_text(desired.private_dns.preference, desired.private_dns.domains)}"


def _other_groups(desired: DesiredAttachment, existing: ServiceNetworkVpcAssociation | Endpoint) -> Iterator[str]:
    groups = frozenset(desired.security_group_ids)
    if groups and groups != existing.security_group_ids:
        yield f"security groups {', '.join(sorted(groups))}"


def _names(
    desired: DesiredAttachment, existing: ServiceNetworkVpcAssociation | Endpoint
) -> tuple[PrivateDns, frozenset[str]]:
    """Return the private DNS that there should be: just what is desired, unless another binding may share it."""
    existing_options = existing.private_dns, existing.private_domains
    preference, domains = desired.private_dns.preference, frozenset(desired.private_dns.domains)
    if _named_anyway(desired) or (desired.shares_names and _covers(desired, existing)):
        return existing_options
    if desired.shares_names and preference is existing.private_dns:
        return preference, domains | existing.private_domains
    return preference, domains


def _covers(desired: DesiredAttachment, existing: ServiceNetworkVpcAssociation | Endpoint) -> bool:
    """Whether it has all the private DNS that is desired, or more."""
    private_dns = desired.private_dns
    if not private_dns.enabled or existing.private_dns is PrivateDns.ALL:
        return True
    return private_dns.preference is existing.private_dns and {*private_dns.domains} <= existing.private_domains


def _named_anyway(desired: DesiredAttachment) -> bool:
    """Whether AWS gives an endpoint private names without being asked: to a database by its ARN."""
    match desired:
        case ResourceEndpointAttachment():
            return desired.resource.type == "ARN" and not desired.private_dns.enabled
        case ServiceNetworkAttachment() | ServiceNetworkEndpointAttachment():
            return False
        case _:
            assert_never(desired)


def _names_text(private_dns: PrivateDns, domains: Iterable[str]) -> str:
    return " ".join((private_dns, *sorted(domains)))


def _endpoint_step(
    desired: EndpointAttachment, target: EndpointTarget, observed: ObservedAttachment, attempt: int
) -> Step | None:
    existing = observed.endpoint
    if existing is None or existing.state is State.TERMINATED:
        return creation(desired, target, observed.terminated_ids, attempt)
    if existing.state is State.FAILED:
        return _failed(existing.id, existing.failure)
    if not existing.state.is_usable:
        return None
    if not existing.ours:
        lacking = "; ".join((*_lacking(desired, existing), *_lacking_subnets(desired.placement, existing)))
        return _not_ours(existing.id, lacking) if lacking else _other_addresses(desired.placement, existing)
    return _change(desired, existing) or _other_addresses(desired.placement, existing)


def creation(
    desired: EndpointAttachment, target: EndpointTarget, terminated_ids: tuple[str, ...], attempt: int
) -> CreateEndpoint:
    """Return how the endpoint is made; ``terminated_ids`` are those that were there before."""
    return CreateEndpoint(
        target=target,
        placement=desired.placement,
        security_group_ids=desired.security_group_ids,
        private_dns=desired.private_dns,
        attachment=desired.name,
        attempt=attempt,
        terminated_ids=terminated_ids,
    )


def resource_target(desired: ResourceEndpointAttachment) -> ResourceTarget:
    return ResourceTarget(desired.binding, desired.resource.arn)


def _change(desired: EndpointAttachment, existing: Endpoint) -> Step | None:
    groups = frozenset(desired.security_group_ids)
    if groups and groups != existing.security_group_ids:
        return ModifyEndpointSecurityGroups(
            existing, groups - existing.security_group_ids, existing.security_group_ids - groups
        )
    names = _names(desired, existing)
    if names != (existing.private_dns, existing.private_domains):
        return ModifyEndpointPrivateDns(existing, *names)
    return _subnet_step(desired, existing) if desired.placement.subnets_named else None


def _subnet_step(desired: EndpointAttachment, existing: Endpoint) -> Step | None:
    """Return the step for the subnets that a binding names; an endpoint to a network may be in other bindings' too."""
    named = frozenset(desired.placement.subnet_ids)
    match desired:
        case ServiceNetworkEndpointAttachment():
            missing = named - existing.subnet_ids
            return ModifyEndpointSubnets(existing, missing) if missing else None
        case ResourceEndpointAttachment():
            why = (
                f"{existing.id} is in {', '.join(sorted(existing.subnet_ids))}, and an endpoint to a resource "
                "stays where it was made; delete it to have it made anew, or name these subnets"
            )
            return None if named == existing.subnet_ids else Blocked("subnets-fixed", why)
        case _:
            assert_never(desired)


def _lacking_subnets(placement: EndpointPlacement, existing: Endpoint) -> Iterator[str]:
    missing = frozenset(placement.subnet_ids) - existing.subnet_ids
    if placement.subnets_named and missing:
        yield f"subnets {', '.join(sorted(missing))}"


def _other_addresses(placement: EndpointPlacement, existing: Endpoint) -> Blocked | None:
    if not placement.address_type or existing.address_type in {"", placement.address_type}:
        return None
    why = (
        f"{existing.id} has addresses of type {existing.address_type}, which never changes; delete it to have it made "
        f"anew, or set ipAddressType: {existing.address_type}"
    )
    return Blocked("address-type-fixed", why)


def _wait(*needed: ResourceAssociation | ServiceNetworkVpcAssociation | Endpoint | None) -> Step | None:
    """Wait for what is on its way."""
    on_its_way = (each for each in needed if each is not None and not each.state.is_usable)
    return next((Await(each.id) for each in on_its_way), None)
