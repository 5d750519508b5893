"""Attachments, in memory; ``aws.service_networks`` and ``aws.vpc_endpoints`` have them in AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from drawbridge.arns import is_of
from drawbridge.association import AttachedResource, DesiredAttachment, Mode, NetworkRef
from drawbridge.association.actions import (
    CreateEndpoint,
    CreateResourceAssociation,
    CreateVpcAssociation,
    UpdateVpcAssociation,
)
from drawbridge.association.observed_attachment import (
    Endpoint,
    EndpointTarget,
    ObservedServiceNetwork,
    ResourceAssociation,
    ResourceTarget,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.association.reconcile import AttachmentReconciler
from drawbridge.association.subnets import Subnet
from drawbridge.errors import ConflictError, DrawbridgeError, GoneError, UpstreamError
from drawbridge.lattice import PrivateDns
from tests.builders import CONSUMER, VPC_ID, target_of

replace = msgspec.structs.replace

Made = TypeVar("Made", ObservedServiceNetwork, ResourceAssociation, ServiceNetworkVpcAssociation)


class InMemoryAttachments:
    """What Lattice and EC2 have, and each change that was made."""

    def __init__(self) -> None:
        self.networks: list[ObservedServiceNetwork] = []
        self.resources: dict[tuple[str, str], ResourceAssociation] = {}
        self.vpcs: dict[str, ServiceNetworkVpcAssociation] = {}
        self.endpoints: dict[tuple[EndpointTarget, str], list[Endpoint]] = {}
        """By target and VPC."""
        self.unowned_endpoints: list[Endpoint] = []
        """To the same resource, and not tagged as ours."""
        self.by_token: dict[str, Endpoint] = {}
        """The endpoints as they were made."""
        self.made_with: dict[str, object] = {}
        """What the endpoint of a client token was made with."""
        self.answered: dict[tuple[str, str], tuple[object, Any]] = {}
        """By what was to be made and client token, what was asked of Lattice with it, and what it answered."""
        self.changes: list[str] = []
        self.tokens: list[str] = []
        """The client tokens that came with what was to be made."""
        self.listed = True
        """Whether what was made shows up in listings."""
        self.becomes = State.AVAILABLE
        """How far what is made has come at once."""
        self.group_vpcs: dict[str, str] = {}
        self.subnet_vpcs = {"subnet-0123456789abcdef0": VPC_ID, "subnet-0a": VPC_ID, "subnet-0b": VPC_ID}
        self.subnets: dict[str, Subnet] = {}
        """Those that differ from the default subnet."""
        self.without_dns: set[str] = set()
        self.denied: dict[str, DrawbridgeError] = {}
        """Service networks and VPCs whose listing is denied, each with AWS's error."""
        self.there = 0
        """How many there are of what a quota counts."""
        self.gone: set[str] = set()
        """Associations that are listed still, and that somebody else has just deleted."""

    @property
    def reconciler(self) -> AttachmentReconciler:
        return AttachmentReconciler(InMemoryServiceNetworkOperations(self), InMemoryEndpointOperations(self))

    # For pre-flight.

    def vpc_of_group(self, group_id: str) -> str | None:
        return self.group_vpcs.get(group_id)

    def subnet(self, subnet_id: str) -> Subnet | None:
        vpc_id = self.subnet_vpcs.get(subnet_id)
        return self.subnets.get(subnet_id, Subnet(id=subnet_id, vpc_id=vpc_id, zone="a")) if vpc_id else None

    def has_dns(self, vpc_id: str) -> bool:
        return vpc_id not in self.without_dns

    def count(self, vpc_id: str, mode: Mode) -> int:
        return self.there

    def resources_in(self, network: ObservedServiceNetwork) -> int:
        return self.there

    def vpcs_of(self, network: ObservedServiceNetwork) -> int:
        return self.there

    # For tests.

    def settle(self, state: State = State.AVAILABLE) -> None:
        """Bring all that is on its way to its end."""

        def come(each: State) -> State:
            return state if each is State.PENDING else each

        self.resources = {key: replace(each, state=come(each.state)) for key, each in self.resources.items()}
        self.vpcs = {key: replace(each, state=come(each.state)) for key, each in self.vpcs.items()}
        self.endpoints = {
            key: [replace(each, state=come(each.state)) for each in found] for key, found in self.endpoints.items()
        }

    def have_endpoint(
        self, desired: DesiredAttachment, endpoint: Endpoint, network: ObservedServiceNetwork | None = None
    ) -> None:
        self.endpoints.setdefault((target_of(desired, network), desired.vpc_id), []).append(endpoint)


