"""Called for: whether bindings, with the shares in effect, still ask for something that was made or published."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol, assert_never

import msgspec
from msgspec import Struct

from drawbridge.arns import Arn, is_of
from drawbridge.association import Mode, NetworkRef
from drawbridge.association.binding import Binding, VpcTag
from drawbridge.association.observed_attachment import ObservedServiceNetwork
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.configuration import InForce
from drawbridge.errors import UpstreamError
from drawbridge.lattice import Entity
from drawbridge.publication.names import binding_path
from drawbridge.publication.published import PublishedName
from drawbridge.withdrawal import Cause


class CalledFor(Struct, frozen=True):
    """Some binding asks for it."""


class NotKnown(Struct, frozen=True):
    """Whether a binding asks for it can't be told: AWS does not say enough, or a binding can't be read."""

    why: str


class NotCalledFor(Struct, frozen=True):
    """No binding asks for it."""

    cause: Cause
    why: str


Verdict = CalledFor | NotKnown | NotCalledFor


class Excluded(Struct, frozen=True, kw_only=True):
    """What is shared and wanted, and all the same not to be connected: policies or an operator say so."""

    share_arn: str = ""
    """A share of which nothing is to be connected; what another share holds as well is."""
    resources: Mapping[str, NotCalledFor | NotKnown] = msgspec.field(default_factory=dict)
    """What only such shares hold, or held, by its ARN."""
    associations: Mapping[tuple[str, str], NotCalledFor] = msgspec.field(default_factory=dict)
    """What one binding may not have, by the binding and the resource's ARN."""


NOTHING_EXCLUDED = Excluded()


class VpcTags(Protocol):
    """The tags of a VPC, asked for by its id."""

    def __call__(self, vpc_id: str, /) -> Mapping[str, str] | None:
        """Return the tags; ``None`` if AWS says that there is no such VPC."""
        ...


