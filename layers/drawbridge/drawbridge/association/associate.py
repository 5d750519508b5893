"""Associating: one shared resource is made reachable in one VPC, step by step."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Protocol, assert_never

import msgspec

from drawbridge.association import (
    Associated,
    AttachedResource,
    DesiredAttachment,
    NetworkAttachment,
    NetworkRef,
    ResourceEndpointAttachment,
    ServiceNetworkAttachment,
    ServiceNetworkEndpointAttachment,
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
    EndpointChange,
    PutInNetwork,
    TakeOutOfNetwork,
    changed,
)
from drawbridge.association.client_tokens import (
    association_token,
    endpoint_token,
    network_token,
    vpc_association_token,
)
from drawbridge.association.observed import (
    Endpoint,
    EndpointTarget,
    InNetwork,
    Network,
    NetworkTarget,
    Observed,
    Part,
    ResourceTarget,
    State,
    VpcInNetwork,
)
from drawbridge.association.steps import Await, Stuck, associated, next_step, resource_target
from drawbridge.errors import AssociationFailedError, ConflictError, GoneError, NotReadyError
from drawbridge.lattice import PrivateDns


class Networks(Protocol):
    """The service networks that this account sees, and what they are associated with."""

    def network(self, ref: NetworkRef) -> Network | None:
        """Find a network by id or ARN, or by its name among those of this account."""
        ...

    def in_network(self, network: Network, resource: AttachedResource) -> InNetwork | None:
        """Give the network's association with the resource, whoever made it."""
        ...

    def of_vpc(self, vpc_id: str) -> VpcInNetwork | None:
        """Give the VPC's association with whichever network."""
        ...

    def create(self, name: str, client_token: str) -> Network: ...

    def put_in(self, action: PutInNetwork, client_token: str) -> InNetwork: ...

    def take_out(self, association_id: str) -> None: ...

    def associate_vpc(self, action: AssociateVpc, client_token: str) -> VpcInNetwork: ...

    def change_vpc_association(self, action: ChangeVpcAssociation) -> VpcInNetwork: ...


class Endpoints(Protocol):
    """The VPC endpoints of this account."""

    def find(self, target: EndpointTarget, vpc_id: str) -> list[Endpoint]:
        """Give the endpoints in the VPC that lead there, those that are over too, oldest first.

        To a resource those that Drawbridge made for this binding; to a service network all, ours first.
        """
        ...

    def beside(self, target: ResourceTarget, vpc_id: str) -> list[Endpoint]:
        """Give the endpoints to the resource in the VPC that are not to be told as this or another binding's."""
        ...

    def create(self, action: CreateEndpoint, client_token: str) -> Endpoint:
        """Make the endpoint, tagged so that ``find`` finds it; the same token gives the same endpoint."""
        ...

    def change_groups(self, endpoint_id: str, *, add: frozenset[str], remove: frozenset[str]) -> None:
        """Give the endpoint security groups, and take others."""
        ...

    def change_private_dns(self, endpoint_id: str, private_dns: PrivateDns, domains: frozenset[str]) -> None:
        """Give the endpoint another private DNS, or none."""
        ...

    def add_subnets(self, endpoint_id: str, subnet_ids: frozenset[str]) -> None:
        """Have an endpoint to a service network in more subnets."""
        ...


