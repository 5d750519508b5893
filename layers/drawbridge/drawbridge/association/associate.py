"""Associating: one shared resource is made reachable in one VPC, step by step."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, assert_never

import msgspec

from drawbridge.association import Associated, Mode, NetworkRef, WantedAssociation
from drawbridge.association.observed import Endpoint, InNetwork, Network, Observed, State, VpcInNetwork
from drawbridge.association.steps import (
    Action,
    AddSubnets,
    AssociateVpc,
    Await,
    ChangePrivateDns,
    ChangeSecurityGroups,
    ChangeVpcAssociation,
    CreateEndpoint,
    CreateNetwork,
    PutInNetwork,
    Stuck,
    TakeOutOfNetwork,
    associated,
    beside,
    changed,
    next_step,
)
from drawbridge.errors import AssociationFailedError, ConflictError, NotReadyError
from drawbridge.lattice import PrivateDns


class Networks(Protocol):
    """The service networks that this account sees, and what they are associated with."""

    def network(self, ref: NetworkRef) -> Network | None:
        """Find a network by id or ARN, or by its name among those of this account."""
        ...

    def in_network(self, network: Network, wanted: WantedAssociation) -> InNetwork | None:
        """Give the network's association with the resource, whoever made it."""
        ...

    def of_vpc(self, vpc_id: str) -> VpcInNetwork | None:
        """Give the VPC's association with whichever network."""
        ...

    def create(self, name: str, client_token: str) -> Network: ...

    def put_in(
        self, network: Network, wanted: WantedAssociation, client_token: str, *, private_dns: bool, attempt: int
    ) -> InNetwork: ...

    def take_out(self, association_id: str) -> None: ...

    def associate_vpc(self, network: Network, wanted: WantedAssociation, client_token: str) -> VpcInNetwork: ...

    def change_vpc_association(self, there: VpcInNetwork, wanted: WantedAssociation) -> VpcInNetwork: ...


class Endpoints(Protocol):
    """The VPC endpoints of this account."""

    def find(self, wanted: WantedAssociation, network: Network | None) -> list[Endpoint]:
        """Give the endpoints that lead where the mode says, those that are over too, oldest first.

        Of type Resource those that Drawbridge made for this binding, resource and VPC; of type ServiceNetwork all that
        lead from the VPC to the network, ours first.
        """
        ...

    def beside(self, wanted: WantedAssociation) -> list[Endpoint]:
        """Give the endpoints to the resource in the VPC that are not to be told as this or another binding's."""
        ...

    def create(self, wanted: WantedAssociation, network: Network | None, client_token: str) -> Endpoint:
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

    def observe(self, wanted: WantedAssociation) -> Observed:
        """Look at what there is of the way."""
        network = self._networks.network(wanted.network) if wanted.network else None
        in_network = self._networks.in_network(network, wanted) if network and not wanted.is_network else None
        match wanted.mode:
            case Mode.SERVICE_NETWORK:
                vpc = self._networks.of_vpc(wanted.vpc_id) if wanted.vpc_id else None
                return Observed(network=network, in_network=in_network, vpc=vpc)
            case Mode.RESOURCE_ENDPOINT | Mode.SERVICE_NETWORK_ENDPOINT:
                by_network = wanted.mode is Mode.SERVICE_NETWORK_ENDPOINT
                found = [] if by_network and network is None else self._endpoints.find(wanted, network)
                usable = [each for each in found if each.state is not State.OVER]
                beside = [] if usable or by_network else self._endpoints.beside(wanted)
                return Observed(
                    network=network,
                    in_network=in_network,
                    endpoint=usable[0] if usable else None,
                    beside=tuple(beside),
                    over=tuple(each.id for each in found if each.state is State.OVER),
                )
            case _:
                assert_never(wanted.mode)

    def do(self, action: Action, wanted: WantedAssociation, observed: Observed, attempt: int) -> Observed:
        """Do one step; give what is to be observed then.

        Raises:
            NotReadyError: somebody else has just done it, or the step before it is not over yet.
        """
        replace = msgspec.structs.replace
        network = observed.network
        try:
            match action:
                case CreateNetwork(name):
                    return replace(observed, network=self._networks.create(name, _token("network", name, attempt)))
                case PutInNetwork(private_dns=private_dns):
                    assert network is not None  # noqa: S101 - the step comes after the network
                    made_of = (network.arn, wanted.resource_arn, private_dns, attempt)
                    made = self._networks.put_in(
                        network, wanted, _token("in", *made_of), private_dns=private_dns, attempt=attempt
                    )
                    return replace(observed, in_network=made)
                case TakeOutOfNetwork(association_id):
                    self._networks.take_out(association_id)
                    raise NotReadyError(f"{association_id} failed, and is being deleted to be made anew")
                case AssociateVpc():
                    assert network is not None  # noqa: S101 - the step comes after the network
                    token = _token("vpc", network.arn, *_placed(wanted), attempt)
                    return replace(observed, vpc=self._networks.associate_vpc(network, wanted, token))
                case ChangeVpcAssociation():
                    assert observed.vpc is not None  # noqa: S101 - it is what is to be changed
                    other = self._networks.change_vpc_association(observed.vpc, beside(wanted, observed.vpc))
                    return replace(observed, vpc=other)
                case CreateEndpoint():
                    return self._create_endpoint(wanted, observed, attempt)
                case ChangeSecurityGroups() | ChangePrivateDns() | AddSubnets():
                    assert observed.endpoint is not None  # noqa: S101 - it is what is to be changed
                    self._change_endpoint(action)
                    return replace(observed, endpoint=changed(action, observed.endpoint))
                case _:
                    assert_never(action)
        except ConflictError as error:
            # Another association of the same network may have come first: the next look adopts what it made.
            raise NotReadyError(f"{action}: {error}") from error

    def _change_endpoint(self, action: ChangeSecurityGroups | ChangePrivateDns | AddSubnets) -> None:
        match action:
            case ChangeSecurityGroups(endpoint_id, add, remove):
                self._endpoints.change_groups(endpoint_id, add=add, remove=remove)
            case ChangePrivateDns(endpoint_id, private_dns, domains):
                self._endpoints.change_private_dns(endpoint_id, private_dns, domains)
            case AddSubnets(endpoint_id, subnet_ids):
                self._endpoints.add_subnets(endpoint_id, subnet_ids)
            case _:
                assert_never(action)

    def _create_endpoint(self, wanted: WantedAssociation, observed: Observed, attempt: int) -> Observed:
        over, placed = observed.over, wanted.mode is Mode.RESOURCE_ENDPOINT
        for _ in range(_MOST_TOKENS):
            token = endpoint_token(wanted, observed.network, over, attempt, placed=placed)
            try:
                made = self._endpoints.create(wanted, observed.network, token)
            except ConflictError:
                if placed:
                    raise
                # Another binding has just made it in its own way; or it was long ago, and has been deleted since.
                found = self.observe(wanted).endpoint
                if found is not None:
                    return msgspec.structs.replace(observed, endpoint=found)
                placed = True
                continue
            if made.state is not State.OVER:
                return msgspec.structs.replace(observed, endpoint=made)
            # The token was one of an endpoint that was deleted since, and AWS lists no longer.
            over = (*over, made.id)
        raise NotReadyError(f"AWS gives back endpoints that were deleted: {', '.join(over)}")