class Demand:
    """What the bindings in force ask for, of what is shared.

    ``shared_as`` gives the names of all shares in effect that hold a resource, by its ARN: it is called for as long as
    a binding matches it in any of them; of a share that is excluded it gives nothing. ``entity_of`` returns what VPC
    Lattice describes of it.
    """

    def __init__(
        self,
        bindings: InForce[Binding],
        *,
        prefix: str,
        account_id: str,
        shared_as: Mapping[str, Collection[str]],
        tags_of_vpc: VpcTags,
        network_of: Callable[[NetworkRef], ObservedServiceNetwork | None],
        entity_of: Callable[[str], Entity | None],
        excluded: Excluded = NOTHING_EXCLUDED,
    ) -> None:
        self._bindings = bindings
        self._prefix = prefix
        self._account_id = account_id
        self._shared_as = shared_as
        self._tags_of_vpc = tags_of_vpc
        self._network_of = network_of
        self._entity_of = entity_of
        self._excluded = excluded

    def of_object(self, made: OwnedObject) -> Verdict:
        """Return whether an object is called for: a service network is as long as anything is wanted in it."""
        match made.kind:
            case OwnedKind.ENDPOINT:
                return self._of_endpoint(made)
            case OwnedKind.RESOURCE_ASSOCIATION:
                modes = {Mode.SERVICE_NETWORK, Mode.SERVICE_NETWORK_ENDPOINT}
                verdict = self._of_resource(self._of_network(made.network_arn, modes), made.resource_arn)
                return verdict or self._unless_broken()
            case OwnedKind.NETWORK_ENDPOINT:
                return self._of_carrier(made, {Mode.SERVICE_NETWORK_ENDPOINT}) or self._unless_broken()
            case OwnedKind.VPC_ASSOCIATION:
                return self._of_carrier(made, {Mode.SERVICE_NETWORK}) or self._unless_broken()
            case OwnedKind.SERVICE_NETWORK:
                modes = {Mode.SERVICE_NETWORK, Mode.SERVICE_NETWORK_ENDPOINT}
                verdict = self._through(self._of_network(made.network_arn, modes), made.network_arn)
                return verdict or NotCalledFor(Cause.BINDING, "nothing is in it any longer")
            case _:
                assert_never(made.kind)

    def of_name(self, published: PublishedName) -> Verdict:
        """Return whether a name is called for where it is published, whatever it leads through."""
        document = published.document
        bindings = [
            each
            for each in self._bindings.things
            if self._publishes_below(each.name, published) and _at_level_of(published, each)
        ]
        resource_arn = document.group_arn or document.resource_configuration_arn
        verdict = self._of_resource(bindings, resource_arn, document.vpc_id or "", is_name=True)
        return verdict or self._unless_broken(lambda name: self._publishes_below(name, published))

    def _of_endpoint(self, made: OwnedObject) -> Verdict:
        if not made.binding:
            # Of what nobody shares, it does not matter which it was.
            is_shared = made.resource_arn in self._shared_as
            unknown = NotKnown("its tags do not say for which binding it was made")
            return unknown if is_shared else self._not_shared(made.resource_arn)
        bindings = [each for each in self._of_modes({Mode.RESOURCE_ENDPOINT}) if each.name == made.binding]
        verdict = self._of_resource(bindings, made.resource_arn, made.vpc_id)
        return verdict or self._unless_broken(lambda name: name == made.binding)

    def _of_resource(
        self, bindings: Collection[Binding], resource_arn: str, vpc_id: str = "", *, is_name: bool = False
    ) -> Verdict | None:
        """Return whether a binding asks for the resource, in the VPC if there is one; ``None`` if none does."""
        if not bindings:
            return None
        if resource_arn not in self._shared_as:
            return self._not_shared(resource_arn)
        entity = self._entity_of(resource_arn)
        if entity is None:
            return NotKnown(f"VPC Lattice does not describe {resource_arn}")
        names = self._shared_as[resource_arn]
        placed = [
            each
            for each in bindings
            if each.match.matches_in_some_share(entity) and self._is_placed(each, vpc_id, is_name=is_name)
        ]
        wanting = [each for each in placed if any(each.match.matches(entity, name) for name in names)]
        if wanting:
            return self._unless_excluded(wanting, resource_arn)
        if placed:
            return NotCalledFor(Cause.OTHER_SHARE, "no share by which a binding wants it is in effect")
        return None

    def _not_shared(self, arn: str) -> Verdict:
        """Return that no share in effect holds it, or why what is excluded of it is not called for."""
        not_shared = NotCalledFor(Cause.NOT_SHARED, f"no share in effect holds {arn}")
        return self._excluded.resources.get(arn, not_shared)

    def _unless_excluded(self, wanting: Iterable[Binding], resource_arn: str) -> Verdict:
        """Return that bindings ask for a resource, unless none of them may have it."""
        excluded = [self._excluded.associations.get((each.name, resource_arn)) for each in wanting]
        return next((CalledFor() for each in excluded if each is None), None) or next(filter(None, excluded))

    def _of_carrier(self, made: OwnedObject, modes: Collection[Mode]) -> Verdict | None:
        """Return whether something shared is wanted through a network's endpoint or association with a VPC."""
        is_own = is_of(made.network_arn, self._account_id)
        if not is_own and made.network_arn not in self._shared_as:
            return self._not_shared(made.network_arn)
        bindings = self._of_network(made.network_arn, modes)
        placed = [each for each in bindings if self._is_placed(each, made.vpc_id)]
        verdict = self._through(placed, made.network_arn)
        if isinstance(verdict, CalledFor | NotKnown):
            return verdict
        # Of the bindings that name it, none may want anything, and one that names none may want the network itself.
        return self._unless_undescribed(made, modes) or verdict

    def _unless_undescribed(self, made: OwnedObject, modes: Collection[Mode]) -> Verdict | None:
        """Return that it is not known whether a shared network is matched, if VPC Lattice does not describe it."""
        names = self._shared_as.get(made.network_arn, ())
        if not names or self._entity_of(made.network_arn) is not None:
            return None
        owner = Arn.parse(made.network_arn).account_id
        unnamed = (each for each in self._of_modes(modes) if each.attach.network is None)
        could = (each for each in unnamed if any(each.match.could_match(owner, name) for name in names))
        if any(self._is_placed(each, made.vpc_id) for each in could):
            return NotKnown(f"VPC Lattice does not describe {made.network_arn}")
        return None

    def _through(self, bindings: Collection[Binding], network_arn: str) -> Verdict | None:
        """Return whether a binding that names a network wants anything that is shared; ``None`` without bindings."""
        if not bindings:
            return None
        wanted = [
            (each.name, network_arn) not in self._excluded.associations
            if each.attach.network is None
            else self._wants_anything(each)
            for each in bindings
        ]
        if any(wanted):
            return CalledFor()
        if None in wanted:
            return NotKnown("VPC Lattice does not describe all that is shared")
        excluded = (*self._excluded.associations.values(), *self._excluded.resources.values())
        if excluded:
            # What is not known comes first.
            return min(excluded, key=lambda each: isinstance(each, NotCalledFor))
        return NotCalledFor(Cause.NOT_SHARED, "no share in effect holds anything that is wanted through it")

    def _wants_anything(self, binding: Binding) -> bool | None:
        """Return whether the binding matches anything that is shared; ``None`` if that is not known."""
        unknown = False
        for arn, names in self._shared_as.items():
            owner = Arn.parse(arn).account_id
            if not any(binding.match.could_match(owner, name) for name in names):
                continue
            if (binding.name, arn) in self._excluded.associations:
                continue
            entity = self._entity_of(arn)
            unknown |= entity is None
            if entity is not None and any(binding.match.matches(entity, name) for name in names):
                return True
        return None if unknown else False

    def _of_modes(self, modes: Collection[Mode]) -> Iterable[Binding]:
        return (each for each in self._bindings.things if each.attach.mode in modes)

    def _of_network(self, network_arn: str, modes: Collection[Mode]) -> list[Binding]:
        return [each for each in self._of_modes(modes) if self._is_of_network(each, network_arn)]

    def _is_of_network(self, binding: Binding, network_arn: str) -> bool:
        named = binding.attach.network
        if named is None:
            entity = self._entity_of(network_arn) if network_arn in self._shared_as else None
            names = self._shared_as.get(network_arn, ())
            return entity is not None and any(binding.match.matches(entity, name) for name in names)
        if named.identifier:
            return named.identifier in {network_arn, network_arn.rpartition("/")[2]}
        # By its ARN: what a listing of networks leaves out would seem to be named by nobody.
        found = self._network_of(NetworkRef(identifier=network_arn))
        if found is None:
            raise UpstreamError(f"AWS does not describe {network_arn}, so that it is not known who names it")
        return found.name == named.name and is_of(network_arn, self._account_id)

    def _is_placed(self, binding: Binding, vpc_id: str, *, is_name: bool = False) -> bool:
        """Return whether the binding chooses the VPC, which AWS is asked for by its id."""
        match binding.attach.vpc:
            case None:
                return not vpc_id
            case VpcTag(tag):
                tags = self._tags_of_vpc(vpc_id) if vpc_id else tag
                return tags is not None and tag.items() <= tags.items()
            case named:
                # A name goes over to where the binding moves, and goes only if there is no such VPC.
                same = is_name or vpc_id in {"", named}
                return same and self._tags_of_vpc(named) is not None

    def _publishes_below(self, binding: str, published: PublishedName) -> bool:
        return published.path.startswith(f"{binding_path(self._prefix, binding)}/")

    def _unless_broken(self, is_meant: Callable[[str], bool] = lambda _: True) -> Verdict:
        """Return that no binding asks for it, unless one that never could be read might."""
        never_good = (each.name for each in self._bindings.broken if each.in_force is None)
        broken = next(filter(is_meant, never_good), None)
        if broken is None:
            return NotCalledFor(Cause.BINDING, "no binding wants it there any longer")
        return NotKnown(f"binding {broken} can't be read")


def _at_level_of(published: PublishedName, binding: Binding) -> bool:
    """Return whether the binding publishes at this level: one that names VPCs by tag does so one level deeper."""
    vpc_id = published.document.vpc_id
    is_per_vpc = bool(vpc_id) and published.path.endswith(f"/{vpc_id}")
    return is_per_vpc == isinstance(binding.attach.vpc, VpcTag)
