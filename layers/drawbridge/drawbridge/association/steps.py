"""The steps from what AWS lists to what is wanted: a pure comparison, which can be printed instead of done.

Doing a step changes what is observed, and then the next one is asked for; when there is none, everything is as wanted.
"""

from collections.abc import Iterator
from typing import assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import Associated, Mode, PrivateDns, WantedAssociation
from drawbridge.association.observed import Endpoint, InNetwork, Network, Observed, State, VpcInNetwork

_NEW = "(new)"
"""Stands for an id that AWS has not given yet."""


class CreateNetwork(Struct, frozen=True, tag=True):
    """Make a service network, not shareable: only so does it take resources as their owners share them."""

    name: str

    def __str__(self) -> str:
        return f"create service network {self.name}"


class PutInNetwork(Struct, frozen=True, tag=True):
    """Associate a resource or a service with a service network."""

    network: str
    resource: str
    private_dns: bool

    def __str__(self) -> str:
        private = ", with private DNS" if self.private_dns else ""
        return f"associate {self.resource} with service network {self.network}{private}"


class TakeOutOfNetwork(Struct, frozen=True, tag=True):
    """Delete an association that failed: it would be in the way of another one."""

    association_id: str
    failure: str

    def __str__(self) -> str:
        return f"delete {self.association_id}, which failed: {self.failure or 'AWS gives no reason'}"


class AssociateVpc(Struct, frozen=True, tag=True):
    """Associate a VPC with a service network."""

    network: str
    vpc_id: str

    def __str__(self) -> str:
        return f"associate {self.vpc_id} with service network {self.network}"


class ChangeVpcAssociation(Struct, frozen=True, tag=True):
    """Give a VPC's association other security groups or another private DNS."""

    association_id: str
    why: str

    def __str__(self) -> str:
        return f"change {self.association_id}: {self.why}"


class CreateEndpoint(Struct, frozen=True, tag=True):
    """Make a VPC endpoint, to the resource or to the service network."""

    target: str
    vpc_id: str
    subnet_ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"create an endpoint to {self.target} in {self.vpc_id}, {', '.join(self.subnet_ids)}"


class ChangeSecurityGroups(Struct, frozen=True, tag=True):
    """Give an endpoint security groups, and take others."""

    endpoint_id: str
    add: frozenset[str]
    remove: frozenset[str]

    def __str__(self) -> str:
        added = f"add {', '.join(sorted(self.add))}" if self.add else ""
        removed = f"remove {', '.join(sorted(self.remove))}" if self.remove else ""
        return f"change the security groups of {self.endpoint_id}: {'; '.join(filter(None, (added, removed)))}"


class Await(Struct, frozen=True, tag=True):
    """Nothing is to be done but to wait."""

    what: str

    def __str__(self) -> str:
        return f"wait until {self.what} is usable"


class Stuck(Struct, frozen=True, tag=True):
    """Drawbridge can't go on by itself; says what somebody has to do."""

    code: str
    why: str

    def __str__(self) -> str:
        return f"stuck: {self.why}"


Action = (
    CreateNetwork
    | PutInNetwork
    | TakeOutOfNetwork
    | AssociateVpc
    | ChangeVpcAssociation
    | CreateEndpoint
    | ChangeSecurityGroups
)
Step = Action | Await | Stuck


def next_step(wanted: WantedAssociation, observed: Observed, attempt: int) -> Step | None:
    """Give the next step; ``None`` if everything is as wanted. What can go on at the same time is begun before waiting.

    ``attempt`` is the one that asks: what failed in an earlier one is tried again, what failed in this one is not.
    """
    if wanted.mode is not Mode.RESOURCE_ENDPOINT:
        step = _network_step(wanted, observed, attempt)
        if step is not None:
            return step
    if wanted.vpc_id and wanted.mode is Mode.SERVICE_NETWORK:
        step = _vpc_step(wanted, observed)
        if step is not None:
            return step
    if wanted.mode is not Mode.SERVICE_NETWORK:
        step = _endpoint_step(wanted, observed)
        if step is not None:
            return step
    return _wait(wanted, observed)


def steps(wanted: WantedAssociation, observed: Observed, attempt: int) -> Iterator[Step]:
    """Give all the steps, each on the assumption that those before it went well."""
    while (step := next_step(wanted, observed, attempt)) is not None:
        yield step
        if isinstance(step, Await | Stuck):
            return
        observed = assumed(step, wanted, observed)


def assumed(step: Action, wanted: WantedAssociation, observed: Observed) -> Observed:
    """Give what would be observed once the step is done and AWS is ready with it."""
    changes: dict[str, object]
    match step:
        case CreateNetwork(name):
            changes = {"network": Network(arn=name, name=name)}
        case PutInNetwork(private_dns=private_dns):
            changes = {"in_network": InNetwork(id=_NEW, state=State.AVAILABLE, private_dns=private_dns)}
        case TakeOutOfNetwork():
            changes = {"in_network": None}
        case AssociateVpc() | ChangeVpcAssociation():
            network = observed.network.arn if observed.network else ""
            changes = {
                "vpc": _as_wanted(beside(wanted, observed.vpc), observed.vpc.id if observed.vpc else _NEW, network)
            }
        case CreateEndpoint() | ChangeSecurityGroups():
            made = Endpoint(
                id=observed.endpoint.id if observed.endpoint else _NEW,
                state=State.AVAILABLE,
                security_group_ids=frozenset(wanted.security_group_ids),
                subnet_ids=frozenset(wanted.subnet_ids),
                private_dns=wanted.private_dns is not PrivateDns.OFF,
            )
            changes = {"endpoint": made}
        case _:
            assert_never(step)
    return msgspec.structs.replace(observed, **changes)