class Ways:
    """The three ways to a resource, as AWS lists them and as they are made."""

    def __init__(self, networks: Networks, endpoints: Endpoints) -> None:
        self._networks = networks
        self._endpoints = endpoints

    def network(self, ref: NetworkRef) -> Network | None:
        """Find a service network, as a binding names it."""
        return self._networks.network(ref)

    def observe(self, wanted: DesiredAttachment) -> Observed:
        """Look at what there is of the way."""
        match wanted:
            case ResourceEndpointAttachment():
                target = resource_target(wanted)
                found = self._endpoints.find(target, wanted.vpc_id)
                usable = _usable(found)
                beside = () if usable else tuple(self._endpoints.beside(target, wanted.vpc_id))
                return Observed(endpoint=usable, beside=beside, over=_over(found))
            case ServiceNetworkAttachment():
                network, in_network = self._in_network(wanted)
                vpc = self._networks.of_vpc(wanted.vpc_id) if wanted.vpc else None
                return Observed(network=network, in_network=in_network, vpc=vpc)
            case ServiceNetworkEndpointAttachment():
                network, in_network = self._in_network(wanted)
                found = self._endpoints.find(NetworkTarget(network), wanted.vpc_id) if network else []
                return Observed(network=network, in_network=in_network, endpoint=_usable(found), over=_over(found))
            case _:
                assert_never(wanted)

    def _in_network(self, wanted: NetworkAttachment) -> tuple[Network | None, InNetwork | None]:
        network = self._networks.network(wanted.network)
        if network is None or wanted.resource.is_network:
            return network, None
        return network, self._networks.in_network(network, wanted.resource)

    def do(self, action: Action) -> Part:
        """Do one action; return what it made or changed, as it is then.

        Raises:
            NotReadyError: somebody else has just done it, or the action before it is not over yet.
        """
        try:
            match action:
                case CreateNetwork(name=name):
                    return self._networks.create(name, network_token(action))
                case PutInNetwork():
                    return self._networks.put_in(action, association_token(action))
                case TakeOutOfNetwork(association_id=association_id):
                    # Another association of the same plan, or the try before this one, may have taken it out.
                    with suppress(GoneError):
                        self._networks.take_out(association_id)
                    raise NotReadyError(f"{association_id} failed, and is being deleted to be made anew")
                case AssociateVpc():
                    return self._networks.associate_vpc(action, vpc_association_token(action))
                case ChangeVpcAssociation():
                    return self._networks.change_vpc_association(action)
                case CreateEndpoint():
                    return self._create_endpoint(action)
                case ChangeSecurityGroups() | ChangePrivateDns() | AddSubnets():
                    self._change_endpoint(action)
                    return changed(action)
                case _:
                    assert_never(action)
        except ConflictError as error:
            # Another association of the same network may have come first: the next look adopts what it made.
            raise NotReadyError(f"{action}: {error}") from error

    def _change_endpoint(self, action: EndpointChange) -> None:
        match action:
            case ChangeSecurityGroups(endpoint=there, add=add, remove=remove):
                self._endpoints.change_groups(there.id, add=add, remove=remove)
            case ChangePrivateDns(endpoint=there, private_dns=private_dns, domains=domains):
                self._endpoints.change_private_dns(there.id, private_dns, domains)
            case AddSubnets(endpoint=there, subnet_ids=subnet_ids):
                self._endpoints.add_subnets(there.id, subnet_ids)
            case _:
                assert_never(action)

    def _create_endpoint(self, action: CreateEndpoint) -> Endpoint:
        placed = isinstance(action.target, ResourceTarget)
        for _ in range(_MOST_TOKENS):
            try:
                made = self._endpoints.create(action, endpoint_token(action, placed=placed))
            except ConflictError:
                if placed:
                    raise
                # Another binding has just made it in its own way; or it was long ago, and has been deleted since.
                there = _usable(self._endpoints.find(action.target, action.placement.vpc_id))
                if there is not None:
                    return there
                placed = True
                continue
            if made.state is not State.OVER:
                return made
            # The token was one of an endpoint that was deleted since, and AWS lists no longer.
            action = msgspec.structs.replace(action, over=(*action.over, made.id))
        raise NotReadyError(f"AWS gives back endpoints that were deleted: {', '.join(action.over)}")


_MOST_TOKENS = 5


DECISION_HOLDS = timedelta(minutes=1)
"""What was decided longer ago is decided again before anything is made."""


def associate_while(
    may_make: Callable[[], bool], wanted: DesiredAttachment, ways: Ways, *, attempt: int
) -> Associated | None:
    """See to it that the resource has its way, and is usable; ``None`` if ``may_make`` says no before an action.

    Repeating it makes nothing twice: what exists is found, and until it shows, the client token keeps AWS from making
    another. Waiting for AWS needs no leave.

    Raises:
        NotReadyError: AWS is on its way.
        AssociationFailedError: AWS gave up on it, or something is in the way; the message says what to do.
    """
    observed = ways.observe(wanted)
    while (action := _next_action(wanted, observed, attempt)) is not None:
        if not may_make():
            return None
        observed = observed.having(ways.do(action))
    return associated(observed, wanted)


def _next_action(wanted: DesiredAttachment, observed: Observed, attempt: int) -> Action | None:
    """Return what is to be done next; ``None`` once everything is as wanted.

    Raises:
        NotReadyError: AWS is on its way.
        AssociationFailedError: something is in the way; the message says what to do.
    """
    match next_step(wanted, observed, attempt):
        case Await(what=what):
            raise NotReadyError(f"{what} is not available yet")
        case Stuck(why=why):
            raise AssociationFailedError(why)
        case action:
            return action


def _usable(found: list[Endpoint]) -> Endpoint | None:
    return next((each for each in found if each.state is not State.OVER), None)


def _over(found: list[Endpoint]) -> tuple[str, ...]:
    return tuple(each.id for each in found if each.state is State.OVER)
