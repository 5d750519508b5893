"""Associating: one shared resource is made reachable in one VPC, step by step."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Protocol, assert_never

import msgspec

from drawbridge.association import (
    AttachedResource,
    DesiredAttachment,
    MadeAttachment,
    NetworkAttachment,
    NetworkRef,
    ResourceEndpointAttachment,
    ServiceNetworkAttachment,
    ServiceNetworkEndpointAttachment,
)
from drawbridge.association.actions import (
    Action,
    CreateEndpoint,
    CreateResourceAssociation,
    CreateServiceNetwork,
    CreateVpcAssociation,
    DeleteResourceAssociation,
    EndpointChange,
    ModifyEndpointPrivateDns,
    ModifyEndpointSecurityGroups,
    ModifyEndpointSubnets,
    UpdateVpcAssociation,
    modified,
)
from drawbridge.association.client_tokens import (
    association_token,
    endpoint_token,
    network_token,
    vpc_association_token,
)
from drawbridge.association.observed_attachment import (
    Endpoint,
    EndpointTarget,
    NetworkTarget,
    ObservedAttachment,
    ObservedServiceNetwork,
    Part,
    ResourceAssociation,
    ResourceTarget,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.association.steps import Await, Blocked, made_attachment, next_step, resource_target
from drawbridge.errors import AssociationFailedError, ConflictError, GoneError, NotReadyError, ThrottledError
from drawbridge.lattice import PrivateDns
from drawbridge.pacing.defaults import CREATE_ENDPOINT, DEFAULTS, LATTICE, MODIFY_ENDPOINT
from drawbridge.pacing.turn import AwaitTurn, Turns


class ServiceNetworkOperations(Protocol):
    """The service networks that this account sees, and what they are associated with."""

    def network(self, ref: NetworkRef) -> ObservedServiceNetwork | None:
        """Find a network by id or ARN, or by its name among those of this account."""
        ...

    def resource_association(
        self, network: ObservedServiceNetwork, resource: AttachedResource
    ) -> ResourceAssociation | None:
        """Return the network's association with the resource, whoever made it."""
        ...

    def vpc_association(self, vpc_id: str) -> ServiceNetworkVpcAssociation | None:
        """Return the VPC's association with whichever network."""
        ...

    def create(self, name: str, client_token: str) -> ObservedServiceNetwork: ...

    def create_resource_association(
        self, action: CreateResourceAssociation, client_token: str
    ) -> ResourceAssociation: ...

    def delete_resource_association(self, association_id: str) -> None: ...

    def create_vpc_association(
        self, action: CreateVpcAssociation, client_token: str
    ) -> ServiceNetworkVpcAssociation: ...

    def update_vpc_association(self, action: UpdateVpcAssociation) -> ServiceNetworkVpcAssociation: ...


class EndpointOperations(Protocol):
    """The VPC endpoints of this account."""

    def find(self, target: EndpointTarget, vpc_id: str) -> list[Endpoint]:
        """Return the endpoints in the VPC that lead there, terminated ones too, oldest first.

        To a resource those that Drawbridge made for this binding; to a service network all, ours first.
        """
        ...

    def unowned(self, target: ResourceTarget, vpc_id: str) -> list[Endpoint]:
        """Return the endpoints to the resource in the VPC that lack tags of ours, so that no binding has them."""
        ...

    def create(self, action: CreateEndpoint, client_token: str) -> Endpoint:
        """Make the endpoint, tagged so that ``find`` finds it; the same token gives the same endpoint."""
        ...

    def modify_security_groups(self, endpoint_id: str, *, add: frozenset[str], remove: frozenset[str]) -> None:
        """Add security groups to the endpoint, and remove others."""
        ...

    def modify_private_dns(self, endpoint_id: str, private_dns: PrivateDns, domains: frozenset[str]) -> None:
        """Change the private DNS of the endpoint, or turn it off."""
        ...

    def add_subnets(self, endpoint_id: str, subnet_ids: frozenset[str]) -> None:
        """Add subnets to an endpoint to a service network."""
        ...


