"""What is left behind: made by Drawbridge, there still, called for by nothing any longer. Reported, not touched."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol, assert_never

from drawbridge.association import Mode, NetworkRef
from drawbridge.association.binding import Binding, VpcTag
from drawbridge.association.observed_attachment import ObservedServiceNetwork
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.configuration import InForce
from drawbridge.lattice import Entity


class OwnedObjects(Protocol):
    """What there is of the kinds that Drawbridge makes."""

    def endpoints(self) -> Iterable[OwnedObject]:
        """Return the endpoints that carry our ownership tag."""
        ...

    def network_associations(self) -> Iterable[OwnedObject]:
        """Return the associations of the service networks that this account sees, whoever made them."""
        ...

    def is_ours(self, made: OwnedObject) -> bool:
        """Return whether it carries our ownership tag; what AWS does not show the tags of is not ours."""
        ...


class LeftBehind:
    """Compares what was made with what the bindings call for.

    ``shared_as`` gives the names of all shares that hold a resource, by its ARN: it is called for as long as a binding
    matches it in any of them.
    """

    def __init__(
        self,
        bindings: InForce[Binding],
        *,
        owned_objects: OwnedObjects,
        shared_as: Mapping[str, Collection[str]],
        vpcs_tagged: Callable[[dict[str, str]], Collection[str]],
        network_of: Callable[[NetworkRef], ObservedServiceNetwork | None],
        entity_of: Callable[[str], Entity | None],
    ) -> None:
        self._bindings = bindings
        self._owned_objects = owned_objects
        self._shared_as = shared_as
        self._vpcs_tagged = vpcs_tagged
        self._network_of = network_of
        self._entity_of = entity_of
        self._entities: dict[str, Entity | None] = {}

    def of(self, arns: Collection[str]) -> tuple[OwnedObject, ...]:
        """Return what is left behind of these resources, and of the networks that they are in, or are."""
        there = [*self._owned_objects.network_associations()]
        networks = {each.network_arn for each in there if each.resource_arn in arns} | {*arns}
        about = (
            each
            for each in (*self._owned_objects.endpoints(), *there)
            if each.resource_arn in arns or (not each.resource_arn and each.network_arn in networks)
        )
        return self._left(about)

    def everywhere(self) -> tuple[OwnedObject, ...]:
        """Return all that is left behind in this account."""
        return self._left([*self._owned_objects.endpoints(), *self._owned_objects.network_associations()])

    def _left(self, made: Iterable[OwnedObject]) -> tuple[OwnedObject, ...]:
        left = (each for each in made if self._is_called_for(each) is False)
        return tuple(sorted(each for each in left if self._owned_objects.is_ours(each)))

    def _is_called_for(self, made: OwnedObject) -> bool | None:
        """Return whether some binding calls for it; ``None`` if that is not known."""
        entity = None
        if made.resource_arn in self._shared_as:
            entity = self._entity(made.resource_arn)
            if entity is None:
                # AWS does not describe it: what bindings make of it is not known.
                return None
        if any(self._calls_for(binding, made, entity) for binding in self._bindings.things):
            return True
        # What a binding that never was good would call for is not known.
        broken = {each.name for each in self._bindings.broken if each.in_force is None}
        unknown = made.binding in broken if made.kind is OwnedKind.ENDPOINT else bool(broken)
        return None if unknown else False

    def _calls_for(self, binding: Binding, made: OwnedObject, entity: Entity | None) -> bool:
        mode = binding.attach.mode
        match made.kind:
            case OwnedKind.ENDPOINT:
                uses_it = made.binding == binding.name and mode is Mode.RESOURCE_ENDPOINT
                return uses_it and self._matches(binding, entity) and self._is_placed(binding, made.vpc_id)
            case OwnedKind.NETWORK_ENDPOINT:
                uses_it = mode is Mode.SERVICE_NETWORK_ENDPOINT and self._is_of_network(binding, made.network_arn)
                return uses_it and self._is_placed(binding, made.vpc_id)
            case OwnedKind.VPC_ASSOCIATION:
                uses_it = mode is Mode.SERVICE_NETWORK and self._is_of_network(binding, made.network_arn)
                return uses_it and self._is_placed(binding, made.vpc_id)
            case OwnedKind.RESOURCE_ASSOCIATION:
                uses_it = mode is not Mode.RESOURCE_ENDPOINT and self._matches(binding, entity)
                return uses_it and self._is_of_network(binding, made.network_arn)
            case _:
                assert_never(made.kind)

    def _entity(self, arn: str) -> Entity | None:
        if arn not in self._entities:
            self._entities[arn] = self._entity_of(arn)
        return self._entities[arn]

    def _matches(self, binding: Binding, entity: Entity | None) -> bool:
        if entity is None:
            return False
        return any(binding.match.matches(entity, name) for name in self._shared_as.get(entity.arn, ()))

    def _is_of_network(self, binding: Binding, network_arn: str) -> bool:
        if binding.attach.network is None:
            return network_arn in self._shared_as and self._matches(binding, self._entity(network_arn))
        found = self._network_of(binding.attach.network)
        return found is not None and found.arn == network_arn

    def _is_placed(self, binding: Binding, vpc_id: str) -> bool:
        match binding.attach.vpc:
            case None:
                return False
            case VpcTag(tag):
                return vpc_id in self._vpcs_tagged(tag)
            case named:
                return vpc_id == named