_MOST_TOKENS = 5


DECISION_HOLDS = timedelta(minutes=1)
"""What was decided longer ago is decided again before anything is made."""


def associate_while(
    may_make: Callable[[], bool], wanted: WantedAssociation, ways: Ways, *, attempt: int
) -> Associated | None:
    """Do as ``associate`` does, and ask before each step that makes or changes something; ``None`` if that may not be.

    Waiting for AWS needs no leave.
    """
    observed = ways.observe(wanted)
    while (step := next_step(wanted, observed, attempt)) is not None:
        match step:
            case Await():
                raise NotReadyError(f"{step.what} is not available yet")
            case Stuck():
                raise AssociationFailedError(step.why)
            case _:
                if not may_make():
                    return None
                observed = ways.do(step, wanted, observed, attempt)
    return associated(observed, wanted)


def associate(wanted: WantedAssociation, ways: Ways, *, attempt: int) -> Associated:
    """See to it that the resource has its way, and that it is usable.

    Repeating it makes nothing twice: what exists is found, and until it shows, the client token keeps AWS from making
    another.

    Raises:
        NotReadyError: AWS is on its way.
        AssociationFailedError: AWS gave up on it, or something is in the way; the message says what to do.
    """
    made = associate_while(lambda: True, wanted, ways, attempt=attempt)
    assert made is not None  # noqa: S101 - it always may
    return made


def endpoint_token(
    wanted: WantedAssociation, network: Network | None, over: tuple[str, ...], attempt: int, *, placed: bool = True
) -> str:
    """Give the token that names the endpoint to AWS: at most 64 characters.

    ``placed`` puts in all that the endpoint is made with, because AWS refuses a token that comes back with something
    else. What was there before is in it too, because a token whose endpoint was deleted gives the deleted endpoint. An
    endpoint to a resource is made by one attempt of one request; one to a service network perhaps by several at once,
    for bindings that may name other groups: without those and the attempt, AWS refuses all but the first.
    """
    if wanted.mode is Mode.SERVICE_NETWORK_ENDPOINT:
        made_with = _placed(wanted) if placed else (wanted.vpc_id,)
        return _token("network endpoint", network.arn if network else "", *made_with, *sorted(over))
    return _token("endpoint", wanted.binding, wanted.resource_arn, *_placed(wanted), attempt, *sorted(over))


def _placed(wanted: WantedAssociation) -> tuple[str, ...]:
    groups, domains = sorted(wanted.security_group_ids), sorted(wanted.private_domains)
    addresses = [wanted.address_type] if wanted.address_type else []
    return (wanted.vpc_id, *sorted(wanted.subnet_ids), *addresses, "groups", *groups, wanted.private_dns, *domains)


def _token(*made_of: object) -> str:
    return hashlib.sha256("\n".join(str(each) for each in made_of).encode()).hexdigest()