class InMemoryServiceNetworkOperations:
    """The service networks among the attachments, and what they are associated with."""

    def __init__(self, aws: InMemoryAttachments) -> None:
        self._aws = aws

    def network(self, ref: NetworkRef) -> ObservedServiceNetwork | None:
        if ref.identifier:
            return next((each for each in self._aws.networks if ref.identifier in {each.arn, each.id}), None)
        return self._own(ref.name)

    def resource_association(
        self, network: ObservedServiceNetwork, resource: AttachedResource
    ) -> ResourceAssociation | None:
        if network.name in self._aws.denied:
            raise self._aws.denied[network.name]
        return self._aws.resources.get((network.arn, resource.arn)) if self._aws.listed else None

    def vpc_association(self, vpc_id: str) -> ServiceNetworkVpcAssociation | None:
        if vpc_id in self._aws.denied:
            raise self._aws.denied[vpc_id]
        return self._aws.vpcs.get(vpc_id)

    def create(self, name: str, client_token: str) -> ObservedServiceNetwork:
        def make() -> ObservedServiceNetwork:
            if self._own(name) is not None:
                raise ConflictError(f"service network {name} is there already")
            self._aws.changes.append(f"create {name}")
            arn = f"arn:aws:vpc-lattice:us-east-1:{CONSUMER}:servicenetwork/sn-{name}"
            made = ObservedServiceNetwork(arn=arn, name=name)
            self._aws.networks.append(made)
            return made

        return self._once("network", client_token, name, make)

    def create_resource_association(self, action: CreateResourceAssociation, client_token: str) -> ResourceAssociation:
        key = (action.network.arn, action.resource.arn)

        def make() -> ResourceAssociation:
            if key in self._aws.resources:
                raise ConflictError("they are associated already")
            self._aws.changes.append(f"put {action.resource.name} in {action.network.name}")
            made = ResourceAssociation(
                id=f"snra-{len(self._aws.changes)}",
                state=self._aws.becomes,
                private_dns=action.private_dns,
                attempt=action.attempt,
            )
            self._aws.resources[key] = made
            return made

        return self._once("resource", client_token, (key, action.private_dns, action.attempt), make)

    def delete_resource_association(self, association_id: str) -> None:
        there = self._aws.resources
        self._aws.resources = {key: each for key, each in there.items() if each.id != association_id}
        if association_id in self._aws.gone or len(self._aws.resources) == len(there):
            raise GoneError(f"delete {association_id}: ResourceNotFoundException: no")
        self._aws.changes.append(f"take out {association_id}")

    def create_vpc_association(self, action: CreateVpcAssociation, client_token: str) -> ServiceNetworkVpcAssociation:
        def make() -> ServiceNetworkVpcAssociation:
            if action.vpc_id in self._aws.vpcs:
                raise ConflictError(f"{action.vpc_id} is associated already")
            self._aws.changes.append(f"associate {action.vpc_id}")
            name = f"snva-{len(self._aws.changes)}"
            made = ServiceNetworkVpcAssociation.of_ours(name, self._aws.becomes, action.network.arn, action.settings)
            self._aws.vpcs[action.vpc_id] = made
            return made

        return self._once("VPC", client_token, action, make)

    def update_vpc_association(self, action: UpdateVpcAssociation) -> ServiceNetworkVpcAssociation:
        found = [(vpc_id, each) for vpc_id, each in self._aws.vpcs.items() if each.id == action.association.id]
        if not found:
            raise UpstreamError(f"change {action.association.id}: ResourceNotFoundException: no")
        ((vpc_id, there),) = found
        if there.state is State.PENDING:
            raise ConflictError(f"change {there.id}: ConflictException: something is in progress")
        self._aws.changes.append(f"change {there.id}")
        made = ServiceNetworkVpcAssociation.of_ours(there.id, self._aws.becomes, there.network_arn, action.settings)
        self._aws.vpcs[vpc_id] = made
        return made

    def _own(self, name: str) -> ObservedServiceNetwork | None:
        return next((each for each in self._aws.networks if each.name == name and is_of(each.arn, CONSUMER)), None)

    def _once(self, of: str, client_token: str, request: object, make: Callable[[], Made]) -> Made:
        """Return what ``make`` makes, or made before for the token, even if that has been deleted since."""
        self._aws.tokens.append(client_token)
        if (of, client_token) not in self._aws.answered:
            self._aws.answered[of, client_token] = (request, make())
        before, answer = self._aws.answered[of, client_token]
        if before != request:
            raise ConflictError(f"{client_token} came back with something else")
        made: Made = answer
        return made


