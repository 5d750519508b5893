"""The inputs of a plan: what the bindings that match would find in this account, and in what is shared."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from drawbridge.association import Mode
from drawbridge.association.binding import Binding, ServiceNetwork, VpcTag
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.association.quotas import (
    DEFAULTS,
    IN_NETWORK,
    NETWORK_ENDPOINTS,
    RESOURCE_ENDPOINTS,
    VPCS_OF_NETWORK,
)
from drawbridge.configuration import InForce
from drawbridge.lattice import MatchAttributes
from drawbridge.request.fingerprints import fingerprint
from drawbridge.request.shares import SharedResource


class ListedVpc(Struct, frozen=True, kw_only=True):
    """A VPC of this account."""

    vpc_id: str
    tags: dict[str, str]
    places: tuple[tuple[str, ...], ...]
    """For each kind of place that it has subnets in, what makes the kind, and the subnet with the lowest id."""


class ListedNetwork(Struct, frozen=True, kw_only=True):
    """A service network that this account sees."""

    arn: str
    name: str
    resources: int
    vpcs: int
    """How many it is associated with."""


class AccountInventory(Protocol):
    """What AWS lists for the whole account; each listing is asked for once, and only if somebody needs it."""

    def resources(self, arns: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Return what VPC Lattice lists of each, if it lists it."""
        ...

    def vpcs(self) -> Collection[ListedVpc]: ...

    def subnets(self) -> Mapping[str, str]:
        """Return the VPC of each subnet."""
        ...

    def security_groups(self) -> Mapping[str, str]:
        """Return the VPC of each security group."""
        ...

    def own_networks(self) -> Mapping[str, ListedNetwork]:
        """Return the service networks of this account, by their names."""
        ...

    def networks(self) -> Collection[ListedNetwork]:
        """Return all service networks that this account sees."""
        ...

    def hosted_zones(self) -> Mapping[str, bool]:
        """Return whether each hosted zone is private, by its id."""
        ...

    def endpoints(self, vpc_id: str, mode: Mode) -> int:
        """Count the endpoints of the mode's type in a VPC, whoever made them."""
        ...


def inputs_of(
    bindings: Iterable[Binding],
    contents: Collection[SharedResource],
    inventory: AccountInventory,
    quotas: Mapping[str, int],
) -> PlanInputs:
    """Return the inputs that a plan with these bindings, for a share that holds these resources, rests on."""
    chosen = sorted(bindings, key=lambda binding: binding.name)
    vpcs = {binding.name: tuple(_vpcs(binding, inventory)) for binding in chosen}
    listed = inventory.resources([each.arn for each in contents])
    return PlanInputs(
        resources=fingerprint(sorted((each.arn, each.status, listed.get(each.arn, ())) for each in contents)),
        vpcs=fingerprint([_placed(binding, vpcs[binding.name]) for binding in chosen]),
        subnets=_fingerprint_of((each for one in chosen for each in one.attach.subnets), inventory.subnets),
        security_groups=_fingerprint_of(
            (each for one in chosen for each in one.attach.security_groups), inventory.security_groups
        ),
        networks=fingerprint([_network_found(binding, inventory) for binding in chosen]),
        hosted_zones=_fingerprint_of(
            (one.attach.alias.zone for one in chosen if one.attach.alias), inventory.hosted_zones
        ),
        room=fingerprint(sorted(_full(chosen, vpcs, inventory, {**DEFAULTS, **quotas}))),
    )


def relevant_bindings(
    bindings: InForce[Binding], provider: str, share_name: str, contents: Collection[MatchAttributes] | None
) -> list[Binding]:
    """Return the bindings that match something of a share; where it is not known what it holds, those that could."""
    possible = [each for each in bindings.things if each.match.could_match(provider, share_name)]
    if contents is None:
        return possible
    return [each for each in possible if any(each.match.matches(thing, share_name) for thing in contents)]


def _fingerprint_of(ids: Iterable[str], listed: "_Listing") -> str:
    """Return a fingerprint of what is listed of these ids; without any, nothing is listed."""
    asked = sorted(set(ids))
    found = listed() if asked else {}
    return fingerprint([(each, found.get(each)) for each in asked])


class _Listing(Protocol):
    def __call__(self) -> Mapping[str, str] | Mapping[str, bool]: ...


def _vpcs(binding: Binding, inventory: AccountInventory) -> Iterator[ListedVpc]:
    match binding.attach.vpc:
        case None:
            return
        case VpcTag(tag):
            yield from (each for each in inventory.vpcs() if tag.items() <= each.tags.items())
        case vpc_id:
            yield from (each for each in inventory.vpcs() if each.vpc_id == vpc_id)


def _placed(binding: Binding, vpcs: Iterable[ListedVpc]) -> tuple[str, list[tuple[str, object]]]:
    chooses = binding.attach.mode is not Mode.SERVICE_NETWORK and not binding.attach.subnets
    return binding.name, sorted((each.vpc_id, each.places if chooses else ()) for each in vpcs)


def _network(binding: Binding, inventory: AccountInventory) -> ListedNetwork | None:
    match binding.attach.service_network:
        case None:
            return None
        case ServiceNetwork(name=name):
            return inventory.own_networks().get(name)
        case identifier:
            # An id is the end of the ARN.
            return next((each for each in inventory.networks() if each.arn.endswith(identifier)), None)


def _network_found(binding: Binding, inventory: AccountInventory) -> tuple[str, str]:
    """Return the network that a binding names; one that is created if it is not there makes no difference."""
    named = binding.attach.network
    if named is None or named.create:
        return binding.name, ""
    found = _network(binding, inventory)
    return binding.name, found.arn if found else ""


def _full(
    chosen: Iterable[Binding],
    vpcs: Mapping[str, Iterable[ListedVpc]],
    inventory: AccountInventory,
    quotas: Mapping[str, int],
) -> Iterator[tuple[str, str]]:
    """Yield the quotas that are reached, and where. The counts themselves would change with all that is made."""
    for binding in chosen:
        mode, network = binding.attach.mode, _network(binding, inventory)
        if mode is not Mode.SERVICE_NETWORK:
            quota = RESOURCE_ENDPOINTS if mode is Mode.RESOURCE_ENDPOINT else NETWORK_ENDPOINTS
            for each in vpcs[binding.name]:
                if inventory.endpoints(each.vpc_id, mode) >= quotas[quota]:
                    yield quota, each.vpc_id
        if network is not None and network.resources >= quotas[IN_NETWORK]:
            yield IN_NETWORK, network.arn
        if network is not None and network.vpcs >= quotas[VPCS_OF_NETWORK]:
            yield VPCS_OF_NETWORK, network.arn