def beside(wanted: WantedAssociation, there: VpcInNetwork | None) -> WantedAssociation:
    """Give what is wanted of a VPC's association, with the private DNS that other bindings have by it."""
    if there is None:
        return wanted
    if wanted.private_dns is PrivateDns.OFF:
        names = {"private_dns": there.private_dns, "private_domains": tuple(sorted(there.private_domains))}
    elif wanted.private_dns is there.private_dns:
        names = {"private_domains": tuple(sorted({*wanted.private_domains} | there.private_domains))}
    else:
        names = {}
    return msgspec.structs.replace(wanted, **names)


def associated(observed: Observed, mode: Mode) -> Associated:
    """Name what makes the resource reachable."""
    vpc = observed.vpc if mode is Mode.SERVICE_NETWORK else None
    return Associated(
        endpoint_id=observed.endpoint.id if observed.endpoint else "",
        network_arn=observed.network.arn if observed.network else "",
        in_network=observed.in_network.id if observed.in_network else "",
        vpc_association=vpc.id if vpc else "",
        security_group_ids=tuple(sorted(observed.endpoint.security_group_ids)) if observed.endpoint else (),
    )


def _as_wanted(wanted: WantedAssociation, association_id: str, network_arn: str) -> VpcInNetwork:
    return VpcInNetwork(
        id=association_id,
        state=State.AVAILABLE,
        network_arn=network_arn,
        security_group_ids=frozenset(wanted.security_group_ids),
        private_dns=wanted.private_dns,
        private_domains=frozenset(wanted.private_domains),
        ours=True,
    )


def _network_step(wanted: WantedAssociation, observed: Observed, attempt: int) -> Step | None:
    if observed.network is None:
        if wanted.network is not None and wanted.network.create:
            return CreateNetwork(wanted.network.name)
        called = wanted.network.called if wanted.network else "of the binding"
        why = f"there is no service network {called} that this account sees; create it, or correct its name"
        return Stuck("no-service-network", why)
    return None if wanted.is_network else _in_network_step(wanted, observed.network, observed.in_network, attempt)


def _in_network_step(wanted: WantedAssociation, network: Network, there: InNetwork | None, attempt: int) -> Step | None:
    private = wanted.private_dns is not PrivateDns.OFF
    if there is None:
        return PutInNetwork(network.name, wanted.resource_arn, private)
    if there.state is State.FAILED:
        retried = 0 < there.attempt < attempt
        return TakeOutOfNetwork(there.id, there.failure) if retried else _failed(there.id, there.failure)
    if private and not there.private_dns and there.state.is_usable:
        return _without_private_dns(there.id)
    return None


def _vpc_step(wanted: WantedAssociation, observed: Observed) -> Step | None:
    network, there = observed.network, observed.vpc
    if network is None or there is None:
        return AssociateVpc(network.name, wanted.vpc_id) if network else None
    if there.network_arn != network.arn:
        why = (
            f"{wanted.vpc_id} is associated with another service network, {there.network_arn}, and can be with one "
            f"only; use mode {Mode.SERVICE_NETWORK_ENDPOINT}, or that network"
        )
        return Stuck("vpc-associated-elsewhere", why)
    if there.state is State.FAILED:
        return _failed(there.id, there.failure)
    difference = "; ".join(_differences(wanted, there))
    if not difference or not there.state.is_usable:
        return None
    if not there.ours:
        return _not_ours(there.id, difference)
    return ChangeVpcAssociation(there.id, difference)


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
    groups = frozenset(wanted.security_group_ids)
    if groups and groups != there.security_group_ids:
        yield f"security groups {', '.join(sorted(groups))}"
    # One binding may do without what another one wants of the same VPC.
    if wanted.private_dns is PrivateDns.OFF or there.private_dns is PrivateDns.ALL:
        return
    if wanted.private_dns is not there.private_dns or not {*wanted.private_domains} <= there.private_domains:
        yield f"private DNS {wanted.private_dns}"


def _endpoint_step(wanted: WantedAssociation, observed: Observed) -> Step | None:
    there = observed.endpoint
    if there is None or there.state is State.OVER:
        target = wanted.resource_arn
        if wanted.mode is Mode.SERVICE_NETWORK_ENDPOINT and observed.network is not None:
            target = f"service network {observed.network.name}"
        return CreateEndpoint(target, wanted.vpc_id, wanted.subnet_ids)
    if there.state is State.FAILED:
        return _failed(there.id, there.failure)
    groups = frozenset(wanted.security_group_ids)
    names_lack = wanted.private_dns is not PrivateDns.OFF and not there.private_dns
    groups_lack = bool(groups) and groups != there.security_group_ids
    if not there.state.is_usable or not (names_lack or groups_lack):
        return None
    if not there.ours:
        return _not_ours(there.id, "private DNS" if names_lack else f"security groups {', '.join(sorted(groups))}")
    if names_lack:
        return _without_private_dns(there.id)
    return ChangeSecurityGroups(there.id, groups - there.security_group_ids, there.security_group_ids - groups)


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