class InMemoryEndpointOperations:
    """The endpoints among the attachments."""

    def __init__(self, aws: InMemoryAttachments) -> None:
        self._aws = aws

    def find(self, target: EndpointTarget, vpc_id: str) -> list[Endpoint]:
        found = self._aws.endpoints.get((target, vpc_id), []) if self._aws.listed else []
        return sorted(found, key=lambda each: not each.ours)

    def unowned(self, target: ResourceTarget, vpc_id: str) -> list[Endpoint]:
        return self._aws.unowned_endpoints

    def create(self, action: CreateEndpoint, client_token: str) -> Endpoint:
        self._aws.tokens.append(client_token)
        made_with = (action.target, action.placement, action.security_group_ids, action.private_dns)
        if client_token in self._aws.by_token:
            if self._aws.made_with.get(client_token, made_with) != made_with:
                raise ConflictError(f"{client_token} came back with something else")
            made = self._aws.by_token[client_token]
            return next((each for each in self._listed() if each.id == made.id), made)
        made = Endpoint(
            id=f"vpce-{len(self._aws.by_token)}",
            state=self._aws.becomes,
            security_group_ids=frozenset(action.security_group_ids),
            subnet_ids=frozenset(action.placement.subnet_ids),
            address_type=action.placement.address_type,
            private_dns=action.private_dns.preference,
            private_domains=frozenset(action.private_dns.domains),
        )
        self._aws.changes.append(f"create {made.id}")
        self._aws.by_token[client_token] = made
        self._aws.made_with[client_token] = made_with
        self._aws.endpoints.setdefault((action.target, action.placement.vpc_id), []).append(made)
        return made

    def modify_security_groups(self, endpoint_id: str, *, add: frozenset[str], remove: frozenset[str]) -> None:
        self._change(
            endpoint_id, lambda each: replace(each, security_group_ids=(each.security_group_ids | add) - remove)
        )
        self._aws.changes.append(f"change {endpoint_id}: +{','.join(sorted(add))} -{','.join(sorted(remove))}")

    def modify_private_dns(self, endpoint_id: str, private_dns: PrivateDns, domains: frozenset[str]) -> None:
        self._change(endpoint_id, lambda each: replace(each, private_dns=private_dns, private_domains=domains))
        self._aws.changes.append(f"change {endpoint_id}: private DNS {private_dns}")

    def add_subnets(self, endpoint_id: str, subnet_ids: frozenset[str]) -> None:
        self._change(endpoint_id, lambda each: replace(each, subnet_ids=each.subnet_ids | subnet_ids))
        self._aws.changes.append(f"change {endpoint_id}: +{','.join(sorted(subnet_ids))}")

    def _change(self, endpoint_id: str, change: Callable[[Endpoint], Endpoint]) -> None:
        if endpoint_id not in {each.id for each in self._listed()}:
            raise UpstreamError(f"change {endpoint_id}: InvalidVpcEndpointId.NotFound: no")
        self._aws.endpoints = {
            key: [change(each) if each.id == endpoint_id else each for each in found]
            for key, found in self._aws.endpoints.items()
        }

    def _listed(self) -> Iterator[Endpoint]:
        return (each for found in self._aws.endpoints.values() for each in found)