class AttachmentReconciler:
    """Observes attachments, of all three modes, and takes the steps to what is desired."""

    def __init__(self, networks: ServiceNetworkOperations, endpoints: EndpointOperations) -> None:
        self._networks = networks
        self._endpoints = endpoints

    def network(self, ref: NetworkRef) -> ObservedServiceNetwork | None:
        """Find a service network, as a binding names it."""
        return self._networks.network(ref)

    def observe(self, desired: DesiredAttachment) -> ObservedAttachment:
        """Return what AWS lists of the attachment."""
        match desired:
            case ResourceEndpointAttachment():
                target = resource_target(desired)
                found = self._endpoints.find(target, desired.vpc_id)
                usable = _usable(found)
                unowned = () if usable else tuple(self._endpoints.unowned(target, desired.vpc_id))
                return ObservedAttachment(endpoint=usable, unowned_endpoints=unowned, terminated_ids=_terminated(found))
            case ServiceNetworkAttachment():
                network, in_network = self._in_network(desired)
                vpc = self._networks.vpc_association(desired.vpc_id) if desired.vpc else None
                return ObservedAttachment(network=network, resource_association=in_network, vpc_association=vpc)
            case ServiceNetworkEndpointAttachment():
                network, in_network = self._in_network(desired)
                found = self._endpoints.find(NetworkTarget(network), desired.vpc_id) if network else []
                return ObservedAttachment(
                    network=network,
                    resource_association=in_network,
                    endpoint=_usable(found),
                    terminated_ids=_terminated(found),
                )
            case _:
                assert_never(desired)

    def _in_network(
        self, desired: NetworkAttachment
    ) -> tuple[ObservedServiceNetwork | None, ResourceAssociation | None]:
        network = self._networks.network(desired.network)
        if network is None or desired.resource.is_network:
            return network, None
        return network, self._networks.resource_association(network, desired.resource)

    def apply(self, action: Action) -> Part:
        """Do one action; return what it made or changed, as it is then.

        Raises:
            NotReadyError: somebody else has just done it, or the action before it is not over yet.
        """
        try:
            match action:
                case CreateServiceNetwork(name=name):
                    return self._networks.create(name, network_token(action))
                case CreateResourceAssociation():
                    return self._networks.create_resource_association(action, association_token(action))
                case DeleteResourceAssociation(association_id=association_id):
                    # Another association of the same plan, or the try before this one, may have taken it out.
                    with suppress(GoneError):
                        self._networks.delete_resource_association(association_id)
                    raise NotReadyError(f"{association_id} failed, and is being deleted to be made anew")
                case CreateVpcAssociation():
                    return self._networks.create_vpc_association(action, vpc_association_token(action))
                case UpdateVpcAssociation():
                    return self._networks.update_vpc_association(action)
                case CreateEndpoint():
                    return self._create_endpoint(action)
                case ModifyEndpointSecurityGroups() | ModifyEndpointPrivateDns() | ModifyEndpointSubnets():
                    self._modify_endpoint(action)
                    return modified(action)
                case _:
                    assert_never(action)
        except ConflictError as error:
            # Another association of the same network may have come first: the next pass adopts what it made.
            raise NotReadyError(f"{action}: {error}") from error

    def _modify_endpoint(self, action: EndpointChange) -> None:
        match action:
            case ModifyEndpointSecurityGroups(endpoint=there, add=add, remove=remove):
                self._endpoints.modify_security_groups(there.id, add=add, remove=remove)
            case ModifyEndpointPrivateDns(endpoint=there, private_dns=private_dns, domains=domains):
                self._endpoints.modify_private_dns(there.id, private_dns, domains)
            case ModifyEndpointSubnets(endpoint=there, subnet_ids=subnet_ids):
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
                # Another binding has just made it with other settings; or one did long ago, and it was deleted since.
                there = _usable(self._endpoints.find(action.target, action.placement.vpc_id))
                if there is not None:
                    return there
                placed = True
                continue
            if made.state is not State.TERMINATED:
                return made
            # The token was one of an endpoint that was deleted since, and AWS lists no longer.
            action = msgspec.structs.replace(action, terminated_ids=(*action.terminated_ids, made.id))
        raise NotReadyError(f"AWS gives back endpoints that were deleted: {', '.join(action.terminated_ids)}")


_MOST_TOKENS = 5


DECISION_HOLDS = timedelta(minutes=1)
"""What was decided longer ago is decided again before anything is made."""


def reconcile_while(
    may_make: Callable[[], bool],
    desired: DesiredAttachment,
    reconciler: AttachmentReconciler,
    *,
    attempt: int,
    turns: Turns,
) -> MadeAttachment | AwaitTurn | None:
    """Attach the resource, until it is usable; ``None`` if ``may_make`` says no before an action.

    What AWS lets be done only so often waits for its turn first, and ``may_make`` is asked once it has come: so it is
    decided again once a turn, and not while it waits. What AWS throttles waits for its turn, too.

    Repeating it makes nothing twice: what exists is found, and until it shows, the client token keeps AWS from making
    another. Waiting for AWS needs no permission.

    Raises:
        NotReadyError: AWS is not ready yet.
        AssociationFailedError: AWS gave up on it, or something is in the way; the message says what to do.
    """
    observed = reconciler.observe(desired)
    while (action := _next_action(desired, observed, attempt)) is not None:
        of = class_of(action)
        if of in DEFAULTS and not turns.has(of):
            return AwaitTurn(of)
        if not may_make():
            return None
        turns.use(of)
        try:
            observed = observed.having(reconciler.apply(action))
        except ThrottledError as error:
            return AwaitTurn.throttled_by(of, error)
    return made_attachment(observed, desired)


def class_of(action: Action) -> str:
    """Return the class of AWS's operations that an action is made by: each has a budget of its own."""
    match action:
        case CreateEndpoint():
            return CREATE_ENDPOINT
        case ModifyEndpointSecurityGroups() | ModifyEndpointPrivateDns() | ModifyEndpointSubnets():
            return MODIFY_ENDPOINT
        case _:
            return LATTICE


def _next_action(desired: DesiredAttachment, observed: ObservedAttachment, attempt: int) -> Action | None:
    """Return what is to be done next; ``None`` once everything is as desired.

    Raises:
        NotReadyError: AWS is not ready yet.
        AssociationFailedError: something is in the way; the message says what to do.
    """
    match next_step(desired, observed, attempt):
        case Await(what=what):
            raise NotReadyError(f"{what} is not available yet")
        case Blocked(why=why):
            raise AssociationFailedError(why)
        case action:
            return action


def _usable(found: list[Endpoint]) -> Endpoint | None:
    return next((each for each in found if each.state is not State.TERMINATED), None)


def _terminated(found: list[Endpoint]) -> tuple[str, ...]:
    return tuple(each.id for each in found if each.state is State.TERMINATED)
